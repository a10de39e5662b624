"""The engagement endpoints of the simulated Claude APIs."""

import pytest

from sandbox import Sandbox
from unit_tests.sandbox.claude.asking import Sample, ago, ask, body, pages, refusal


@pytest.mark.parametrize(
    ("params", "wording"),
    [
        ({}, "date: Field required"),
        ({"date": "2026-7-1"}, "YYYY-MM-DD"),
        ({"date": "2025-12-31"}, "must be on or after 2026-01-01"),
        ({"starting_date": ago(3)}, "date: Field required"),
        ({"date": ago(3), "starting_date": ago(3)}, "Use either date or starting_date, not both"),
        ({"date": ago(3), "limit": 1001}, "limit"),
        ({"date": ago(3), "limit": 0}, "limit"),
        ({"date": ago(3), "page": "page_nonsense"}, "invalid cursor"),
        (
            {"date": ago(0)},
            f"Requested date {ago(0)} is not yet available. "
            f"The most recent date with available analytics data is {ago(1)}.",
        ),
    ],
)
def test_engagement_400(sandbox: Sandbox, params: Sample, wording: str) -> None:
    status, message = refusal(sandbox, "analytics/users", **params)
    assert status == 400
    assert wording in message


def test_a_day_is_published_at_ten_the_next_morning(sandbox: Sandbox) -> None:
    assert ask(sandbox, "analytics/users", date=ago(1)).status_code == 200
    assert ask(sandbox, "analytics/skills", date=ago(1)).status_code == 400
    assert ask(sandbox, "analytics/skills", date=ago(2)).status_code == 200
    sandbox.clock.advance(hours=-2.5)
    assert ago(2) in refusal(sandbox, "analytics/users", date=ago(1))[1]
    sandbox.claude.lag_days["users"] = 3
    assert ask(sandbox, "analytics/users", date=ago(2)).status_code == 400


def test_users_page_by_page(sandbox: Sandbox) -> None:
    whole = pages(sandbox, "analytics/users", date=ago(4), limit=1000)
    assert pages(sandbox, "analytics/users", date=ago(4), limit=7) == whole
    emails = [row["user"]["email_address"] for row in whole]
    assert emails == sorted(emails)
    first = body(sandbox, "analytics/users", date=ago(4), limit=7)
    ignored = body(sandbox, "analytics/users", date=ago(4), limit=7, cursor=first["next_page"])
    assert ignored["data"] == first["data"]
    changed = {"date": ago(5), "limit": 7, "page": first["next_page"]}
    wording = "cursor does not match current query parameters"
    assert refusal(sandbox, "analytics/users", **changed) == (400, wording)


@pytest.mark.parametrize(("style", "end"), [("null", None), ("empty", ""), ("absent", "absent")])
def test_end_of_pages(sandbox: Sandbox, style: str, end: str | None) -> None:
    sandbox.claude.end_of_pages = style
    assert body(sandbox, "analytics/users", date=ago(4)).get("next_page", "absent") == end
    code = body(sandbox, "usage_report/claude_code", starting_at=ago(4), limit=1000)
    assert code.get("next_page", "absent") == end
    assert code["has_more"] is False


def test_users_oddities(sandbox: Sandbox) -> None:
    sandbox.claude.analytics_limit.requests = None
    rows = [row for n in range(2, 40) for row in pages(sandbox, "analytics/users", date=ago(n))]
    assert any(row[name] is None for row in rows for name in row if name.endswith("_metrics"))
    assert any(row["last_activity_date"] is None for row in rows)
    assert any("chat_cowork_unified_metrics" in row for row in rows)
    assert {"science_metrics" in row for row in rows} == {True, False}
    sandbox.claude.older_users = True
    older = body(sandbox, "analytics/users", date=ago(4))["data"][0]
    assert "design_metrics" not in older
    assert set(older["office_metrics"] or ("excel", "powerpoint")) == {"excel", "powerpoint"}


def test_summaries(sandbox: Sandbox) -> None:
    path = "analytics/summaries"
    days = body(sandbox, path, starting_date=ago(3), ending_date=ago(0))["summaries"]
    assert [day["starting_at"][:10] for day in days] == [ago(3), ago(2), ago(1)]
    assert body(sandbox, path, starting_date=ago(3))["summaries"] == days
    sandbox.claude.summaries_envelope = "data"
    enveloped = body(sandbox, path, starting_date=ago(3), ending_date=ago(0))
    assert enveloped == {"data": days, "next_page": None}
    sandbox.claude.summaries_envelope = "summaries"
    assert refusal(sandbox, path, ending_date=ago(0))[0] == 400
    assert refusal(sandbox, path, starting_date=ago(3), ending_date=ago(-1))[0] == 400
    assert ago(1) in refusal(sandbox, path, starting_date=ago(0))[1]
    sandbox.claude.summaries_whole = True
    sandbox.claude.lag_days["summaries"] = 2
    wording = f"date {ago(0)} is not yet available. The most recent date with available analytics data is {ago(2)}."
    assert wording in refusal(sandbox, path, starting_date=ago(3), ending_date=ago(0))[1]
    sandbox.claude.lag_days["summaries"] = 1
    sandbox.claude.summaries_max_days = 31
    assert refusal(sandbox, path, starting_date=ago(40), ending_date=ago(1))[0] == 400
    early = body(sandbox, path, starting_date=ago(115), ending_date=ago(114))["summaries"][0]
    assert early["monthly_adoption_rate"] is None
    assert early["daily_adoption_rate"] is not None
