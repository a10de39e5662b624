"""GitHub as a process: both kinds of accounts, cost centers, limits as 403, exports, links, days without a report."""

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integration_tests.harness import Output, Source, assert_conserved, merged, sandbox_config, sums
from sandbox import Fault, Sandbox
from sandbox.limits import Limit
from sandbox.vendors.github.credentials import (
    FINE_GRAINED_ENTERPRISE_TOKEN,
    FINE_GRAINED_TOKEN,
    MEMBER_TOKEN,
    ORGANIZATION_TOKEN,
)
from sandbox.vendors.github.estate import ORGANIZATION

START, TODAY = date(2026, 9, 16), date(2026, 9, 22)
BILL, CREDITS, BY_USER = "github_billing_usage", "github_ai_credits", "github_ai_credits_by_user"
EXPORT, ACTIVITY, SEATS = "github_ai_usage", "github_copilot_user_activity", "github_copilot_seats"
OF_ORGANIZATION = {"organization": ORGANIZATION, "enterprise": None, "token": ORGANIZATION_TOKEN}


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["github"], start_date=START.isoformat())


def github(config: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return merged(config, {"github": changes})


def conserved(output: Output, sandbox: Sandbox, *streams: str, start: date = START) -> None:
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.github.ledger(start, TODAY), streams)


def asked(sandbox: Sandbox, end: str) -> int:
    """How many requests went to the paths that end so."""
    return sum(count for path, count in sandbox.requests.items() if path.endswith(end))


# --- both kinds of accounts


@pytest.mark.parametrize("inclusive", [False, True])
def test_an_enterprise_is_read_to_the_last_digit(
    source: Source, sandbox: Sandbox, config: dict[str, Any], inclusive: bool
) -> None:
    sandbox.github.inclusive = inclusive
    output = source.read(config)
    conserved(output, sandbox)
    assert set(output.records) == {BILL, CREDITS, BY_USER, EXPORT, ACTIVITY, SEATS}


def test_an_organization_is_read_to_the_last_digit(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.github.ledger_of = "organization"
    output = source.read(github(config, **OF_ORGANIZATION))
    conserved(output, sandbox)
    assert set(output.records) == {BILL, CREDITS, BY_USER, ACTIVITY, SEATS}


def test_premium_requests_come_before_credits(source: Source, config: dict[str, Any]) -> None:
    """The first of June 2026 is between two days that are read."""
    with Sandbox(days=120, now=source.sandbox.clock.now()) as older:
        source.sandbox = older
        config = sandbox_config(older, ["github"], start_date="2026-05-30", end_date="2026-06-02")
        output = source.read(config, [CREDITS, EXPORT])
        assert_conserved(output, older.github.ledger(date(2026, 5, 30), date(2026, 6, 3)), [CREDITS, EXPORT])
    units = {(record["start_date"][:7], record["usage"]["unit"]) for record in output.records[CREDITS]}
    assert units == {("2026-05", "request"), ("2026-06", "credit")}


@pytest.mark.parametrize(
    ("knobs", "later"),
    [
        ({"spelling": "older", "numbers": "string", "order": 3}, {"spelling": "current", "numbers": "number"}),
        ({"respelled_on": date(2026, 9, 19), "integer_quantities": True}, {"respelled_on": date(2026, 9, 17)}),
    ],
)
def test_another_spelling_keeps_every_id(
    source: Source, sandbox: Sandbox, config: dict[str, Any], knobs: dict[str, Any], later: dict[str, Any]
) -> None:
    """Later all of the month is read anew, and a destination has no row twice."""
    held: dict[str, dict[str, Any]] = {BILL: {}, CREDITS: {}, EXPORT: {}}
    state = None
    for change in (knobs, later):
        for name, value in change.items():
            setattr(sandbox.github, name, value)
        output = source.read(config, list(held), state=state)
        assert (output.code, output.traces) == (0, [])
        for stream, records in held.items():
            records.update({record["id"]: record for record in output.records[stream]})
        state = output.states
        sandbox.clock.advance(days=2)
    sandbox.clock.advance(days=-2)
    ledger = sandbox.github.ledger(START, sandbox.clock.today())
    for stream, records in held.items():
        entries = ledger[stream]
        assert len(records) == len(entries), stream
        nets = sum((money["net", "USD"] for money in (sums([row]) for row in records.values())), Decimal(0))
        assert nets == sum(e.charges["net", "USD"] for e in entries), stream


# --- tokens


def test_check_asks_for_one_day_of_the_bill(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    assert source.check(config)["status"] == "SUCCEEDED"
    assert list(sandbox.requests.values()) == [1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token": "ghp_mistyped"}, ["401", "Bad credentials"]),
        ({"token": FINE_GRAINED_ENTERPRISE_TOKEN}, ["403", "classic", "manage_billing:enterprise"]),
        ({"enterprise": "other"}, ["404", "github.enterprise", "enhanced billing platform"]),
        ({**OF_ORGANIZATION, "token": MEMBER_TOKEN}, ["403", "Administration: read", "owner"]),
        ({**OF_ORGANIZATION, "organization": "other"}, ["404", "github.organization"]),
    ],
)
def test_check_says_what_is_wrong(
    source: Source, config: dict[str, Any], changes: dict[str, Any], words: list[str]
) -> None:
    status = source.check(github(config, **changes))
    assert status["status"] == "FAILED"
    for word in words:
        assert word in status["message"]


def test_a_fine_grained_token_reads_the_bill_and_no_seats(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    sandbox.github.ledger_of = "organization"
    output = source.read(github(config, **{**OF_ORGANIZATION, "token": FINE_GRAINED_TOKEN}), [BILL, CREDITS, SEATS])
    assert_conserved(output, sandbox.github.ledger(START, TODAY), [BILL, CREDITS])
    failed = output.failed
    assert set(failed) == {SEATS}
    assert failed[SEATS]["failure_type"] == "config_error"
    assert "manage_billing:copilot" in failed[SEATS]["message"]


@pytest.mark.parametrize(
    ("subject", "failing", "words"),
    [
        ("cost-centers", {BILL, CREDITS}, "manage_billing:enterprise"),
        ("metrics", {ACTIVITY}, "Enabled everywhere"),
        ("seats", {SEATS}, "manage_billing:copilot"),
        ("reports", {EXPORT}, "manage_billing:enterprise"),
    ],
)
def test_what_is_denied_stops_its_own_streams(
    source: Source, sandbox: Sandbox, config: dict[str, Any], subject: str, failing: set[str], words: str
) -> None:
    sandbox.github.denied = {subject}
    streams = {BILL, CREDITS, EXPORT, ACTIVITY, SEATS}
    output = source.read(config, streams)
    failed = output.failed
    assert set(failed) == failing
    for trace in failed.values():
        assert trace["failure_type"] == "config_error"
        assert words in trace["message"]
    assert_conserved(output, sandbox.github.ledger(START, TODAY), streams - failing)


# --- limits


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("named", [True, False])
def test_the_secondary_limit_is_waited_for(
    source: Source, sandbox: Sandbox, config: dict[str, Any], status: int, named: bool
) -> None:
    vendor = sandbox.github
    vendor.burst, vendor.limit_status, vendor.burst_names_wait = Limit(20, 60), status, named
    output = source.read(config, [BILL])
    conserved(output, sandbox, BILL)
    assert sandbox.refused(status) > 0


@pytest.mark.parametrize("status", [403, 429])
def test_the_primary_limit_is_waited_for_until_its_reset(
    source: Source, sandbox: Sandbox, config: dict[str, Any], status: int
) -> None:
    """Somebody else has spent most of it."""
    sandbox.github.limit, sandbox.github.limit_status = Limit(60, 3600, aligned=True), status
    for _ in range(50):
        sandbox.github.limit.take(config["github"]["token"], sandbox.clock.now())
    before = sandbox.clock.now()
    conserved(source.read(config, [BILL]), sandbox, BILL)
    assert (sandbox.clock.now() - before).total_seconds() >= 1800


# --- what an answer must repeat


def test_an_answer_of_another_day_is_not_taken(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.github.wrong_day = True
    output = source.read(config, [BILL, CREDITS])
    failed = output.failed
    assert set(failed) == {CREDITS}
    assert failed[CREDITS]["failure_type"] == "system_error"
    assert "timePeriod" in failed[CREDITS]["message"]
    assert output.records[CREDITS] == []
    assert_conserved(output, sandbox.github.ledger(START, TODAY), [BILL])


def test_another_version_is_not_the_one_that_is_asked_for(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    """The sandbox answers 404 to any other, so what arrives was asked for with the right one."""
    fault = sandbox.fault("github", Fault("/usage$", status=404, body={"message": "Not Found"}, times=None))
    status = source.check(config)
    assert fault.hits == 1
    assert "the token cannot see it" in status["message"]


# --- exports and links


def test_an_export_is_waited_for(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    before = sandbox.clock.now()
    conserved(source.read(config, [EXPORT]), sandbox, EXPORT)
    assert (sandbox.clock.now() - before).total_seconds() == 15
    assert sandbox.requests["POST /github/enterprises/acme-inc/settings/billing/reports"] == 1


def test_an_export_that_takes_too_long_is_left_for_the_next_sync(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    sandbox.github.export_polls = 1000
    output = source.read(config, [EXPORT])
    assert output.failed[EXPORT]["failure_type"] == "transient_error"
    assert output.slices(EXPORT) == []


@pytest.mark.parametrize(("failing", "orders"), [(1, 2), (2, 2)])
def test_a_failed_export_is_ordered_once_more(
    source: Source, sandbox: Sandbox, config: dict[str, Any], failing: int, orders: int
) -> None:
    sandbox.github.failing_exports = failing
    output = source.read(config, [EXPORT])
    assert sandbox.requests["POST /github/enterprises/acme-inc/settings/billing/reports"] == orders
    if failing == 1:
        conserved(output, sandbox, EXPORT)
    else:
        assert output.failed[EXPORT]["failure_type"] == "transient_error"
        assert output.records[EXPORT] == []


def test_an_order_whose_answer_is_lost_is_found_in_the_list(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    sandbox.fault("github", Fault("reports$", "truncate", method="POST"))
    conserved(source.read(config, [EXPORT]), sandbox, EXPORT)
    assert sandbox.requests["POST /github/enterprises/acme-inc/settings/billing/reports"] == 1


@pytest.mark.parametrize("columns", ["few", "older"])
def test_columns_come_and_go(source: Source, sandbox: Sandbox, config: dict[str, Any], columns: str) -> None:
    vendor = sandbox.github
    vendor.export_columns, vendor.export_bom, vendor.order = columns, False, 5
    output = source.read(config, [EXPORT])
    conserved(output, sandbox, EXPORT)
    assert any("tokens" in record["usage"] for record in output.records[EXPORT]) == (columns == "older")


@pytest.mark.parametrize(("stream", "host"), [(EXPORT, "blob"), (ACTIVITY, "copilot-reports")])
def test_links_never_see_the_token(
    source: Source, sandbox: Sandbox, config: dict[str, Any], stream: str, host: str
) -> None:
    """A link that is asked with an Authorization is refused, so none was."""
    conserved(source.read(config, [stream]), sandbox, stream)
    statuses = Counter({status for (path, status) in sandbox.answers if f"/{host}/" in path})
    assert statuses == {200: 1}


@pytest.mark.parametrize("stream", [EXPORT, ACTIVITY])
def test_an_expired_link_is_asked_for_once_more(
    source: Source, sandbox: Sandbox, config: dict[str, Any], stream: str
) -> None:
    sandbox.github.stale_links = 1
    conserved(source.read(config, [stream]), sandbox, stream)


@pytest.mark.parametrize("stream", [EXPORT, ACTIVITY])
def test_links_that_are_always_expired(source: Source, sandbox: Sandbox, config: dict[str, Any], stream: str) -> None:
    sandbox.github.link_reads = 0
    output = source.read(config, [stream])
    trace = output.failed[stream]
    assert trace["failure_type"] == "transient_error"
    assert "sig=" not in output.text and "signature" not in output.text
    assert output.records[stream] == []


# --- days that have no report yet


def test_a_day_without_a_report_is_read_when_it_has_one(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    first = source.read(config, [ACTIVITY])
    conserved(first, sandbox, ACTIVITY)
    assert first.slices(ACTIVITY) == [("2026-09-16", "2026-09-20")]
    sandbox.clock.advance(days=1)
    second = source.read(config, [ACTIVITY], state=first.states)
    assert second.slices(ACTIVITY) == [("2026-09-16", "2026-09-21")]
    assert_conserved(second, sandbox.github.ledger(START, sandbox.clock.today()), [ACTIVITY])


def test_a_day_that_never_has_a_report_is_read(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.fault("github", Fault("users-1-day", status=204, times=None, when=lambda q, _: q["day"] == "2026-09-17"))
    output = source.read(config, [ACTIVITY])
    assert output.code == 0
    assert output.slices(ACTIVITY) == [("2026-09-16", "2026-09-20")]
    assert "2026-09-17T00:00:00Z" not in {record["start_date"] for record in output.records[ACTIVITY]}


# --- restatement


def test_the_open_month_is_read_again_until_it_is_closed(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    """Discounts of all its days move with the pool, and stand still when it ends."""
    config = {**config, "start_date": "2026-09-01"}
    held: dict[str, dict[str, Any]] = {}
    state = None
    for _ in range(4):
        output = source.read(config, [BILL], state=state)
        assert (output.code, output.traces) == (0, [])
        held.update({record["id"]: record for record in output.records[BILL]})
        state = output.states
        sandbox.clock.advance(days=4)
    ledger = sandbox.github.ledger(date(2026, 9, 1), date(2026, 10, 1))[BILL]
    whole = Output(0, "", [{"type": "RECORD", "record": {"stream": BILL, "data": row}} for row in held.values()])
    september = [m for m in whole.messages if m["record"]["data"]["start_date"] < "2026-10"]
    assert_conserved(Output(0, "", september), {BILL: ledger}, [BILL])
