"""Ways in which connectors for these APIs lost or invented money in public, and what this source does instead."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from integration_tests.harness import Output, Source, assert_conserved, expected_id, sandbox_config, sums
from sandbox import Fault, Sandbox
from sandbox.vendors.claude import ClaudeSandbox
from sandbox.vendors.claude.credentials import ADMIN_KEY

START, TODAY = date(2026, 9, 8), date(2026, 9, 22)
LATELY = date(2026, 9, 18)  # for what a few days show as well
EVENTS, COSTS = "cursor_usage_events", "confluent_costs"


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, start_date=START.isoformat())


def only(config: dict[str, Any], *vendors: str, start: date = START, **options: Any) -> dict[str, Any]:
    return {"start_date": start.isoformat(), **{vendor: config[vendor] for vendor in vendors}, **options}


def read(source: Source, config: dict[str, Any], streams: Iterable[str], state: Any = None) -> Output:
    """A sync that must succeed."""
    output = source.read(config, streams, state)
    assert (output.code, output.traces) == (0, [])
    return output


def by_id(*outputs: Output, stream: str) -> dict[str, dict[str, Any]]:
    """What a destination holds after these syncs: the last version of each record."""
    return {record["id"]: record for output in outputs for record in output.records.get(stream, [])}


def ids(sandbox: Sandbox, vendor: str, stream: str, start: date = START, end: date = TODAY) -> set[str]:
    return {expected_id(stream, entry.key) for entry in sandbox.vendors[vendor].ledger(start, end)[stream]}


def test_cents_are_not_dollars(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    streams = {"claude": ["claude_cost", "claude_api_cost", "claude_user_cost"], "cursor": [EVENTS]}
    for vendor, names in streams.items():
        output = read(source, only(config, vendor), names)
        for name in names:
            truth: dict[tuple[str, str], Decimal] = {}
            for entry in sandbox.vendors[vendor].ledger(START, TODAY)[name]:
                for kind, amount in entry.charges.items():
                    truth[kind] = truth.get(kind, Decimal(0)) + amount
            assert truth[("net", "USD")] > 0
            assert sums(output.records[name]) == truth


def test_nested_cache_creation_counts(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = read(source, only(config, "claude"), ["claude_api_usage", "claude_user_usage"])
    for name, records in output.records.items():
        entries = sandbox.vendors["claude"].ledger(START, TODAY)[name]
        for part in ("cache_write", "cache_write_ephemeral_5m", "cache_write_ephemeral_1h"):
            written = sum(record["usage"]["tokens"][part] for record in records)
            assert written == sum(entry.usage[f"tokens.{part}"] for entry in entries) > 0


def test_at_most_five_group_by(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = read(source, only(config, "claude"), ["claude_api_usage"])
    assert_conserved(output, sandbox.vendors["claude"].ledger(START, TODAY), ["claude_api_usage"])
    assert sandbox.refused(400) == 0


def test_page_token_not_replayed_with_new_params(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    """A sync dies between two pages; the next one asks for another range and other figures."""
    sandbox.confluent.page_cap = 100
    before = only(config, "confluent", start=date(2026, 8, 1))
    later_page = Fault("billing", status=500, times=None, when=lambda query, _: "page_token" in query)
    sandbox.fault("confluent", later_page)
    broken = source.read(before, [COSTS])
    assert broken.code == 1
    assert later_page.hits > 0
    sandbox.heal()
    after = {**before, "start_date": "2026-08-03", "end_date": "2026-09-20", "include_remote_data": False}
    second = read(source, after, [COSTS], broken.states)
    assert sandbox.refused(400) == 0
    assert by_id(second, stream=COSTS).keys() == ids(sandbox, "confluent", COSTS, date(2026, 8, 3), date(2026, 9, 21))


def test_failed_page_fails_its_window(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.cursor.page_cap = 5
    third = re.compile(rb'"startDate": ?1789084800000.*"page": ?2\b')  # 2026-09-11, its second page
    fault = Fault("filtered-usage-events", status=502, times=None, when=lambda _, body: bool(third.search(body)))
    sandbox.fault("cursor", fault)
    output = source.read(only(config, "cursor"), [EVENTS])
    assert output.code == 1
    assert output.statuses[EVENTS] == "INCOMPLETE"
    assert output.slices(EVENTS) == [("2026-09-08", "2026-09-11"), ("2026-09-12", "2026-09-22")]
    assert "Not read: 2026-09-11 to 2026-09-11; the next sync reads it." in output.traces[0]["message"]
    sandbox.heal()
    second = read(source, only(config, "cursor"), [EVENTS], output.states)
    assert by_id(output, second, stream=EVENTS).keys() == ids(sandbox, "cursor", EVENTS)


@pytest.mark.parametrize("end", ["null", "empty", "absent"])
def test_null_cursor_ends_paging(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any], end: Any
) -> None:
    claude.end_of_pages = end
    sandbox.confluent.last_page = {"null": "null", "empty": "empty", "absent": "missing"}[end]
    month = re.compile(r"\d{4}-\d\d").fullmatch
    longer = Fault("monthly-attribution", status=400, times=None, when=lambda query, _: not month(query["start_month"]))
    sandbox.fault("datadog", longer)  # the sandbox itself takes a full timestamp as a month
    for vendor, stream in (
        ("claude", "claude_user_activity"),
        ("claude", "claude_code_usage"),
        ("confluent", COSTS),
        ("datadog", "datadog_hourly_usage"),
        ("datadog", "datadog_monthly_usage_attribution"),
    ):
        output = read(source, only(config, vendor, start=LATELY), [stream])
        assert_conserved(output, sandbox.vendors[vendor].ledger(LATELY, TODAY), [stream])
    assert [path for path, status in sandbox.answers if "datadog" in path and status == 400] == []


def test_twin_events_stay_two(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = read(source, only(config, "cursor"), [EVENTS])
    alike = Counter(json.dumps(record["remote_data"], sort_keys=True) for record in output.records[EVENTS])
    assert sum(1 for count in alike.values() if count > 1) >= 10  # the sandbox has such a pair on every day
    assert_conserved(output, sandbox.cursor.ledger(START, TODAY), [EVENTS])


def test_restated_amount_keeps_its_id(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    for vendor, stream in (("confluent", COSTS), ("cursor", EVENTS), ("claude", "claude_user_cost")):
        first = read(source, only(config, vendor), [stream])
        sandbox.clock.advance(days=3)
        second = read(source, only(config, vendor), [stream], first.states)
        old, new = by_id(first, stream=stream), by_id(second, stream=stream)
        again = old.keys() & new.keys()
        assert any(old[id].get("charges") != new[id].get("charges") for id in again), stream
        today = sandbox.clock.today()
        assert by_id(first, second, stream=stream).keys() == ids(sandbox, vendor, stream, START, today), stream


def test_late_event_behind_the_cursor_is_found(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    first = read(source, only(config, "cursor"), [EVENTS])
    yesterday = int(datetime(2026, 9, 21, 12, tzinfo=timezone.utc).timestamp() * 1000)
    sandbox.cursor.add_late_event(yesterday)
    sandbox.clock.advance(hours=1)
    second = read(source, only(config, "cursor"), [EVENTS], first.states)
    late = by_id(second, stream=EVENTS).keys() - by_id(first, stream=EVENTS).keys()
    assert f"{EVENTS}/{yesterday - 1000}/default/0" in late
    assert by_id(first, second, stream=EVENTS).keys() == ids(sandbox, "cursor", EVENTS)


def test_windows_tile_the_range(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    """Inclusive and exclusive ends, steps of days, weeks, 30 and 31 days and months: no row twice, none missing."""
    start = date(2026, 7, 30)
    streams = {
        "cursor": [EVENTS, "cursor_daily_usage", "cursor_analytics_models"],
        "claude": ["claude_user_cost", "claude_cost", "claude_api_usage", "claude_activity_summary"],
        "confluent": [COSTS],
    }
    for vendor, names in streams.items():
        output = read(source, only(config, vendor, start=start), names)
        assert_conserved(output, sandbox.vendors[vendor].ledger(start, TODAY), names)


def test_removed_user_keeps_the_id(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    first = read(source, only(config, "cursor"), [EVENTS])
    busiest = Counter(r["user"]["email"] for r in first.records[EVENTS] if "email" in r.get("user", {})).most_common(1)
    email = busiest[0][0]
    (person,) = (p for p in sandbox.world.people if p.email == email)
    sandbox.cursor.remove(person.number)
    second = read(source, only(config, "cursor"), [EVENTS])
    old, new = by_id(first, stream=EVENTS), by_id(second, stream=EVENTS)
    assert old.keys() == new.keys()
    assert sums(old.values()) == sums(new.values())
    his = [id for id, record in old.items() if record.get("user", {}).get("email") == email]
    assert len(his) == busiest[0][1]
    assert not any("email" in new[id].get("user", {}) for id in his)


def test_row_without_user_or_environment_is_kept(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    start = date(2026, 8, 1)
    for vendor, stream, missing in (
        ("confluent", COSTS, "resources"),
        ("claude", "claude_api_usage", "user"),
    ):
        output = read(source, only(config, vendor, start=start), [stream])
        assert any(missing not in record for record in output.records[stream])
        assert_conserved(output, sandbox.vendors[vendor].ledger(start, TODAY), [stream])


def test_fee_inside_total_is_not_added_again(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = read(source, only(config, "cursor"), [EVENTS])
    with_fee = 0
    for record in output.records[EVENTS]:
        event, amounts = record["remote_data"], {c["type"]: c["amount"] for c in record.get("charges", [])}
        if "platform_fee" in amounts and event["isChargeable"]:
            with_fee += 1
            assert Decimal(str(amounts["net"])) * 100 == Decimal(str(event["chargedCents"]))
            assert Decimal(str(amounts["platform_fee"])) * 100 == Decimal(str(event["cursorTokenFee"]))
    assert with_fee > 0
    assert_conserved(output, sandbox.cursor.ledger(START, TODAY), [EVENTS])


def test_start_before_retention_is_clamped(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    for vendor, stream, oldest in (("confluent", COSTS, "2025-09-23"), ("claude", "claude_cost", "2026-01-01")):
        sandbox.requests.clear()
        output = read(source, only(config, vendor, start=date(2024, 1, 1)), [stream])
        (warning,) = [line for line in output.logs if line.startswith("WARN")]
        assert f"{stream}: start_date 2024-01-01 is older than what" in warning
        assert oldest in warning
        assert output.slices(stream) == [(oldest, "2026-09-22")]
        assert sandbox.refused(400) == 0
        assert sum(sandbox.requests.values()) < 20


def test_bad_key_fails_fast_missing_scope_stays_local(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    mistyped = only(config, "claude")
    mistyped["claude"] = {**mistyped["claude"], "analytics_api_key": "sk-ant-api01-mistyped"}
    before = sandbox.clock.now()
    output = source.read(mistyped)
    assert output.code == 1
    assert len(output.failures) == 14
    assert set(output.failures.values()) == {"config_error"}
    assert sandbox.refused(401) == 1
    assert sandbox.clock.now() - before < timedelta(minutes=1)
    assert_conserved(output, claude.ledger(START, TODAY), ["claude_api_usage", "claude_api_cost", "claude_code_usage"])
    claude.denied = {"cost_report"}
    mistyped["claude"] = {"admin_api_key": ADMIN_KEY, "base_url": mistyped["claude"]["base_url"]}
    output = source.read(mistyped)
    assert output.failures == {"claude_api_cost": "config_error"}
    assert_conserved(output, claude.ledger(START, TODAY), ["claude_api_usage", "claude_code_usage"])
    claude.denied = set()
    wording = "This API key does not have the required scopes. Got: [org:admin]. Needed: [org:cost]"
    body = {"type": "error", "error": {"type": "permission_error", "message": wording}}
    sandbox.fault("claude", Fault("cost_report", status=403, body=body, times=None))
    output = source.read(mistyped)
    assert output.failures == {"claude_api_cost": "config_error"}
    assert_conserved(output, claude.ledger(START, TODAY), ["claude_api_usage", "claude_code_usage"])


def test_empty_page_is_not_the_end_and_a_repeated_cursor_is(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    sandbox.confluent.page_cap, sandbox.confluent.empty_pages = 100, True
    output = read(source, only(config, "confluent"), [COSTS])
    assert_conserved(output, sandbox.confluent.ledger(START, TODAY), [COSTS])
    sandbox.confluent.broken_next = "repeated"
    sandbox.fault("confluent", Fault("billing", status=500, times=None, after=20))  # where following it would never end
    sandbox.requests.clear()
    broken = source.read(only(config, "confluent"), [COSTS])
    assert broken.code == 1
    assert broken.traces[0]["failure_type"] == "system_error"
    assert "came twice" in broken.traces[0]["message"]
    assert sandbox.requests["GET /confluent/billing/v1/costs"] < 10


def test_every_row_of_every_stream_arrives(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = read(source, only(config, *sandbox.vendors, start=LATELY), [])
    for vendor in sandbox.vendors.values():
        ledger = vendor.ledger(LATELY, TODAY)
        assert_conserved(output, ledger, [name for name in ledger if name in output.statuses])
    assert set(output.statuses.values()) == {"COMPLETE"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "77"}, 77),
        ({"Retry-After": "{in_90}"}, 90),
        ({"X-RateLimit-Reset": "41"}, 41),
        ({"retry-after-ms": "1500", "Retry-After": "77"}, 1.5),
        ({"Retry-After": "2000"}, 2000),
    ],
)
def test_waits_exactly_as_long_as_the_vendor_asks(
    source: Source, sandbox: Sandbox, config: dict[str, Any], headers: dict[str, str], seconds: float
) -> None:
    then = (sandbox.clock.now() + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    named = {name: value.format(in_90=then) for name, value in headers.items()}
    sandbox.fault("cursor", Fault("filtered-usage-events", status=429, headers=named, body={"error": "Too Many"}))
    config = only(config, "cursor", end_date="2026-09-09")
    before = sandbox.clock.now()
    output = read(source, config, [EVENTS])
    waited = (sandbox.clock.now() - before).total_seconds()
    # a date is counted from the moment of the answer: the time that the process needed to get there is taken off
    assert seconds - 15 < waited <= seconds if "{" in str(headers) else waited == pytest.approx(seconds)
    assert_conserved(output, sandbox.cursor.ledger(START, date(2026, 9, 10)), [EVENTS])


def test_state_never_overtakes_records(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    """Whatever was read when a state arrives holds every row that the state covers, in every stream."""
    config = only(config, "cursor", "confluent", "claude", end_date="2026-09-14")
    truth = {
        stream: [(entry.start, expected_id(stream, entry.key)) for entry in entries]
        for vendor in ("cursor", "confluent", "claude")
        for stream, entries in sandbox.vendors[vendor].ledger(START, date(2026, 9, 15)).items()
    }
    seen: dict[str, set[str]] = {}
    checked: Counter[str] = Counter()
    with source.start(*source.reading(config)) as process:
        for line in process.stdout:
            message = json.loads(line)
            if message["type"] == "RECORD":
                seen.setdefault(message["record"]["stream"], set()).add(message["record"]["data"]["id"])
            elif message["type"] == "STATE":
                stream = message["state"]["stream"]["stream_descriptor"]["name"]
                slices = message["state"]["stream"]["stream_state"]["slices"]
                covered = {
                    id
                    for start, id in truth.get(stream, ())
                    if any(s["start"][:19] <= start[:19] < s["end"][:19] for s in slices)
                }
                assert covered <= seen.get(stream, set()), stream
                checked[stream] += bool(covered)
    assert checked[EVENTS] >= 7
    assert sum(1 for count in checked.values() if count) >= 20


def test_page_drift_is_noticed(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.cursor.page_cap, sandbox.cursor.drift = 7, 2
    output = read(source, only(config, "cursor"), [EVENTS])
    assert sandbox.cursor.drift == 0
    assert_conserved(output, sandbox.cursor.ledger(START, TODAY), [EVENTS])


def test_cumulative_days_are_differenced(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    """The days of a month add up to what the vendor's running total says on its last day, and no day is that total."""
    start = date(2026, 9, 1)
    output = read(source, only(config, "datadog", start=start), ["datadog_daily_cost"])
    assert_conserved(output, sandbox.vendors["datadog"].ledger(start, TODAY), ["datadog_daily_cost"])
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in sorted(output.records["datadog_daily_cost"], key=lambda record: record["start_date"]):
        found.setdefault((record["organization"]["id"], record["product"]["id"]), []).append(record)
    for (_, product), days in found.items():
        running = [
            Decimal(repr(line["cost"]))
            for line in days[-1]["remote_data"]["attributes"]["charges"]
            if (line["product_name"], line["charge_type"]) == (product, "total")
        ]
        if running:
            assert sums(days)[("net", "USD")] == running[-1]
    assert max(map(len, found.values())) > 10


def test_tiers_are_separate_rows(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = read(source, only(config, "confluent", start=date(2026, 8, 1)), [COSTS])
    groups = Counter(
        (
            record["start_date"],
            record["metric_name"],
            json.dumps(record.get("resources")),
            record["remote_data"].get("network_access_type"),
        )
        for record in output.records[COSTS]
        if record["remote_data"].get("tier_dimensions")
    )
    assert max(groups.values()) > 1
    assert_conserved(output, sandbox.confluent.ledger(date(2026, 8, 1), TODAY), [COSTS])


def test_failed_reread_is_read_next_time(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    config = only(config, "cursor")
    first = read(source, config, [EVENTS])
    sandbox.clock.advance(days=1)
    lost = re.compile(rb'"startDate": ?1789862400000')  # 2026-09-20, read before and inside the lookback
    sandbox.fault("cursor", Fault("filtered-usage", status=503, times=None, when=lambda _, b: bool(lost.search(b))))
    second = source.read(config, [EVENTS], first.states)
    assert second.code == 1
    assert second.slices(EVENTS) == [("2026-09-08", "2026-09-20"), ("2026-09-21", "2026-09-23")]
    sandbox.heal()
    sandbox.clock.advance(days=4)
    third = read(source, config, [EVENTS], second.states)
    assert "2026-09-20" in {record["start_date"][:10] for record in third.records[EVENTS]}
    whole = by_id(first, second, third, stream=EVENTS)
    truth = sandbox.cursor.ledger(START, date(2026, 9, 27))[EVENTS]
    assert whole.keys() == {expected_id(EVENTS, entry.key) for entry in truth}
    settled = {expected_id(EVENTS, e.key): e for e in truth if e.start < "2026-09-21"}
    assert {id: sums([whole[id]]) for id in settled} == {id: entry.charges for id, entry in settled.items()}


def test_month_windows_from_the_middle(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    start = date(2026, 7, 29)
    output = read(source, only(config, "confluent", start=start), [COSTS])
    assert_conserved(output, sandbox.confluent.ledger(start, TODAY), [COSTS])
    days = {record["start_date"][:10] for record in output.records[COSTS]}
    assert {"2026-07-29", "2026-07-30", "2026-07-31", "2026-08-01"} <= days
