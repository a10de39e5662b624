"""What comes as files: the enterprise's export, which is ordered and waited for, and the metrics of a day."""

from pathlib import Path
from typing import Any

import pytest
import requests
import requests_mock

from source_unified_usage.core.errors import BrokenContract, ConfigError, Unavailable
from source_unified_usage.core.links import LinkExpired
from unit_tests.vendors.github.conftest import API, error
from unit_tests.vendors.github.test_github_api import CONFIG, ENTERPRISE
from unit_tests.vendors.samples import CsvRows, NdjsonRows, records, sample, stream_of, window

REPORTS = f"{API}/enterprises/example-ent/settings/billing/reports"
ID = "0f3b1c52-8a2e-4f0e-9a3c-5f6f0a4f1c11"
EXPORT = f"{REPORTS}/{ID}"
FILE = "https://github.com/enterprises/example-ent/metered_exports/1234"
BLOB = "https://acme.blob.core.windows.net/exports/1234.csv?sig=SECRETSIGNATURE"
SAMPLES = Path(__file__).parent / "samples"
CSV = (SAMPLES / "ai_usage_report_2026-09-01_2026-09-02.csv").read_bytes()
METRICS = f"{API}/orgs/example-org/copilot/metrics/reports/users-1-day"


def status(name: str) -> dict[str, Any]:
    return {"json": sample("github", f"report_get_{name}")}


CREATED = {"status_code": 202, "json": sample("github", "report_create_202")}


def read() -> list[dict[str, Any]]:
    stream = stream_of("github", ENTERPRISE, "github_ai_usage")
    return records(stream, window("2026-09-01", "2026-09-03"))


def orders(server: requests_mock.Mocker) -> list[Any]:
    return [request.json() for request in server.request_history if request.method == "POST"]


@pytest.fixture
def exported(server: requests_mock.Mocker) -> requests_mock.Mocker:
    """An export that needs one look, and its file behind a redirect."""
    server.post(REPORTS, **CREATED)
    server.get(EXPORT, **status("completed"))
    server.get(FILE, status_code=302, headers={"Location": BLOB})
    server.get(BLOB, content=CSV)
    return server


# --- the export


def test_an_export_is_ordered_watched_and_read(exported: requests_mock.Mocker, waits: list[float]) -> None:
    exported.get(EXPORT, [status("processing")] * 8 + [status("completed")])
    assert len(read()) == 5
    assert orders(exported) == [
        {"report_type": "ai_credit", "start_date": "2026-09-01", "end_date": "2026-09-02", "send_email": False}
    ]
    assert waits == [5.0] * 6 + [15.0] * 3
    files = [r for r in exported.request_history if r.hostname != "api.github.com"]
    assert [r.hostname for r in files] == ["github.com", "acme.blob.core.windows.net"]
    assert all("Authorization" not in r.headers for r in files)


def test_an_export_that_takes_too_long_is_left_for_later(exported: requests_mock.Mocker, waits: list[float]) -> None:
    exported.get(EXPORT, **status("processing"))
    with pytest.raises(Unavailable, match="still making the usage report after 15 minutes"):
        read()
    assert sum(waits) == 900


def test_a_failed_export_is_ordered_once_more(exported: requests_mock.Mocker) -> None:
    exported.get(EXPORT, [status("failed"), status("completed")])
    assert len(read()) == 5
    assert len(orders(exported)) == 2
    exported.get(EXPORT, **status("failed"))
    with pytest.raises(Unavailable, match="could not make the usage report of 2026-09-01 to 2026-09-02, twice"):
        read()
    assert len(orders(exported)) == 4


@pytest.mark.parametrize(
    "lost", [{"exc": requests.ConnectionError("reset")}, {"status_code": 502}, {"status_code": 202, "text": '{"id": '}]
)
def test_an_order_whose_answer_is_lost_is_found_in_the_list(
    exported: requests_mock.Mocker, lost: dict[str, Any]
) -> None:
    exported.post(REPORTS, **lost)
    exported.get(REPORTS, json=sample("github", "reports_list"))
    assert len(read()) == 5
    assert len(orders(exported)) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"report_type": "detailed"},
        {"start_date": "2026-08-31"},
        {"end_date": "2026-09-01"},
        {"created_at": "2026-09-04T05:40:00Z"},
    ],
)
def test_an_order_that_is_not_in_the_list_is_given_again(exported: requests_mock.Mocker, other: dict[str, str]) -> None:
    listed = [{**row, **other} for row in sample("github", "reports_list")["usage_report_exports"][:1]]
    exported.post(REPORTS, [{"status_code": 502}, CREATED])
    exported.get(REPORTS, json={"usage_report_exports": listed})
    assert len(read()) == 5
    assert len(orders(exported)) == 2


def test_a_failed_export_is_not_found_for_a_new_order(exported: requests_mock.Mocker) -> None:
    listed = sample("github", "reports_list")["usage_report_exports"][:1]
    exported.post(REPORTS, [CREATED, {"status_code": 502}, CREATED])
    exported.get(EXPORT, [status("failed"), status("completed")])
    exported.get(REPORTS, json={"usage_report_exports": listed})
    assert len(read()) == 5
    assert len(orders(exported)) == 3


def test_a_limit_is_no_order(exported: requests_mock.Mocker, waits: list[float]) -> None:
    exported.post(REPORTS, [error(403, "secondary rate limit"), CREATED])
    assert len(read()) == 5
    assert waits[0] == 60
    assert "/reports" not in [r.path.removeprefix("/enterprises/example-ent/settings/billing") for r in gets(exported)]


def gets(server: requests_mock.Mocker) -> list[Any]:
    return [request for request in server.request_history if request.method == "GET"]


@pytest.mark.parametrize("wrong", [{"status": "queued"}, {"status": None}, {"id": None}, {"id": ".."}])
def test_an_export_that_says_nothing_useful_breaks_the_contract(
    exported: requests_mock.Mocker, wrong: dict[str, Any]
) -> None:
    exported.post(REPORTS, status_code=202, json={**sample("github", "report_create_202"), **wrong})
    with pytest.raises(BrokenContract, match="a usage report with the id"):
        read()


def test_an_export_without_a_file_breaks_the_contract(exported: requests_mock.Mocker) -> None:
    exported.get(EXPORT, json={**sample("github", "report_get_completed"), "download_urls": []})
    with pytest.raises(BrokenContract, match="no list of links under 'download_urls'"):
        read()


def test_a_202_is_an_answer_to_an_order_alone(server: requests_mock.Mocker, waits: list[float]) -> None:
    server.get(f"{API}/organizations/example-org/settings/billing/usage", status_code=202, json={"usageItems": []})
    with pytest.raises(Unavailable, match="202"):
        records(stream_of("github", CONFIG, "github_billing_usage"), window("2026-09-02", "2026-09-03"))


# --- its links and its file


def test_an_expired_link_is_asked_for_anew_once(exported: requests_mock.Mocker) -> None:
    exported.get(BLOB, [error(403, "AuthenticationFailed"), {"content": CSV}])
    assert len(read()) == 5
    assert len(orders(exported)) == 1
    exported.get(BLOB, **error(403, "AuthenticationFailed"))
    with pytest.raises(LinkExpired, match=r"a file at github\.com: 403") as raised:
        read()
    assert "SECRET" not in str(raised.value)


def test_a_redirect_to_elsewhere_is_not_followed(exported: requests_mock.Mocker) -> None:
    exported.get(FILE, status_code=302, headers={"Location": "https://evil.example/?sig=SECRETSIGNATURE"})
    with pytest.raises(BrokenContract, match=r"leads to evil\.example, where it keeps no files") as raised:
        read()
    assert "SECRET" not in str(raised.value)


def test_every_file_of_an_export_is_read(exported: requests_mock.Mocker) -> None:
    other = f"{FILE}5"
    exported.get(EXPORT, json={**sample("github", "report_get_completed"), "download_urls": [FILE, other]})
    exported.get(other, content=CSV.replace(b"octo-", b"other-"))
    assert len(read()) == 10


@pytest.mark.parametrize(
    "content",
    [
        CSV.removeprefix(b"\xef\xbb\xbf"),
        CSV.replace(b"\r\n", b"\n"),
        CSV.replace(b'"', b""),
        CSV + b"\r\n",
        CSV.rstrip(),
    ],
)
def test_the_spelling_of_a_file_changes_nothing(exported: requests_mock.Mocker, content: bytes) -> None:
    whole = read()
    exported.get(BLOB, content=content)
    assert read() == whole


def csv(**columns: Any) -> CsvRows:
    """The sample with these columns in every row; None takes one away."""
    rows = sample("github", "ai_usage_report_2026-09-01_2026-09-02.csv")
    edited = [{**row, **columns} for row in rows]
    return CsvRows({name: value for name, value in row.items() if value is not None} for row in edited)


@pytest.mark.parametrize("column", ["organization", "repository", "cost_center_name"])
def test_a_column_of_the_key_that_is_missing_is_unknown(exported: requests_mock.Mocker, column: str) -> None:
    part = {"organization": 2, "cost_center_name": 3, "repository": 8}[column]
    exported.get(BLOB, content=csv(**{column: None}).encode())
    assert {record["id"].split("/")[part] for record in read()} == {"~"}


@pytest.mark.parametrize("column", ["date", "username", "model", "net_amount"])
def test_a_column_that_every_export_has_is_missed(exported: requests_mock.Mocker, column: str) -> None:
    exported.get(BLOB, content=csv(**{column: None}).encode())
    with pytest.raises(BrokenContract, match=f"its file has no column {column}"):
        read()


def test_a_column_that_is_new_stays_in_remote_data(exported: requests_mock.Mocker) -> None:
    exported.get(BLOB, content=csv(ai_agent="x").encode())
    assert {record["remote_data"]["ai_agent"] for record in read()} == {"x"}


@pytest.mark.parametrize("date", ["2026-08-31", "2026-09-03", "9/2/26", ""])
def test_a_row_of_another_day_breaks_the_contract(exported: requests_mock.Mocker, date: str) -> None:
    exported.get(BLOB, content=csv(date=date).encode())
    with pytest.raises(BrokenContract, match=f"its file has a row of '{date}'"):
        read()


@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        ({"input": "", "output": "", "cache_read": "", "cache_write": ""}, None),
        ({"input": "", "output": "5", "cache_read": "", "cache_write": ""}, {"output": 5, "total": 5}),
        (
            {"input": None, "total_input_tokens": "7", "output": "1", "cache_read": None, "cache_write": None},
            {"input": 7, "output": 1, "total": 8},
        ),
    ],
)
def test_tokens_as_far_as_they_are_reported(
    exported: requests_mock.Mocker, tokens: dict[str, str | None], found: dict[str, int] | None
) -> None:
    exported.get(BLOB, content=csv(**tokens).encode())
    assert [record["usage"].get("tokens") for record in read()] == [found] * 5


def test_a_file_that_is_cut_is_read_again(exported: requests_mock.Mocker) -> None:
    exported.get(BLOB, [{"content": CSV[:-40]}, {"content": CSV}])
    assert len(read()) == 5


# --- metrics


def read_day(day: str = "2026-09-02") -> tuple[list[dict[str, Any]], str | None]:
    """The records of a day, and from which day on there is nothing, as the answer tells."""
    stream = stream_of("github", CONFIG, "github_copilot_user_activity")
    start = window(day, day).start
    found = records(stream, window(day, start.add(days=1).to_date_string()))
    until = stream.bounds.available_until
    return found, until.to_date_string() if until else None


@pytest.mark.parametrize(
    ("day", "until"),
    [
        ("2026-09-03", "2026-09-03"),
        ("2026-09-02", "2026-09-02"),
        ("2026-09-01", None),
        ("2026-01-01", None),
    ],
)
def test_no_report_is_not_yet_for_a_young_day_and_none_for_an_old_one(
    server: requests_mock.Mocker, day: str, until: str | None
) -> None:
    server.get(METRICS, status_code=204)
    assert read_day(day) == ([], until)


def test_all_links_of_a_day_are_read_without_the_token(server: requests_mock.Mocker) -> None:
    serve_day(server)
    found, until = read_day()
    assert [record["user"]["name"] for record in found] == ["octo-alice", "octo-bob"]
    assert until is None
    assert ["Authorization" in request.headers for request in server.request_history] == [True, False, False]
    assert server.request_history[0].qs == {"day": ["2026-09-02"]}


def serve_day(server: requests_mock.Mocker) -> list[str]:
    links = sample("github", "users_1_day_links")
    server.get(METRICS, json=links)
    for part, link in enumerate(links["download_links"]):
        server.get(link, content=(SAMPLES / f"users_1_day_2026-09-02_part{part}.ndjson").read_bytes() + b"\n")
    return [*links["download_links"]]


def test_an_expired_link_of_a_day_makes_no_row_twice(server: requests_mock.Mocker) -> None:
    _, second = serve_day(server)
    content = (SAMPLES / "users_1_day_2026-09-02_part1.ndjson").read_bytes()
    server.get(second, [error(403, "AuthenticationFailed"), {"content": content}])
    found, _ = read_day()
    assert len(found) == 2
    assert [r.path for r in server.request_history].count(METRICS.removeprefix(API)) == 2
    server.get(second, status_code=404)
    with pytest.raises(LinkExpired, match="404"):
        read_day()


def test_a_report_that_is_gone_when_its_links_have_expired_is_no_empty_day(server: requests_mock.Mocker) -> None:
    first, _ = serve_day(server)
    server.get(METRICS, [{"json": sample("github", "users_1_day_links")}, {"status_code": 204}])
    server.get(first, **error(403, "AuthenticationFailed"))
    with pytest.raises(LinkExpired, match="403"):
        read_day()


def test_a_report_of_another_day_breaks_the_contract(server: requests_mock.Mocker) -> None:
    serve_day(server)
    with pytest.raises(BrokenContract, match="it is of '2026-09-02', asked was 2026-09-01"):
        read_day("2026-09-01")
    server.get(METRICS, json={"download_links": sample("github", "users_1_day_links")["download_links"]})
    with pytest.raises(ValueError, match="it is of 2026-09-02, asked was 2026-09-01"):
        read_day("2026-09-01")


def test_the_policy_is_named(server: requests_mock.Mocker) -> None:
    server.get(METRICS, **error(403, "policy"))
    with pytest.raises(ConfigError, match="Set the policy Copilot usage metrics to Enabled everywhere"):
        read_day()


@pytest.mark.parametrize(
    ("edit", "active"),
    [
        ({}, False),
        ({"used_copilot_app": True}, True),
        ({"loc_added_sum": 1}, True),
        ({"chat_panel_ask_mode": 1}, True),
        ({"totals_by_cli": {"request_count": 1}}, True),
        ({"totals_by_cli": {"request_count": 0}}, False),
        ({"ai_credits_used": 5, "used_cli": "true"}, False),
    ],
)
def test_who_is_active(server: requests_mock.Mocker, edit: dict[str, Any], active: bool) -> None:
    server.get(METRICS, json={"download_links": ["https://copilot-reports.github.com/a"], "report_day": "2026-09-02"})
    row = {"day": "2026-09-02", "user_id": 5, "code_acceptance_activity_count": 0, "used_chat": False, **edit}
    server.get("https://copilot-reports.github.com/a", content=NdjsonRows([row]).encode())
    ((record,), _) = read_day()
    assert record["usage"]["activity"] == {"is_active": active}


def test_the_version_is_that_of_the_ide_seen_last(server: requests_mock.Mocker) -> None:
    server.get(METRICS, json={"download_links": ["https://copilot-reports.github.com/a"], "report_day": "2026-09-02"})
    ides = [
        {"last_known_ide_version": {"ide_version": version, "sampled_at": f"2026-09-0{day}T00:00:00.000Z"}}
        for version, day in (("99.0", 1), ("1.108.2", 2))
    ]
    undated = {"ide": "xcode", "last_known_ide_version": {"ide_version": "27.0", "sampled_at": None}}
    row = {"user_id": 5, "totals_by_ide": [undated, *ides, {"ide": "vim"}, {"last_known_ide_version": {}}]}
    server.get("https://copilot-reports.github.com/a", content=NdjsonRows([row]).encode())
    ((record,), _) = read_day()
    assert record["usage"]["activity"]["client_version"] == "1.108.2"
