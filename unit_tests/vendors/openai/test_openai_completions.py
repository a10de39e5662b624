"""What becomes of the token counts of completions, of which some include others."""

import logging
from typing import Any

import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from unit_tests.vendors.openai.answers import COMPLETIONS, ROW, TWO_DAYS, page, read, record, streams
from unit_tests.vendors.samples import records, sample, window

ROWS = [
    row
    for page in ("usage_completions.page1", "usage_completions.page2", "usage_completions.ungrouped")
    for bucket in sample("openai", page)["data"]
    for row in bucket["results"]
]


def tokens_of(row: dict[str, Any]) -> Any:
    return record("openai_usage_completions", row)["usage"]["tokens"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["input_tokens"]))
def test_inclusive_tokens_become_classes_that_add_up(row: dict[str, Any]) -> None:
    tokens = tokens_of(row)
    assert sum(tokens.get(name, 0) for name in ("input", "cache_read", "cache_write", "output")) == tokens["total"]
    assert tokens["total"] == row["input_tokens"] + row["output_tokens"]
    assert tokens["input"] == row.get("input_uncached_tokens", 1000)


@pytest.mark.parametrize("row", [row for row in ROWS if "input_uncached_tokens" in row], ids=lambda row: "")
def test_the_identities_of_the_vendors_parts(row: dict[str, int]) -> None:
    def parts(start: str, *kinds: str) -> int:
        return sum(row[f"{start}_{kind}_tokens"] for kind in kinds)

    assert row["input_tokens"] == parts("input", "uncached", "cached", "cache_write")
    assert row["input_uncached_tokens"] == parts("input", "text", "audio", "image")
    assert row["input_cached_tokens"] == parts("input_cached", "text", "audio", "image")
    assert row["output_tokens"] == parts("output", "text", "audio", "image")


counts = st.integers(0, 2**53)


@given(counts, counts, counts, counts)
def test_any_split_of_tokens_adds_up(fresh: int, read: int, written: int, output: int) -> None:
    row = {
        "input_tokens": fresh + read + written,
        "input_cached_tokens": read,
        "input_cache_write_tokens": written,
        "output_tokens": output,
    }
    total = fresh + read + written + output
    assert tokens_of(row) == {
        "input": fresh,
        "cache_read": read,
        "cache_write": written,
        "output": output,
        "total": total,
    }


WRITES = {"cached": 400, "cache_write": 50, "cache_write_12h": 150, "uncached": 400}
SPLIT = {"cached": 400, "cache_write": 200, "cache_write_30m": 50, "cache_write_12h": 150, "uncached": 400}


@pytest.mark.parametrize(
    ("parts", "classes", "warned"),
    [
        (WRITES, (400, 400, 200), False),
        (SPLIT, (400, 400, 200), False),
        ({name: str(n) for name, n in WRITES.items()}, (400, 400, 200), False),
        # the sum without one of its classes, or the classes without their sum
        ({**SPLIT, "cache_write_30m": None}, (400, 400, 200), False),
        ({**SPLIT, "cache_write": None}, (400, 400, 200), False),
        # nothing to hold them against
        ({**WRITES, "uncached": None}, (400, 400, 200), False),
        ({**SPLIT, "uncached": None}, (400, 400, 200), False),
        ({"cache_write_12h": 150}, (850, None, 150), False),
        ({**SPLIT, "cache_write": 90, "uncached": None}, (400, 400, 200), True),
        # only as the sum can it be part of the input
        ({"cached": 750, "cache_write": 200, "cache_write_12h": 150}, (50, 750, 200), False),
        # no identity holds
        ({"cached": 900, "cache_write": 200, "uncached": -100}, None, True),
        ({**WRITES, "uncached": 399}, (400, 400, 200), True),
        ({**SPLIT, "uncached": 550}, (400, 400, 200), True),
        ({**SPLIT, "cache_write": 7, "uncached": 393}, (400, 400, 200), True),
        ({**WRITES, "cached": 900}, None, True),
    ],
)
def test_cache_writes_in_both_spellings(
    server: requests_mock.Mocker,
    caplog: pytest.LogCaptureFixture,
    parts: dict[str, Any],
    classes: tuple[Any, ...] | None,
    warned: bool,
) -> None:
    row = {f"input_{name}_tokens": value for name, value in parts.items()}
    row |= {"input_tokens": 1000, "output_tokens": 10, "num_model_requests": 5}
    reported = dict(zip(("input", "cache_read", "cache_write"), classes or (None, None, None), strict=True))
    expected = {**{name: n for name, n in reported.items() if n is not None}, "output": 10, "total": 1010}
    assert tokens_of(row) == expected
    server.get(COMPLETIONS, **page(row))
    read()
    assert ("do not add up" in caplog.text) is warned


@given(st.lists(st.none() | st.integers(0, 9), min_size=5, max_size=5), st.integers(0, 50))
def test_tokens_add_up_whatever_classes_are_reported(reported: list[int | None], entered: int) -> None:
    names = ("cached", "uncached", "cache_write", "cache_write_30m", "cache_write_12h")
    row = {f"input_{name}_tokens": value for name, value in zip(names, reported, strict=True)}
    tokens = tokens_of({**row, "input_tokens": entered, "output_tokens": 10})
    assert tokens["total"] == entered + 10
    if "input" in tokens:
        assert sum(tokens.get(name, 0) for name in ("input", "cache_read", "cache_write", "output")) == tokens["total"]
        assert min(tokens.values()) >= 0


@pytest.mark.parametrize(
    ("reported", "tokens"),
    [
        ({"input_uncached_tokens": 9, "input_cached_tokens": 1}, (2, 1, 2, 5)),
        ({"input_cached_tokens": 4}, (None, None, 2, 5)),
    ],
)
def test_token_counts_that_disagree_are_reported_once(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, reported: Any, tokens: Any
) -> None:
    server.get(COMPLETIONS, **page({**ROW, **reported}, {**ROW, **reported, "model": "gpt-4"}))
    stream = streams()["openai_usage_completions"]
    for _ in range(2):
        found = records(stream, window(*TWO_DAYS))[0]["usage"]["tokens"]
        assert tuple(found.get(name) for name in ("input", "cache_read", "output", "total")) == tokens
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "do not add up in openai_usage_completions/2026-09-01/" in warnings[0]
    for wording in ("input is taken as input_tokens less", "only output and total are emitted"):
        assert wording in warnings[0]
