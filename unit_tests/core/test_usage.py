"""Identity, money, numbers and times of a record."""

import hashlib
import math
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core.errors import Unmappable
from source_unified_usage.core.times import (
    days_in,
    event_period,
    first_instant,
    from_epoch_ms,
    midnight,
    next_midnight,
    parse_time,
    rfc3339,
)
from source_unified_usage.core.usage import (
    canonical_json,
    charges,
    compact,
    decimal,
    from_cents,
    measured,
    nested,
    nth,
    number,
    quantity,
    record_id,
    text,
    total,
    with_ordinals,
    with_ordinals_once,
)

PARTS = st.none() | st.text(max_size=80) | st.integers() | st.booleans()


@pytest.mark.parametrize(
    ("part", "encoded"),
    [
        ("gpt-5.4:ft+x@y,z_1", "gpt-5.4:ft+x@y,z_1"),
        ("a/b c~d%", "a%2Fb%20c%7Ed%25"),
        ("Größe", "Gr%C3%B6%C3%9Fe"),
        (None, "~"),
        ("", "~"),
        ({}, "~"),
        ([], "~"),
        ("~", "%7E"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (1790867045123, "1790867045123"),
        ("x" * 64, "x" * 64),
        ("x" * 65, hashlib.sha256(b'"' + b"x" * 65 + b'"').hexdigest()[:16]),
        ({"b": "ü", "a": [1, None]}, hashlib.sha256('{"a":[1,null],"b":"ü"}'.encode()).hexdigest()[:16]),
    ],
)
def test_parts_of_an_id(part: object, encoded: str) -> None:
    assert record_id("cursor_usage_events", part) == f"cursor_usage_events/{encoded}"


@given(st.lists(PARTS, min_size=1, max_size=4), st.lists(PARTS, min_size=1, max_size=4))
def test_different_keys_have_different_ids(one: list[object], other: list[object]) -> None:
    def key(parts: list[object]) -> list[str]:
        spelled = ["true" if p is True else "false" if p is False else p for p in parts]
        return ["~missing" if p is None or p == "" else f"={p}" for p in spelled]

    assert (record_id("s", *one) == record_id("s", *other)) == (key(one) == key(other))


@given(st.lists(st.text(min_size=1, max_size=64), min_size=1, max_size=4))
def test_short_parts_can_be_read_back(parts: list[str]) -> None:
    _, *encoded = record_id("s", *parts).split("/")
    assert [unquote(part) for part in encoded] == parts


def test_a_row_that_cannot_be_ordered_among_its_twins_is_named() -> None:
    with pytest.raises(Unmappable) as caught:
        list(
            with_ordinals([{"price": "1"}, {"price": "much"}], key=lambda _: 0, order=lambda row: decimal(row["price"]))
        )
    assert caught.value.row == {"price": "1"}
    assert str(caught.value.reason) == "'much' is not a number"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5))), st.randoms())
def test_ordinals_do_not_depend_on_the_order_of_rows(rows: list[tuple[int, int]], shuffler) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    once = sorted(with_ordinals(rows, key=lambda r: r[0], order=lambda r: r[1]))
    again = sorted(with_ordinals(shuffled, key=lambda r: r[0], order=lambda r: r[1]))
    assert once == again
    assert len({(row[0], ordinal) for row, ordinal in once}) == len(rows)


def test_only_what_is_unknown_is_left_out() -> None:
    assert compact(a=None, b="", c={}, d=[], e=0, f=False, g=0.0, h="x") == {"e": 0, "f": False, "g": 0.0, "h": "x"}


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), ("", None), ("null", None), (7, "7"), (" nil ", " nil ")]
)
def test_text_of_a_value(value: object, expected: str | None) -> None:
    assert text(value) == expected


@pytest.mark.parametrize("value", [True, 1.5, [], ["x"], {"id": "x"}])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is no text"):
        text(value)


def test_an_object_in_a_row() -> None:
    row: dict[str, object] = {"object": {"id": 1}, "null": None, "text": "null", "list": [], "id": "x"}
    assert nested(row, "object") == {"id": 1}
    assert [nested(row, name) for name in ("null", "text", "list", "absent")] == [{}] * 4
    with pytest.raises(ValueError, match="id is no object"):
        nested(row, "id")


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (40.16699999999999, "40.16699999999999"),
        ("575398922.098702", "575398922.098702"),
        ("1.5e-3", "0.0015"),
        (12, "12"),
        (2**53 + 1, "9007199254740993"),
    ],
)
def test_decimals_are_the_digits_that_the_vendor_wrote(value: object, exact: str) -> None:
    assert decimal(value) == Decimal(exact)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_has_the_fewest_digits_that_tell_it_apart(value: float) -> None:
    assert decimal(value) == Decimal(repr(value))


@pytest.mark.parametrize("value", [math.nan, math.inf, "NaN", "-Infinity", "ten", True, [], {}])
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="number"):
        decimal(value)


def test_unknown_numbers_stay_unknown() -> None:
    assert decimal(None) is None
    assert decimal("") is None
    assert from_cents(None) is None
    assert quantity(None) is None


def test_cents_are_exact() -> None:
    cents = from_cents("575398922.098702")
    assert cents == Decimal("5753989.22098702")
    assert orjson.dumps(number(cents)) == b"5753989.22098702"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_a_number_is_the_nearest_json_number(value: Decimal) -> None:
    assert Decimal(repr(number(value))) == value


def test_integers_stay_integers() -> None:
    assert repr(number(Decimal("108.0"))) == "108"
    assert repr(quantity(9007199254740993)) == "9007199254740993"
    assert repr(quantity("24.0000")) == "24"


def test_a_number_beyond_json_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond"):
        number(Decimal("1e999"))


def test_net_never_comes_without_total() -> None:
    assert charges("USD", net=Decimal("97.2")) == [
        {"amount": 97.2, "currency": "USD", "type": "net"},
        {"amount": 97.2, "currency": "USD", "type": "total"},
    ]


def test_a_discount_is_computed_and_only_there_when_not_zero() -> None:
    assert charges("USD", net=Decimal("97.2"), total=Decimal("108"), on_demand=Decimal(0), credit=None) == [
        {"amount": 97.2, "currency": "USD", "type": "net"},
        {"amount": 108, "currency": "USD", "type": "total"},
        {"amount": 10.8, "currency": "USD", "type": "discount"},
        {"amount": 0, "currency": "USD", "type": "on_demand"},
    ]


def test_estimates_carry_no_net() -> None:
    assert charges("USD", usage_based=Decimal("1.5")) == [{"amount": 1.5, "currency": "USD", "type": "usage_based"}]


def test_times() -> None:
    assert midnight("2026-02-28T23:10:00+00:00") == "2026-02-28T00:00:00Z"
    assert next_midnight("2026-02-28") == "2026-03-01T00:00:00Z"
    assert from_epoch_ms(1790867045123) == "2026-10-01T15:04:05.123Z"
    assert from_epoch_ms(1790812800000) == "2026-10-01T00:00:00.000Z"
    assert rfc3339(parse_time("2026-10-01T02:00:00.5+02:00")) == "2026-10-01T00:00:00.500Z"
    assert rfc3339(parse_time("2026-10-01")) == "2026-10-01T00:00:00Z"
    assert rfc3339(parse_time("2026-10-01t00:00:00z")) == "2026-10-01T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-09", "2026-09-01T00:00:00Z"),
        (" 2026-09 ", "2026-09-01T00:00:00Z"),
        ("2026-09-17", "2026-09-17T00:00:00Z"),
        ("2026-09-17T08", "2026-09-17T08:00:00Z"),
        ("2026-09-17T08:30:00+02:00", "2026-09-17T06:30:00Z"),
    ],
)
def test_the_first_instant_of_what_is_named(text: str, instant: str) -> None:
    assert rfc3339(first_instant(text)) == instant


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-9", "2026-09-", "null", "2026-09-31"])
def test_what_names_neither_a_month_nor_a_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid isoformat string|must be in|out of range"):
        first_instant(text)


def test_a_month_alone_is_no_time() -> None:
    with pytest.raises(ValueError, match="2026-09"):
        parse_time("2026-09")


@given(st.dictionaries(st.text(), st.integers() | st.text()))
def test_canonical_json_is_one_text_per_value(value: dict[str, object]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical_json(value) == canonical_json(backwards)


def test_a_row_that_comes_again_keeps_its_number() -> None:
    for rows in ("baab", "abab", "bbaa"):
        assert sorted(with_ordinals_once(rows, lambda row: "key", str)) == [("a", 0), ("a", 0), ("b", 1), ("b", 1)]
    assert [nth("id", number) for number in (0, 1)] == ["id", "id/1"]


class Item(NamedTuple):
    row: dict[str, Any]
    names: dict[str, str]


def test_of_an_item_without_a_key_only_the_row_is_shown() -> None:
    """A message names what the vendor sent, not the names that go with it."""
    with pytest.raises(Unmappable) as raised:
        list(with_ordinals([Item({"n": 1}, {"user_1": "Ana"})], lambda item: item.row["id"], str))
    assert raised.value.row == {"n": 1}


def test_an_event_ends_where_it_starts() -> None:
    instant = "2026-07-14T22:30:00Z"
    assert event_period("2026-07-15T00:30:00+02:00") == {"start_date": instant, "end_date": instant}


def test_a_total_is_of_what_is_known() -> None:
    assert [total(1, None, "2"), total(0, None), total(None, ""), total()] == [3, 0, None, None]
    with pytest.raises(ValueError, match="not a number"):
        total(1, "many")


def test_an_unknown_figure_has_no_unit() -> None:
    assert [measured(0, "seat"), measured(None, "seat")] == [{"quantity": 0, "unit": "seat"}, {}]


def test_the_days_that_a_message_names() -> None:
    message = "2026-07-14 comes at 2026-07-15T10:00:00Z, not on 2026-02-30; request 1234-567-89."
    assert [day.to_date_string() for day in days_in(message)] == ["2026-07-14", "2026-07-15"]
