"""The exports, the metrics and the links of the simulated GitHub."""

from datetime import date
from typing import Any

import pytest
import requests

from sandbox import Fault, Sandbox
from sandbox.vendors.github.credentials import ENTERPRISE_TOKEN
from sandbox.vendors.github.estate import ENTERPRISE
from sandbox.vendors.github.exports import COLUMNS
from sandbox.vendors.github.knobs import Columns
from unit_tests.sandbox.github.asking import (
    METRICS,
    OF_ENTERPRISE,
    Call,
    csv_rows,
    days_ago,
    link_of,
    ndjson_rows,
    ordered,
    polled,
    total,
)

REPORTS = f"{OF_ENTERPRISE}/reports"
BEARER = {"Authorization": f"Bearer {ENTERPRISE_TOKEN}"}


def fetched(link: str, **more: Any) -> requests.Response:
    return requests.get(link, timeout=10, **more)


def links_of(get: Call, day: date) -> list[str]:
    found: list[str] = get(METRICS, day=f"{day}").json()["download_links"]
    return found


# --- exports


def test_an_export_is_done_after_two_polls(get: Call, post: Call) -> None:
    report = ordered(post)
    assert (report["status"], report["download_urls"]) == ("processing", [])
    seen = [polled(get, report["id"]) for _ in range(3)]
    assert [found["status"] for found in seen] == ["processing", "processing", "completed"]
    assert len(seen[-1]["download_urls"]) == 1
    assert get(f"{REPORTS}/no-such-report", ENTERPRISE_TOKEN).status_code == 404


def test_exports_fail_on_request(sandbox: Sandbox, get: Call, post: Call) -> None:
    sandbox.github.failing_exports = 1
    reports = [ordered(post), ordered(post)]
    last = [[polled(get, report["id"]) for _ in range(3)][-1] for report in reports]
    assert [found["status"] for found in last] == ["failed", "completed"]
    assert last[0]["download_urls"] == []


def test_a_cut_answer_leaves_an_export_in_the_list(sandbox: Sandbox, get: Call, post: Call) -> None:
    known = get(REPORTS, ENTERPRISE_TOKEN).json()["usage_report_exports"]
    sandbox.fault("github", Fault("reports$", "truncate", method="POST"))
    with pytest.raises(requests.exceptions.RequestException):
        ordered(post, first=9)
    now = get(REPORTS, ENTERPRISE_TOKEN).json()["usage_report_exports"]
    assert len(now) == len(known) + 1
    assert (now[0]["start_date"], now[0]["created_at"]) == (f"{days_ago(9)}", "2026-09-16T10:30:00Z")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"end_date": f"{days_ago(0)}"}, 422),
        ({"end_date": f"{days_ago(1)}"}, 202),
        ({"end_date": f"{days_ago(9)}"}, 422),
        ({"start_date": f"{days_ago(33)}"}, 400),
        ({"start_date": f"{days_ago(32)}"}, 202),
        ({"start_date": "9/1/26"}, 422),
        ({"start_date": None}, 422),
        ({"report_type": "other"}, 422),
    ],
)
def test_what_can_be_ordered(post: Call, changes: dict[str, Any], status: int) -> None:
    body = {"report_type": "ai_credit", "start_date": f"{days_ago(6)}", "end_date": f"{days_ago(2)}"}
    assert post({**body, **changes}).status_code == status


def test_a_body_must_be_an_object(post: Call) -> None:
    assert post([]).status_code == 400


def test_a_report_adds_up_to_the_bill(sandbox: Sandbox, get: Call, post: Call) -> None:
    answer = fetched(link_of(get, post))
    assert answer.content.startswith(b"\xef\xbb\xbf") and b"\r\n" in answer.content
    rows = csv_rows(answer)
    assert {row["date"] for row in rows} == {f"{days_ago(day)}" for day in range(2, 7)}
    assert {row["username"] == "" for row in rows} == {True, False}
    assert {row["cost_center_name"] for row in rows} == {"", "engineering", "P&T"}
    entries = sandbox.github.ledger(days_ago(6), days_ago(1))["github_ai_credits"]
    assert total(rows, "net_amount") == sum(entry.charges["net", "USD"] for entry in entries)


@pytest.mark.parametrize("columns", ["all", "few", "older"])
def test_columns_come_and_go(sandbox: Sandbox, get: Call, post: Call, columns: Columns) -> None:
    sandbox.github.export_columns, sandbox.github.order, sandbox.github.export_bom = columns, 4, False
    answer = fetched(link_of(get, post))
    header = answer.text.splitlines()[0].replace('"', "").split(",")
    assert not answer.content.startswith(b"\xef\xbb\xbf")
    assert sorted(header) == sorted(COLUMNS[columns])
    assert header != list(COLUMNS[columns])


# --- links


def test_a_link_leads_to_storage_without_a_token(get: Call, post: Call) -> None:
    link = link_of(get, post)
    assert f"/enterprises/{ENTERPRISE}/metered_exports/" in link
    hop = fetched(link, allow_redirects=False)
    assert hop.status_code == 302
    for address in (link, hop.headers["Location"]):
        refused = fetched(address, headers=BEARER)
        assert (refused.status_code, refused.headers["Content-Type"]) == (403, "application/xml")
    assert fetched(hop.headers["Location"].partition("?")[0]).status_code == 403
    assert fetched(hop.headers["Location"]).status_code == 200


def test_a_link_is_good_for_so_many_reads(sandbox: Sandbox, get: Call) -> None:
    sandbox.github.link_reads = 2
    link = links_of(get, days_ago(5))[0]
    assert [fetched(link).status_code for _ in range(3)] == [200, 200, 403]


def test_a_stale_link_is_followed_by_good_ones(sandbox: Sandbox, get: Call) -> None:
    sandbox.github.stale_links = 1
    assert [fetched(link).status_code for link in links_of(get, days_ago(5))] == [403, 200]


@pytest.mark.parametrize("path", ["blob/9999?sig=signature-9999", "blob/x?sig=", "copilot-reports/-1?sig=signature--1"])
def test_no_such_link(sandbox: Sandbox, path: str) -> None:
    assert fetched(f"{sandbox.url('github')}/{path}").status_code == 403


# --- metrics


def test_the_last_two_days_have_no_report(get: Call) -> None:
    answers = [get(METRICS, day=f"{days_ago(day)}") for day in (1, 2, 3)]
    assert [answer.status_code for answer in answers] == [204, 204, 200]
    assert answers[0].content == b""
    assert get(METRICS, day="2026-04-01").status_code == 204  # before the customer's first day


@pytest.mark.parametrize("day", ["2025-10-09", "2026-09-17", "yesterday", ""])
def test_days_that_no_report_has(get: Call, day: str) -> None:
    assert get(METRICS, day=day).status_code == 400


def test_lines_of_everybody_in_two_files(sandbox: Sandbox, get: Call) -> None:
    answer = get(METRICS, day=f"{days_ago(5)}").json()
    assert answer["report_day"] == f"{days_ago(5)}"
    files = [fetched(link) for link in answer["download_links"]]
    assert [file.content.startswith(b"\n") for file in files] == [False, True]
    rows = [row for file in files for row in ndjson_rows(file)]
    assert len(rows) == len(sandbox.github.accounts["organization"].seated(days_ago(5)))
    assert {row["organization_id"] for row in rows} == {"4242"}
    assert any("chat_panel_agent_mode" not in row for row in rows)


def test_figures_grow_for_three_days(sandbox: Sandbox, get: Call) -> None:
    day, seen = days_ago(3), []
    for _ in range(5):
        rows = [row for link in links_of(get, day) for row in ndjson_rows(fetched(link))]
        seen.append(sum(row["loc_added_sum"] for row in rows))
        sandbox.clock.advance(days=1)
    assert seen[0] < seen[1] <= seen[2] < seen[3] == seen[4]
