"""What can be wrong with answers: changes at any place of them, and whole bodies that are something else."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st


@dataclass(frozen=True)
class Reply:
    """What is served instead of JSON with 200."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Place = tuple[Any, ...]


def places(answers: Mapping[str, Sequence[Any]]) -> list[list[Place]]:
    """Every place of the answers, those that differ by list positions only together."""
    groups: dict[Place, list[Place]] = {}

    def walk(value: Any, place: Place) -> None:
        pattern = tuple("*" if isinstance(step, int) else step for step in place)
        groups.setdefault(pattern, []).append(place)
        if isinstance(value, Mapping):
            for name, part in value.items():
                walk(part, (*place, name))
        elif isinstance(value, list):
            for at, part in enumerate(value):
                walk(part, (*place, at))

    for path, bodies in answers.items():
        for at, body in enumerate(bodies):
            walk(body, (path, at))
    return [*groups.values()]


@dataclass(frozen=True)
class Edit:
    """One change: `group` and `member` choose the place, by remainder."""

    kind: str
    group: int
    member: int
    value: Any

    def apply(self, answers: dict[str, list[Any]], groups: list[list[Place]]) -> None:
        group = groups[self.group % len(groups)]
        *way, last = group[self.member % len(group)]
        inside: Any = answers
        try:
            for step in way:
                inside = inside[step]
            present = inside[last]
        except (KeyError, IndexError, TypeError):
            return  # another edit took the place away
        if isinstance(inside, (dict, list)):
            self._change(inside, last, present, kind=self.kind if len(way) >= 2 else "replace")

    def _change(self, inside: Any, last: Any, present: Any, kind: str) -> None:
        """Do it where it fits, else replace: `present` is what stands at `last` in a list or an object."""
        if kind == "drop" and isinstance(inside, dict):
            del inside[last]
        elif kind == "unknown" and isinstance(present, dict):
            present["an_unknown_key"] = copy.deepcopy(self.value)
        elif kind == "repeat" and isinstance(inside, list):
            inside.insert(self.member % (len(inside) + 1), copy.deepcopy(present))
        elif kind == "shuffle" and isinstance(present, list):
            present.reverse()
        elif kind == "restate" and isinstance(inside, list) and isinstance(present, dict):
            inside.append(self._restated(present))
        else:
            inside[last] = copy.deepcopy(self.value)

    def _restated(self, row: dict[str, Any]) -> dict[str, Any]:
        twin = copy.deepcopy(row)
        if twin:
            twin[sorted(twin)[self.member % len(twin)]] = copy.deepcopy(self.value)
        return twin


SCALARS: list[Any] = [
    None,
    "",
    0,
    -1,
    -1.5,
    1e-9,
    1e300,
    -1e300,
    10**15 + 1,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    2**64 - 1,
    "0",
    "12",
    "-7.25",
    "1e3",
    "1E-400",
    "1e400",
    "NaN",
    "Infinity",
    "12 dollars",
    " 5 ",
    "१२",
    "x" * 5000,
    "9" * 400,
    "naïve ☃ \U0001f600\n\u2028\x00",
    "a/b~c",
    "~",
    True,
    False,
    "2026-09-01",
    "2026-09-01T00:00:00+14:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z",
    "2026-02-30",
    "not a date",
    253402300800,
]
NESTED: list[Any] = [
    {},
    [],
    {"id": 1},
    [None],
    [[]],
    ["x"],
    [{}],
    {"a": {"b": {"c": [1, {"d": None}]}}},
    {"amount": "NaN", "currency": 5},
]
wild_values = st.sampled_from(SCALARS + NESTED)
edits = st.lists(
    st.builds(
        Edit,
        st.sampled_from(["replace", "replace", "replace", "drop", "unknown", "repeat", "shuffle", "restate"]),
        st.integers(0, 10_000),
        st.integers(0, 1000),
        wild_values,
    ),
    min_size=1,
    max_size=3,
)

DEEP = b"[" * 900 + b"]" * 900
REPLIES = [
    *(
        Reply(content)
        for content in (
            b"",
            b" ",
            b"[]",
            b"{}",
            b"null",
            b"true",
            b"7",
            b'"ok"',
            b"[[]]",
            b'[{"data": []}]',
            b'{"data": null}',
            b'{"data": {}}',
            b'{"data": [null]}',
            b'{"data": [[]]}',
            b'{"data": "x"}',
            b'{"data": [{}]}',
            b'{"data": [{}], "has_more": true}',
            b'{"data": [], "has_more": true, "next_page": {}, "last_id": []}',
            b'{"data": [], "meta": {"pagination": {"next_record_id": [1]}}}',
            b'{"data": [], "metadata": {"next": 5}}',
            b'{"data": [], "pagination": [], "has_more": false}',
            b'{"data": [], "has_more": false, "data_refreshed_at": 5}',
            b"<html><body>Sign in</body></html>",
            b'{"data": [{"id": ',
            b'{"a": NaN}',
            b"\xff\xfe",
            b"\xef\xbb\xbf{}",
            DEEP,
            b'{"data": ' + DEEP + b"}",
            b'{"data": [{"attributes": ' + DEEP + b"}]}",
        )
    ),
    *(
        Reply(content, status)
        for status in (201, 204, 400, 401, 403, 404, 409, 410, 418, 422, 429, 500, 503, 529)
        for content in (
            b"[]",
            b"null",
            b"7",
            b'"no\\nway"',
            b"",
            b"<html>",
            b'{"errors": [{"detail": ["a", {"message": {"error": "deep"}}]}, 5, null]}',
            b'{"error": {"code": ["x"], "message": 5, "type": null}}',
            b'{"error": ["x"], "message": {"errors": [[["y"]]]}}',
            b'{"status": [], "code": {}, "remainingSeconds": -1, "retryAfter": "x"}',
            b'{"remainingSeconds": 1e300}',
            b'{"remainingSeconds": true, "detail": "' + b"z" * 4000 + b'"}',
            b'{"error": {"code": "reporting_lookback_exceeded", "message": "since 2026-99-99"}}',
            b'{"error": {"code": "reporting_lookback_exceeded", "message": "since 9999-12-31"}}',
            b'{"error": {"message": "the cursor is older than 2026-13-45"}}',
            DEEP,
        )
    ),
    *(
        Reply(b"{}", status, {name: text})
        for status in (200, 429, 503)
        for name in ("Retry-After", "retry-after-ms", "X-RateLimit-Reset", "X-RateLimit-Remaining")
        for text in ("0", "-1", "0.0001", "9" * 400, "1e400", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "9999-12-31")
    ),
    *(Reply(b"", status, {"Location": place}) for status in (301, 308) for place in ("", "http://[", "/x", "//y")),
]
