"""Keys, refusals and limits of the simulated Datadog."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.limits import Limit
from sandbox.vendors.datadog.credentials import (
    API_KEY,
    APPLICATION_KEY,
    CHILD_API_KEY,
    CHILD_APPLICATION_KEY,
    UNSCOPED_APPLICATION_KEY,
    USAGE_ONLY_APPLICATION_KEY,
)
from unit_tests.sandbox.datadog.asking import (
    BILLABLE,
    ESTIMATED,
    HISTORICAL,
    HOURLY,
    MAPPING,
    MONTHLY_COST,
    MONTHLY_USAGE,
    PROJECTED,
    QUESTIONS,
    TYPES,
    Call,
)

USAGE_ONLY = (API_KEY, USAGE_ONLY_APPLICATION_KEY)
UNSCOPED = (API_KEY, UNSCOPED_APPLICATION_KEY)
CHILD = (CHILD_API_KEY, CHILD_APPLICATION_KEY)
NON_PARENT = "API called with non-parent org keys. Data is only available at the root level org"
COSTS = (HISTORICAL, ESTIMATED, PROJECTED, MONTHLY_COST)
PARENT_ONLY = (*COSTS, BILLABLE)


class TestAccess:
    @pytest.mark.parametrize("path", QUESTIONS)
    def test_every_endpoint_answers_the_parent(self, get: Call, path: str) -> None:
        assert get(path).status_code == 200

    @pytest.mark.parametrize(
        "keys",
        [(None, None), (API_KEY, None), (None, APPLICATION_KEY), ("unknown0", APPLICATION_KEY), (API_KEY, "unknown0")],
    )
    def test_missing_or_unknown_keys_stop_at_the_edge(self, sandbox: Sandbox, get: Call, keys: Any) -> None:
        sandbox.datadog.limit = Limit(400, 3600, aligned=True)
        refused = get(HOURLY, keys=keys)
        assert (refused.status_code, refused.json()["code"], refused.json()["errors"]) == (403, 403, ["Forbidden"])
        assert not [name for name in refused.headers if name.startswith("X-RateLimit")]

    def test_keys_of_two_organizations_do_not_go_together(self, get: Call) -> None:
        assert get(HOURLY, keys=(API_KEY, CHILD_APPLICATION_KEY)).status_code == 403

    @pytest.mark.parametrize("path", QUESTIONS)
    def test_scopes(self, get: Call, path: str) -> None:
        assert get(path, keys=UNSCOPED).json() == {"errors": ["Forbidden"]}
        assert get(path, keys=USAGE_ONLY).status_code == (403 if path in COSTS else 200)

    @pytest.mark.parametrize("path", PARENT_ONLY)
    def test_children_are_refused_by_parent_only_paths(self, get: Call, path: str) -> None:
        refused = get(path, keys=CHILD)
        assert (refused.status_code, refused.json()) == (400, {"errors": [NON_PARENT]})

    def test_the_mapping_refuses_children_in_json_api(self, get: Call) -> None:
        refused = get(MAPPING, keys=CHILD)
        assert refused.status_code == 400
        assert refused.headers["content-type"] == "application/vnd.api+json"
        (error,) = refused.json()["errors"]
        assert (error["detail"], error["status"], error["code"]) == (NON_PARENT, "400", None)

    def test_children_see_their_own_hours(self, get: Call) -> None:
        rows = get(HOURLY, keys=CHILD).json()["data"]
        assert {row["attributes"]["public_id"] for row in rows} == {"acmeeu0099ff77aa"}

    def test_validation(self, get: Call) -> None:
        assert get("api/v1/validate", keys=(API_KEY, None)).json() == {"valid": True}
        assert get("api/v1/validate", keys=(None, None)).json() == {"errors": ["API key required"]}
        assert get("api/v1/validate", keys=("unknown0", None)).json()["code"] == 403

    def test_accounts_without_access(self, sandbox: Sandbox, get: Call) -> None:
        sandbox.datadog.marketplace_billed, sandbox.datadog.attribution_plan = True, False
        sandbox.datadog.absent = {f"/{TYPES}"}
        assert [get(path).status_code for path in (ESTIMATED, MONTHLY_USAGE, TYPES, BILLABLE)] == [403, 403, 404, 200]


class TestLimit:
    def test_one_aligned_window_for_all_paths(self, sandbox: Sandbox, get: Call) -> None:
        sandbox.datadog.limit = Limit(3, 3600, aligned=True)
        answered = [get(path).headers for path in (HOURLY, BILLABLE, ESTIMATED)]
        assert [headers["X-RateLimit-Remaining"] for headers in answered] == ["2", "1", "0"]
        refused = get(PROJECTED)
        assert refused.status_code == 429
        text = "Rate limit of 3 requests in 3600 seconds reached. Please try again later."
        assert refused.json() == {"errors": [text]}
        names = ("Limit", "Period", "Remaining", "Reset", "Name")
        headers = [refused.headers[f"X-RateLimit-{name}"] for name in names]
        assert headers == ["3", "3600", "0", "1800", "usage_metering"]
        assert "Retry-After" not in refused.headers
        sandbox.clock.advance(seconds=1800)
        assert get(PROJECTED).status_code == 200

    def test_a_bad_request_counts_and_a_refused_key_does_not(self, sandbox: Sandbox, get: Call) -> None:
        sandbox.datadog.limit, sandbox.datadog.limit_name = Limit(9, 3600, aligned=True), None
        assert get(ESTIMATED, keys=USAGE_ONLY).status_code == 403
        refused = get(BILLABLE, {"month": "2026"})
        assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (400, "8")
        assert "X-RateLimit-Name" not in refused.headers

    def test_a_reset_as_a_moment_and_a_refusal_as_a_page(self, sandbox: Sandbox, get: Call) -> None:
        sandbox.datadog.limit, sandbox.datadog.limit_reset = Limit(1, 3600, aligned=True), "epoch"
        reset = get(BILLABLE).headers["X-RateLimit-Reset"]
        assert float(reset) - sandbox.clock.now().timestamp() == 1800
        assert get(BILLABLE).json()["errors"]
        sandbox.datadog.limit_body = "HTML"
        refused = get(BILLABLE)
        assert (refused.status_code, refused.headers["X-RateLimit-Reset"]) == (429, reset)
        assert refused.text.startswith("<html>")
        sandbox.datadog.limit_body = "nothing"
        refused = get(BILLABLE)
        assert (refused.status_code, refused.text[:6]) == (429, "<html>")
        assert not [name for name in refused.headers if name.startswith("X-RateLimit")]
