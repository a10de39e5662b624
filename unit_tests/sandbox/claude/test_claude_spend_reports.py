"""The simulated Usage and Cost Analytics API and spend limits: what they refuse, and whether they fit the reports."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.vendors.claude.credentials import ADMIN_KEY, ANALYTICS_KEY, ANALYTICS_KEY_WITHOUT_MEMBERS
from unit_tests.sandbox.claude import asking
from unit_tests.sandbox.claude.asking import BY_COST, BY_PRODUCT, Sample, ago

BETA, LIMITS_BETA = "analytics-usage-cost-2026-08-24", "spend-limit-reads-2026-09-26"
GROUPS = ["actor", "api_key_id", "workspace_id", "model", "product"]
body, refusal = partial(asking.body, beta=BETA), partial(asking.refusal, beta=BETA)
KEYS = [ANALYTICS_KEY, ADMIN_KEY]


def window(first: int, last: int, **more: Any) -> Sample:
    bounds = {"starting_at": f"{ago(first)}T00:00:00Z", "ending_at": f"{ago(last)}T00:00:00Z"}
    return {**bounds, "time_bucket_width": "1d", "limit": 1000, **more}


def amount(rows: list[Sample]) -> Decimal:
    return sum((Decimal(row["cost"]["amount"]) for row in rows), Decimal(0))


@pytest.mark.parametrize("path", ["analytics/cost", "analytics/usage"])
@pytest.mark.parametrize(
    ("params", "wording"),
    [
        (window(40, 8), "at most 31 days"),
        (window(5, 4, ending_at=None), "ending_at is required when time_bucket_width is set"),
        (window(5, 4, starting_at="2025-12-31T00:00:00Z"), "no earlier than 2026-01-01"),
        (window(5, 4, **{"group_by[]": [*GROUPS, "speed"]}), "at most 5 dimensions"),
        (window(5, 4, **{"group_by[]": "colour"}), "colour"),
        (window(5, 4, limit=1001), "limit"),
        (window(5, 4, order_by="colour"), "order_by"),
    ],
)
def test_400(sandbox: Sandbox, path: str, params: Sample, wording: str) -> None:
    status, message = refusal(sandbox, path, **params)
    assert status == 400
    assert wording in message


def test_the_beta_is_asked_for(sandbox: Sandbox) -> None:
    assert "anthropic-beta" in asking.refusal(sandbox, "analytics/cost", **window(5, 4))[1]
    assert "anthropic-beta" in asking.refusal(sandbox, "spend_limits")[1]
    assert asking.refusal(sandbox, "analytics/cost", beta="another-2026-01-01", **window(5, 4))[0] == 400


def test_both_kinds_of_key_open_it(sandbox: Sandbox) -> None:
    answers = [asking.ask(sandbox, "analytics/cost", key=key, beta=BETA, **window(5, 4)) for key in KEYS]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({answer.headers["anthropic-organization-id"] for answer in answers}) == 2
    sandbox.claude.spend_refused = {"enterprise": 400, "console": 404}
    assert "HIPAA" in refusal(sandbox, "analytics/cost", **window(5, 4))[1]
    assert refusal(sandbox, "analytics/cost", key=ADMIN_KEY, **window(5, 4)) == (404, "Not found")
    assert asking.body(sandbox, "analytics/cost_report", **asking.window(5, 4))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("groups", [[], ["actor"], ["model", "product"], ["api_key_id", "speed"], GROUPS])
def test_every_cut_has_the_same_sum(sandbox: Sandbox, key: str, groups: list[str]) -> None:
    whole = body(sandbox, "analytics/cost", key=key, **window(9, 4))["data"]
    assert len(whole) == 5
    rows = body(sandbox, "analytics/cost", key=key, **window(9, 4, **{"group_by[]": groups}))["data"]
    assert amount(rows) == amount(whole) > 0
    shown = {name for row in rows for name, value in row["group"].items() if value is not None}
    assert shown <= {*groups}


def test_its_money_is_that_of_the_reports(sandbox: Sandbox) -> None:
    ours = amount(body(sandbox, "analytics/cost", **window(9, 4))["data"])
    days = asking.body(sandbox, "analytics/cost_report", **asking.window(9, 4), **BY_PRODUCT)["data"]
    assert ours == sum(Decimal(row["amount"]) for day in days for row in day["results"])
    ours = amount(body(sandbox, "analytics/cost", key=ADMIN_KEY, **window(9, 4))["data"])
    days = asking.body(sandbox, "cost_report", **asking.window(9, 4), **BY_COST)["data"]
    assert ours == sum(Decimal(row["amount"]) for day in days for row in day["results"])


def test_the_greatest_come_first_unless_an_order_is_asked_for(sandbox: Sandbox) -> None:
    ask = window(9, 4, **{"group_by[]": GROUPS})
    amounts = [Decimal(row["cost"]["amount"]) for row in body(sandbox, "analytics/cost", **ask)["data"]]
    assert amounts == sorted(amounts, reverse=True)
    tokens = [row["usage"]["total_tokens"] for row in body(sandbox, "analytics/usage", **ask)["data"]]
    assert tokens == sorted(tokens, reverse=True)
    by_time = body(sandbox, "analytics/cost", **ask, order_by="time", order="asc")["data"]
    assert [row["starting_at"] for row in by_time] == sorted(row["starting_at"] for row in by_time)
    assert [Decimal(row["cost"]["amount"]) for row in by_time] != amounts


def test_pages_end_with_has_more_alone(sandbox: Sandbox) -> None:
    ask = window(5, 4, **{"group_by[]": GROUPS})
    whole = body(sandbox, "analytics/cost", **ask)["data"]
    ask["limit"] = len(whole) // 2 + 1
    first = body(sandbox, "analytics/cost", **ask)
    second = body(sandbox, "analytics/cost", **ask, page=first["next_page"])
    assert (first["has_more"], second["has_more"], second["next_page"]) == (True, False, first["next_page"])
    assert first["data"] + second["data"] == whole
    assert "cursor" in refusal(sandbox, "analytics/cost", **{**ask, "limit": 9}, page=first["next_page"])[1]
    sandbox.claude.refresh()
    assert refusal(sandbox, "analytics/cost", **ask, page=first["next_page"])[0] == 410


def test_a_page_may_have_more_rows_than_were_asked_for(sandbox: Sandbox) -> None:
    sandbox.claude.spend_page_rows = 30
    assert len(body(sandbox, "analytics/cost", **window(5, 4, limit=20, **{"group_by[]": GROUPS}))["data"]) == 30


def test_identities_that_cannot_be_named_are_rows_of_their_own(sandbox: Sandbox) -> None:
    rows = body(sandbox, "analytics/usage", **window(9, 4, **{"group_by[]": GROUPS}))["data"]
    nameless = [repr((row["starting_at"], row["group"])) for row in rows if row["group"]["actor"] is None]
    assert len(nameless) > len({*nameless})
    types = {row["group"]["actor"]["type"] for row in rows if row["group"]["actor"]}
    assert types == {"user_actor", "service_account_actor", "api_actor", "federated_actor", "robot_actor"}


def test_spend_limits(sandbox: Sandbox) -> None:
    limits = partial(asking.body, sandbox, "spend_limits", beta=LIMITS_BETA)
    assert {row["scope"]["type"] for row in limits(key=ANALYTICS_KEY)["data"]} >= {"organization", "seat_tier"}
    assert {row["scope"]["type"] for row in limits(key=ADMIN_KEY)["data"]} == {"workspace", "usage_tier"}
    assert None in [row["amount"] for row in limits(key=ANALYTICS_KEY)["data"]]
    without = asking.refusal(sandbox, "spend_limits", key=ANALYTICS_KEY_WITHOUT_MEMBERS, beta=LIMITS_BETA)
    assert without[0] == 403
    assert "read:spend_limits" in without[1]
    effective = asking.pages(sandbox, "spend_limits/effective", key=ANALYTICS_KEY, limit=7)
    assert len(effective) == len(asking.body(sandbox, "spend_limits/effective", key=ANALYTICS_KEY, limit=1000)["data"])
    refused = asking.refusal(sandbox, "spend_limits/effective", key=ADMIN_KEY)
    assert refused == (400, "organization_type_not_supported")
