"""The ledger of the simulated GitHub is what it serves."""

import json
from datetime import timedelta

import pytest

from sandbox import Sandbox
from sandbox.ledger import Entry
from sandbox.vendors.github.estate import ORGANIZATION
from unit_tests.sandbox.github.asking import BILL, TODAY, Call, days_ago, exact, items

STREAMS = {
    "github_billing_usage",
    "github_ai_credits",
    "github_ai_credits_by_user",
    "github_ai_usage",
    "github_copilot_user_activity",
    "github_copilot_seats",
}


def entries(sandbox: Sandbox, stream: str, first: int = 20) -> list[Entry]:
    found: list[Entry] = sandbox.github.ledger(days_ago(first), TODAY)[stream]
    return found


def keys(found: list[Entry]) -> set[str]:
    return {json.dumps(entry.key) for entry in found}


def test_only_an_enterprise_has_the_export(sandbox: Sandbox) -> None:
    assert set(sandbox.github.ledger(days_ago(3), TODAY)) == STREAMS
    sandbox.github.ledger_of = "organization"
    assert set(sandbox.github.ledger(days_ago(3), TODAY)) == STREAMS - {"github_ai_usage"}


@pytest.mark.parametrize("customer", ["organization", "enterprise"])
def test_keys_are_unique(sandbox: Sandbox, customer: str) -> None:
    sandbox.github.ledger_of = customer
    for stream, found in sandbox.github.ledger(days_ago(120), TODAY).items():
        assert len(keys(found)) == len(found) > 0, stream


def test_the_bill_is_what_is_served(sandbox: Sandbox, get: Call) -> None:
    sandbox.github.ledger_of = "organization"
    by_key = {entry.key: entry for entry in entries(sandbox, "github_billing_usage")}
    rows = items(get, f"{BILL}/usage", days_ago(4))
    assert len(rows) == len([key for key in by_key if key[0] == f"{days_ago(4)}"])
    storage = [row for row in rows if row["sku"] == "actions_storage"]
    storage.sort(key=lambda row: exact(row["grossAmount"]))
    for ordinal, row in enumerate(storage):
        place = (f"{days_ago(4)}", None, ORGANIZATION, "actions", "actions_storage", row["repositoryName"], ordinal)
        entry = by_key[place]
        assert entry.charges["net", "USD"] == exact(row["netAmount"])
        assert entry.usage["quantity"] == exact(row["quantity"])
        assert entry.start == f"{days_ago(4)}T00:00:00Z"


def test_seats_are_committed_and_credits_included(sandbox: Sandbox) -> None:
    for entry in entries(sandbox, "github_billing_usage", 8):
        kinds = {kind for kind, _ in entry.charges}
        assert ("committed" in kinds) == (
            entry.key[4] in ("copilot_for_business", "copilot_enterprise", "ghec_licenses")
        )
        assert ("committed" in kinds) != ("usage_based" in kinds)
        assert "included" not in kinds or entry.key[3] == "copilot"


def test_the_cuts_agree(sandbox: Sandbox) -> None:
    def net(stream: str) -> object:
        return sum(e.charges["net", "USD"] for e in entries(sandbox, stream))

    credits = [e for e in entries(sandbox, "github_billing_usage") if e.key[4].endswith("ai_credit")]
    bill = sum(e.charges["net", "USD"] for e in credits)
    assert net("github_ai_credits") == net("github_ai_usage") == bill


@pytest.mark.parametrize("stream", sorted(STREAMS - {"github_copilot_seats"}))
def test_later_rows_keep_the_keys_of_earlier_ones(sandbox: Sandbox, stream: str) -> None:
    before = sandbox.github.ledger(days_ago(5), TODAY)[stream]
    sandbox.github.spelling = "older"
    sandbox.clock.advance(days=2)
    after = sandbox.github.ledger(days_ago(5), TODAY)[stream]
    assert keys(before) <= keys(after)
    assert before != after


def test_what_is_not_served_is_left_out(sandbox: Sandbox) -> None:
    activity = entries(sandbox, "github_copilot_user_activity")
    assert max(entry.start for entry in activity) == f"{days_ago(3)}T00:00:00Z"
    early = sandbox.github.ledger(TODAY - timedelta(days=900), days_ago(148))["github_billing_usage"]
    assert {entry.start for entry in early} == {f"{days_ago(day)}T00:00:00Z" for day in (149, 150)}
