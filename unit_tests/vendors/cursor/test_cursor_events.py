"""What one row becomes, field by field."""

from decimal import Decimal
from typing import Any

import pendulum
import pytest
import requests_mock
from hypothesis import example, given
from hypothesis import strategies as st

from source_unified_usage.core.usage import Usage, charges
from source_unified_usage.vendors.cursor.mapping import Item, People, Snapshot, amount_of, dollars_of
from unit_tests.vendors.cursor.answers import API, CONFIG, DAILY, EVENT, read
from unit_tests.vendors.samples import stream_of

MEMBERS = {"ada@acme.example": {"id": "user_7", "name": "Ada", "email": "ada@acme.example"}}


def mapped(event: dict[str, Any]) -> Usage:
    """The record of one event, with the member above known."""
    (record,) = stream_of("cursor", CONFIG, "cursor_usage_events").usages(Item(event, People(MEMBERS)))
    return record


def amounts(record: Usage) -> dict[str, Any]:
    return {charge["type"]: charge["amount"] for charge in record.get("charges", ())}


def test_restated_amount_keeps_its_id() -> None:
    before, after = mapped(EVENT), mapped({**EVENT, "chargedCents": 9.9, "kind": "Included in Pro"})
    assert before["id"] == after["id"]
    assert before["charges"] != after["charges"]


def test_removed_user_keeps_the_id() -> None:
    before, after = mapped(EVENT), mapped({name: value for name, value in EVENT.items() if name != "userEmail"})
    assert before["id"] == after["id"]
    assert "user" not in after


def test_cents_are_not_dollars_and_fee_inside_total_is_not_added_again() -> None:
    assert amounts(mapped(EVENT)) == {"net": 0.025, "total": 0.025, "usage_based": 0.025, "platform_fee": 0.005}


_CENTS = st.one_of(
    st.floats(-1e17, 1e17),
    st.integers(-(10**17), 10**17),
    st.builds(lambda digits, places: digits / 10**places, st.integers(-(10**15), 10**15), st.integers(0, 14)),
    st.decimals(-(10**9), 10**9, places=6).map(str),
)


@given(_CENTS, st.none() | _CENTS)
@example(0.00000005, None)
@example(40.16699999999999, 40.167)
@example(9999999.99999999, 10**7)
@example(0.123456785, 0.1234567850000001)
@example(-0.0, 0)
@example("null", None)
def test_the_cheap_amount_is_the_exact_one(cents: Any, more: Any) -> None:
    """What events are charged is what `Decimal` makes of it, to the last digit, alone and in a difference."""
    cheap = charges("USD", net=amount_of(cents), total=amount_of(more), included=amount_of(more))
    exact = charges("USD", net=dollars_of(cents), total=dollars_of(more), included=dollars_of(more))
    assert repr(cheap) == repr(exact)


@given(_CENTS, st.floats(0.000001, 100))
def test_a_discount_is_exact_too(cents: Any, percent: float) -> None:
    event = {**EVENT, "chargedCents": cents, "tokenUsage": {"totalCents": 10, "discountPercentOff": percent}}
    off = Decimal(repr(percent)) / 10
    net = dollars_of(cents)
    expected = charges("USD", net=net, total=dollars_of(Decimal(str(cents)) + off), usage_based=net)
    assert repr([c for c in mapped(event)["charges"] if c["type"] != "platform_fee"]) == repr(expected)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Errored, Not Charged", {"net": 0, "total": 0}),
        ("USAGE_EVENT_KIND_ABORTED_NOT_CHARGED", {"net": 0, "total": 0}),
        ("Errored, No Charge", {"net": 0, "total": 0}),
        ("User API Key", {"net": 0, "total": 0}),
        ("Included", {"net": 0, "total": 0}),
        ("Included in Pro", {"net": 0, "total": 0}),
        ("Free Credit", {"net": 0, "total": 0}),
        ("Usage-based", {}),
        ("On-Demand", {}),
        ("Unspecified", {}),
    ],
)
def test_what_is_not_charged_costs_nothing_even_without_an_amount(kind: str, expected: dict[str, int]) -> None:
    assert amounts(mapped({"timestamp": EVENT["timestamp"], "model": "gpt-5.2", "kind": kind})) == expected


CHARGED = {"net": 0.025, "total": 0.025, "usage_based": 0.025, "platform_fee": 0.005}
COVERED = {"net": 0, "total": 0.025, "discount": 0.025, "included": 0.025, "platform_fee": 0.005}
FREE = {"net": 0, "total": 0.025, "discount": 0.025, "platform_fee": 0.005}


@pytest.mark.parametrize(
    ("kind", "chargeable", "expected", "counter"),
    [
        ("Usage-based", None, CHARGED, "usage_based"),
        ("On-Demand", True, CHARGED, "usage_based"),
        ("On-Demand", None, CHARGED, "usage_based"),
        ("On-Demand", False, FREE, None),
        ("USAGE_EVENT_KIND_ON_DEMAND", None, CHARGED, "usage_based"),
        ("Custom Subscription", True, CHARGED, "usage_based"),
        ("Custom Subscription", None, CHARGED, "usage_based"),
        ("Custom Subscription", False, FREE, None),
        ("Free Credit", False, COVERED, "included"),
        ("Free Credit", None, COVERED, "included"),
        ("Free Credit", True, CHARGED, "included"),
        ("Included", None, COVERED, "included"),
        ("Included in Pro Plus", False, COVERED, "included"),
        ("Included in Ultra", None, COVERED, "included"),
        ("USAGE_EVENT_KIND_INCLUDED_IN_ULTRA", False, COVERED, "included"),
        ("Errored, No Charge", False, FREE, None),
        ("Errored, No Charge", None, FREE, None),
        ("Errored, No Charge", True, FREE, None),
        ("Aborted, Not Charged", None, FREE, None),
        ("User API Key", None, FREE, "api_key"),
        ("Unspecified", True, CHARGED, "usage_based"),
        ("Unspecified", False, FREE, None),
        ("Unspecified", None, FREE, None),
    ],
)
def test_the_kind_names_the_class_and_the_flag_decides_the_money(
    kind: str, chargeable: bool | None, expected: dict[str, float], counter: str | None
) -> None:
    bare = {name: value for name, value in EVENT.items() if name != "isChargeable"}
    record = mapped({**bare, "kind": kind, **({} if chargeable is None else {"isChargeable": chargeable})})
    assert amounts(record) == expected
    assert record["usage"]["requests"] == {"total": 1, **({counter: 1} if counter else {})}


def test_a_price_by_requests_has_no_discount_on_tokens() -> None:
    tokens = {"inputTokens": 1, "totalCents": 20, "discountPercentOff": 10}
    call = {**EVENT, "tokenUsage": tokens, "chargedCents": 8, "requestsCosts": 2}
    del call["cursorTokenFee"]
    for by_tokens, total in ((False, 0.08), (True, 0.1)):
        record = mapped({**call, "isTokenBasedCall": by_tokens})
        assert record["charges"][:2] == [
            {"amount": 0.08, "currency": "USD", "type": "net"},
            {"amount": total, "currency": "USD", "type": "total"},
        ]


@pytest.mark.parametrize("nothing", ["null", "NULL", "undefined", "None", "none", "", "  ", " null\n", None])
def test_a_text_that_says_nothing_is_absent(nothing: str | None) -> None:
    """Live answers say "null" of the service account that a human is not."""
    fields = ("serviceAccountId", "serviceAccountName", "cloudAgentId", "automationId", "conversationId")
    record = mapped({**EVENT, **dict.fromkeys(fields, nothing)})
    assert record["user"] == {"id": "user_7", "email": "ada@acme.example", "name": "Ada"}
    assert not {"resources", "surface"} & record.keys()
    record = mapped({**EVENT, "serviceAccountId": "sa_1", "serviceAccountName": nothing})
    assert record["user"] == {"id": "sa_1", "email": "ada@acme.example"}
    assert "user" not in mapped({**EVENT, "userEmail": nothing})


def test_row_without_its_natural_key_is_an_error() -> None:
    broken = {name: value for name, value in EVENT.items() if name != "timestamp"}
    with pytest.raises(KeyError, match="timestamp"):
        mapped(broken)


def test_the_noise_of_floats_ends_with_the_tenth_place() -> None:
    row = {"userId": "user_1", "spendCents": 40.16699999999999, "overallSpendCents": 80.33400000000001}
    spend = Snapshot({**row, "subscriptionCycleStart": 0}, pendulum.datetime(2026, 9, 1))
    (record,) = stream_of("cursor", CONFIG, "cursor_spend").usages(spend)
    share = {"on_demand": 0.40167, "included": 0.40167}
    assert amounts(record) == {"net": 0.40167, "total": 0.80334, "discount": 0.40167, **share}


@pytest.mark.parametrize("stream", ["cursor_daily_usage", "cursor_spend"])
def test_addresses_are_compared_without_spaces_and_case(server: requests_mock.Mocker, stream: str) -> None:
    member = {"id": "user_7", "name": "Ada", "email": "Ada@acme.example "}
    server.get(f"{API}/teams/members", json={"teamMembers": [member]})
    ids = set()
    for email in ("ada@acme.example", " ADA@acme.example"):
        row = {"day": "2026-09-01", "email": email, "name": "Ada"}
        server.post(DAILY, json={"data": [row]})
        server.post(f"{API}/teams/spend", json={"teamMemberSpend": [row], "subscriptionCycleStart": 0, "totalPages": 1})
        (record,) = read(stream)
        ids.add(record["id"])
        assert record["user"]["name"] == "Ada"
        assert record["user"]["email"] == email
    (id,) = ids
    assert id.endswith("/ada@acme.example")
    for nobody in (" ", "null"):
        row = {"day": "2026-09-01", "email": nobody}
        server.post(DAILY, json={"data": [row]})
        server.post(f"{API}/teams/spend", json={"teamMemberSpend": [row], "subscriptionCycleStart": 0, "totalPages": 1})
        with pytest.raises(KeyError, match="email"):
            read(stream)


@pytest.mark.parametrize(("stream", "name"), [("skills", "skill_name"), ("commands", "command_name")])
def test_what_has_no_name_is_no_resource(stream: str, name: str) -> None:
    usages = stream_of("cursor", CONFIG, f"cursor_analytics_{stream}").usages
    row = {"email": "ada@acme.example", "event_date": "2026-09-01", "usage": 1}
    (unnamed,) = usages(Item({**row, name: None}, People(MEMBERS)))
    (named,) = usages(Item({**row, name: "fix"}, People(MEMBERS)))
    assert "resources" not in unnamed
    assert named["resources"] == [{"id": "fix"}]


def test_names_come_from_the_members_wherever_a_row_has_an_address(server: requests_mock.Mocker) -> None:
    member = {"id": "user_7", "name": "Ada", "email": " Ada@acme.example"}
    server.get(f"{API}/teams/members", json={"teamMembers": [member]})
    rows = {"data": {"ada@acme.example": [{"date": "2026-09-01", "model_breakdown": {"gpt-5.2": {"messages": 1}}}]}}
    server.get(f"{API}/analytics/by-user/models", json={**rows, "pagination": {"hasNextPage": False}})
    (record,) = read("cursor_analytics_models")
    assert record["user"] == {"id": "user_7", "email": "ada@acme.example", "name": "Ada"}
    server.get(f"{API}/teams/members", json={"teamMembers": []})
    mapped = {"params": {"userMappings": [{"id": "user_7", "email": "ADA@acme.example "}]}}
    server.get(f"{API}/analytics/by-user/models", json={**rows, **mapped, "pagination": {"hasNextPage": False}})
    (record,) = read("cursor_analytics_models")
    assert record["user"] == {"id": "user_7", "email": "ada@acme.example"}
    assert record["id"] == "cursor_analytics_models/2026-09-01/ada@acme.example/gpt-5.2"
