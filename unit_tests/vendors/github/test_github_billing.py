"""The bill and its AI credits: days, cost centers, what contradicts the question."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import BrokenContract, ConfigError, Unmappable
from source_unified_usage.core.outlook import outlook
from source_unified_usage.core.reading import StreamReading
from source_unified_usage.core.stream import Range
from source_unified_usage.core.window import Covered
from source_unified_usage.vendors.github import GitHub
from unit_tests.vendors.github.conftest import API, error
from unit_tests.vendors.github.test_github_api import BILL, CONFIG, DAY, ENTERPRISE, read
from unit_tests.vendors.samples import records, sample, stream_of, window

OF_ENTERPRISE = f"{API}/enterprises/example-ent/settings/billing"
CREDITS = f"{API}/organizations/example-org/settings/billing/ai_credit/usage"
ENGINEERING, DELETED = (center["id"] for center in sample("github", "cost_centers_page1")["costCenters"])
Answer = Callable[[Any, Any], Any]


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "airbyte")


def centers(server: requests_mock.Mocker) -> None:
    """The active one and the deleted one, each in the list of its state."""
    active, deleted = sample("github", "cost_centers_page1")["costCenters"]
    lists = {"active": [active], "deleted": [deleted]}

    def listed(request: Any, _: Any) -> Any:
        rows = lists[request.qs["state"][0]] if request.qs["page"] == ["1"] else []
        return {"costCenters": rows}

    server.get(f"{OF_ENTERPRISE}/cost-centers", json=listed)


def by_center(answers: Mapping[str, Any]) -> Answer:
    """An answer for each cost center; "" is the question without one."""

    def answer(request: Any, context: Any) -> Any:
        return answers.get(request.qs.get("cost_center_id", [""])[0], {"usageItems": []})

    return answer


def asked(server: requests_mock.Mocker, route: str) -> list[str]:
    return [
        request.qs.get("cost_center_id", [""])[0]
        for request in server.request_history
        if request.path.endswith(f"/settings/billing/{route}")
    ]


# --- the walk over cost centers


def test_an_enterprise_is_asked_for_every_center_of_both_states(server: requests_mock.Mocker) -> None:
    centers(server)
    split = {
        "": sample("github", "billing_usage_enterprise_2026-09-02_no_cost_center"),
        ENGINEERING: sample("github", "billing_usage_enterprise_2026-09-02_cost_center"),
    }
    server.get(f"{OF_ENTERPRISE}/usage", json=by_center(split))
    found = read("github_billing_usage", ENTERPRISE)
    assert asked(server, "usage") == ["", ENGINEERING, DELETED]
    assert len(found) == 6
    (credits,) = (record for record in found if record["metric_name"] == "copilot_ai_credit")
    center = {"id": ENGINEERING, "name": "engineering"}
    assert credits["resources"] == [center, {"id": "example-org", "name": "example-org", "workspace": center}]
    assert credits["id"].split("/")[2] == ENGINEERING


def test_the_centers_are_listed_once_for_all_streams_and_days(server: requests_mock.Mocker) -> None:
    centers(server)
    server.get(f"{OF_ENTERPRISE}/usage", **DAY)
    server.get(f"{OF_ENTERPRISE}/ai_credit/usage", json=lambda request, _: credits_of({})(request, _))
    bill, credits, *_ = GitHub(ENTERPRISE).streams()
    for stream in (bill, credits):
        for day in range(1, 4):
            records(stream, window(f"2026-09-0{day}", f"2026-09-0{day + 1}"))
    assert len([r for r in server.request_history if r.path.endswith("/cost-centers")]) == 4  # two states, two pages


def test_centers_that_come_whole_whatever_page_is_asked_for(server: requests_mock.Mocker) -> None:
    """The reference names no pages for them."""
    whole = sample("github", "cost_centers_page1")
    server.get(f"{OF_ENTERPRISE}/cost-centers", json=whole)
    server.get(f"{OF_ENTERPRISE}/usage", **DAY)
    read("github_billing_usage", ENTERPRISE)
    assert asked(server, "usage") == ["", ENGINEERING, DELETED]


def test_a_refused_list_of_centers_is_an_error_of_the_bill(server: requests_mock.Mocker) -> None:
    server.get(f"{OF_ENTERPRISE}/cost-centers", **error(403, "Resource not accessible"))
    server.get(f"{OF_ENTERPRISE}/usage", **DAY)
    with pytest.raises(ConfigError, match=r"stream github_billing_usage, .*/cost-centers: 403 .*classic"):
        read("github_billing_usage", ENTERPRISE)
    assert asked(server, "usage") == []


def test_a_center_without_an_id_is_no_center_to_leave_out(server: requests_mock.Mocker) -> None:
    server.get(f"{OF_ENTERPRISE}/cost-centers", json={"costCenters": [{"name": "engineering", "state": "active"}]})
    with pytest.raises(ValueError, match="a cost center without an id"):
        read("github_billing_usage", ENTERPRISE)


def test_a_deleted_center_that_is_unknown_by_now_is_logged_once(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    centers(server)

    def answer(request: Any, context: Any) -> Any:
        if request.qs.get("cost_center_id") == [DELETED]:
            context.status_code = 404
        return {"usageItems": [], "message": "Not Found"} if context.status_code == 404 else {"usageItems": []}

    server.get(f"{OF_ENTERPRISE}/usage", json=answer)
    stream = stream_of("github", ENTERPRISE, "github_billing_usage")
    for day in range(1, 4):
        records(stream, window(f"2026-09-0{day}", f"2026-09-0{day + 1}"))
    assert caplog.text.count(f"GitHub does not know {DELETED} any more") == 1


@pytest.mark.parametrize("name", ["github_billing_usage", "github_ai_credits"])
def test_how_long_all_centers_take_is_logged_when_they_are_known(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    centers(server)
    server.get(f"{OF_ENTERPRISE}/usage", json={"usageItems": []})
    period = {"year": 2026, "month": 8, "day": 25}
    server.get(f"{OF_ENTERPRISE}/ai_credit/usage", json={"timePeriod": period, "usageItems": []})
    stream = stream_of("github", ENTERPRISE, name)
    now = window("2026-09-04", "2026-09-05").start
    stream.plan(Range(now.subtract(days=10).date(), None, False, now), Covered())
    reading = StreamReading(stream, closed=now)
    assert list(outlook([reading])) == ["GitHub: about 10 requests"]
    assert not server.called
    for _ in range(2):
        records(stream, stream.windows[0])
    said = "2 cost centers, each asked for once a day: about 30 requests, at least 22 s (5000 requests in 3600 s)"
    assert caplog.text.count(f"{name}: {said}") == 1


# --- what contradicts the question


@pytest.mark.parametrize("date", ["2026-09-01", "2026-09-03T00:00:00Z", "", None, "9/2/26"])
def test_a_row_of_another_day_breaks_the_contract(server: requests_mock.Mocker, date: str | None) -> None:
    row = {**sample("github", "billing_usage_org_2026-09-02")["usageItems"][0], "date": date}
    server.get(BILL, json={"usageItems": [row]})
    with pytest.raises(BrokenContract, match=r"a row of .* in the answer for 2026-09-02"):
        read()


@pytest.mark.parametrize("name", ["year", "month", "day"])
@pytest.mark.parametrize("value", [1, None, "x"])
@pytest.mark.parametrize("rows", [True, False])
def test_credits_of_another_day_break_the_contract(
    server: requests_mock.Mocker, name: str, value: Any, rows: bool
) -> None:
    page = sample("github", "ai_credit_org_2026-09-02")
    page = {**page, "timePeriod": {**page["timePeriod"], name: value}, **({} if rows else {"usageItems": []})}
    server.get(CREDITS, json=page)
    with pytest.raises((BrokenContract, ValueError)):
        read("github_ai_credits")


def test_credits_without_a_period_break_the_contract(server: requests_mock.Mocker) -> None:
    server.get(CREDITS, json={"usageItems": []})
    with pytest.raises(BrokenContract, match="'timePeriod' is not an object"):
        read("github_ai_credits")


def test_a_row_without_a_product_cannot_be_mapped(server: requests_mock.Mocker) -> None:
    server.get(BILL, json={"usageItems": [{"date": "2026-09-02", "sku": "x"}]})
    with pytest.raises((Unmappable, ValueError), match="no product"):
        read()


def test_a_net_that_does_not_add_up_is_kept_and_logged_once(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    row = {**sample("github", "billing_usage_org_2026-09-02")["usageItems"][0], "netAmount": 3}
    server.get(BILL, json={"usageItems": [row, {**row, "organizationName": "other"}]})
    found = read()
    assert [record["charges"][0]["amount"] for record in found] == [3, 3]
    assert caplog.text.count("a net amount is another than gross less discount") == 1


# --- AI credits of an enterprise: with or without those of the centers


def credits_of(by: Mapping[str, list[tuple[str, float]]]) -> Answer:
    """Models and amounts for each center, half of it discounted."""

    def answer(request: Any, _: Any) -> Any:
        rows = by.get(request.qs.get("cost_center_id", [""])[0], [])
        period = {name: int(request.qs[name][0]) for name in ("year", "month", "day")}
        return {"timePeriod": period, "usageItems": [_credit(model, amount) for model, amount in rows]}

    return answer


def _credit(model: str, amount: float) -> dict[str, Any]:
    return {
        "product": "Copilot",
        "sku": "copilot_ai_credit",
        "model": model,
        "unitType": "ai-credits",
        "pricePerUnit": 0.01,
        "grossQuantity": amount * 100,
        "grossAmount": amount,
        "discountQuantity": amount * 50,
        "discountAmount": amount / 2,
        "netQuantity": amount * 50,
        "netAmount": amount / 2,
    }


def billed(by: Mapping[str, float]) -> Answer:
    """The bill of the day by center: credits, and seats, which are none."""

    def answer(request: Any, _: Any) -> Any:
        day = "-".join(request.qs[name][0].zfill(2) for name in ("year", "month", "day"))
        amount = by.get(request.qs.get("cost_center_id", [""])[0], 0)
        names = {"date": day, "product": "copilot", "organizationName": "o", "pricePerUnit": 1}
        return {
            "usageItems": [
                {**names, "sku": "Copilot AI Credits", "grossAmount": amount, "discountAmount": 0, "netAmount": amount},
                {**names, "sku": "copilot_for_business", "grossAmount": 7, "discountAmount": 0, "netAmount": 7},
            ]
        }

    return answer


def split(server: requests_mock.Mocker, undivided: list[tuple[str, float]], bill: float) -> dict[str, Any]:
    """What is read when 4 USD of A are a center's and the bill has `bill` of none; by the id's center and model."""
    centers(server)
    server.get(f"{OF_ENTERPRISE}/ai_credit/usage", json=credits_of({"": undivided, ENGINEERING: [("A", 4.0)]}))
    server.get(f"{OF_ENTERPRISE}/usage", json=billed({"": bill, ENGINEERING: 4.0}))
    found = read("github_ai_credits", ENTERPRISE)
    return {
        "/".join(record["id"].split("/")[2:]): (record["charges"][1]["amount"], record["usage"]["quantity"])
        for record in found
    }


CENTER = f"{ENGINEERING}/copilot/copilot_ai_credit/a/0"


def test_disjoint_credits_are_all_read(server: requests_mock.Mocker) -> None:
    assert split(server, [("A", 1.5), ("B", 2.0)], 3.5) == {
        "~/copilot/copilot_ai_credit/a/0": (1.5, 150),
        "~/copilot/copilot_ai_credit/b/0": (2, 200),
        CENTER: (4, 400),
    }


def test_inclusive_credits_leave_the_undivided_answer_what_the_centers_leave(server: requests_mock.Mocker) -> None:
    assert split(server, [("A", 5.5), ("B", 2.0)], 3.5) == {
        "~/copilot/copilot_ai_credit/a/0": (1.5, 150),
        "~/copilot/copilot_ai_credit/b/0": (2, 200),
        CENTER: (4, 400),
    }


def test_inclusive_credits_that_are_all_of_centers_leave_no_row(server: requests_mock.Mocker) -> None:
    assert split(server, [("A", 4.0)], 0) == {CENTER: (4, 400)}


def test_credits_that_fit_neither_are_taken_for_disjoint_with_a_warning(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    assert split(server, [("A", 6.0)], 3.5) == {"~/copilot/copilot_ai_credit/a/0": (6, 600), CENTER: (4, 400)}
    assert "neither fits" in caplog.text


def test_the_bill_is_asked_once_a_sync_and_not_before_a_center_has_usage(server: requests_mock.Mocker) -> None:
    centers(server)
    days = {"2": [], "3": [("A", 4.0)], "4": [("A", 5.0)]}

    def credits(request: Any, context: Any) -> Any:
        of_center = days[request.qs["day"][0]]
        return credits_of({"": [("A", 9.0)], ENGINEERING: of_center})(request, context)

    server.get(f"{OF_ENTERPRISE}/ai_credit/usage", json=credits)
    server.get(f"{OF_ENTERPRISE}/usage", json=billed({"": 5.0, ENGINEERING: 4.0}))
    stream = stream_of("github", ENTERPRISE, "github_ai_credits")
    sums = []
    for day in (2, 3, 4):
        found = records(stream, window(f"2026-09-0{day}", f"2026-09-0{day + 1}"))
        sums.append(sum(record["charges"][1]["amount"] for record in found))
        assert len(asked(server, "usage")) == (0 if day == 2 else 3)
    assert sums == [9, 9, 9]


def test_days_before_june_2026_are_premium_requests(server: requests_mock.Mocker) -> None:
    path = f"{API}/organizations/example-org/settings/billing/premium_request/usage"
    row = {**sample("github", "premium_request_docs_example_user")["usageItems"][0]}
    server.get(path, json={"timePeriod": {"year": "2026", "month": "5", "day": "31"}, "usageItems": [row]})
    stream = stream_of("github", CONFIG, "github_ai_credits")
    (record,) = records(stream, window("2026-05-31", "2026-06-01"))
    assert record["usage"] == {"quantity": 100, "unit": "request", "requests": {"total": 100}}


# --- by person


def serve_people(server: requests_mock.Mocker, metrics: dict[str, Any]) -> None:
    """Three seats of two people, another one seen in the metrics only; the day has 3 USD of nobody."""
    seats = [{"assignee": {"login": login}} for login in ("Octo-Alice", "octo-bob", "octo-alice")]
    server.get(f"{API}/orgs/example-org/copilot/billing/seats", [{"json": {"seats": seats}}, {"json": {"seats": []}}])
    server.get(f"{API}/orgs/example-org/copilot/metrics/reports/users-1-day", **metrics)
    server.get("https://copilot-reports.github.com/users", text='{"user_login": "octo-gone"}\n')
    server.get(BILL, json=billed({"": 10.0}))
    amounts = {"octo-alice": 1.0, "octo-bob": 2.0, "octo-gone": 4.0}

    def credits(request: Any, _: Any) -> Any:
        login = request.qs.get("user", [""])[0]
        period = {"year": 2026, "month": 9, "day": 2}
        return {"timePeriod": period, "user": login, "usageItems": [_credit("A", amounts[login])]}

    server.get(CREDITS, json=credits)


def people(server: requests_mock.Mocker, metrics: dict[str, Any]) -> list[dict[str, Any]]:
    serve_people(server, metrics)
    return read("github_ai_credits_by_user", {**CONFIG, "include_user_ai_credits": True})


def test_everybody_with_a_seat_or_in_the_metrics_is_asked_for_once(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    links = {"download_links": ["https://copilot-reports.github.com/users"], "report_day": "2026-09-02"}
    found = people(server, {"json": links})
    assert [record["id"] for record in found] == [
        f"github_ai_credits_by_user/2026-09-02/{login}/~/copilot/copilot_ai_credit/a/0"
        for login in ("octo-alice", "octo-bob", "octo-gone")
    ]
    assert "3 people, each asked for once a day" in caplog.text
    assert "of the bill's 10.0 USD of AI credits on 2026-09-02 (before discounts) 3.0 are of nobody" in caplog.text


def test_nobody_waits_for_the_rows_of_the_others(server: requests_mock.Mocker) -> None:
    """Those of 20,000 people do not fit into memory at once."""
    serve_people(server, {"status_code": 204})
    stream = stream_of("github", {**CONFIG, "include_user_ai_credits": True}, "github_ai_credits_by_user")
    seen = []
    for item in stream.rows(window("2026-09-02", "2026-09-03")):
        seen.append((item.login, len(asked(server, "ai_credit/usage"))))
    assert seen == [("octo-alice", 1), ("octo-bob", 2)]


@pytest.mark.parametrize(("metrics", "warned"), [({"status_code": 204}, 0), (error(403, "policy"), 1)])
def test_people_with_seats_are_read_without_metrics_too(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, metrics: dict[str, Any], warned: int
) -> None:
    assert [record["user"]["id"] for record in people(server, metrics)] == ["octo-alice", "octo-bob"]
    assert caplog.text.count("people who have no seat any more are not read") == warned


def one_by_one(server: requests_mock.Mocker, known: str, credits: Any = None) -> list[dict[str, Any]]:
    """Two seats; GitHub knows one person at most."""
    rows = [_credit("A", 1.0)] if credits is None else credits
    seats = [{"assignee": {"login": login}} for login in ("octo-alice", "octo-bob")]
    server.get(f"{API}/orgs/example-org/copilot/billing/seats", [{"json": {"seats": seats}}, {"json": {"seats": []}}])
    server.get(f"{API}/orgs/example-org/copilot/metrics/reports/users-1-day", status_code=204)
    server.get(BILL, json=billed({"": 1.0}))

    def answer(request: Any, context: Any) -> Any:
        if request.qs["user"] != [known]:
            context.status_code = 404
            return {"message": "Not Found"}
        return {"timePeriod": {"year": 2026, "month": 9, "day": 2}, "usageItems": rows}

    server.get(CREDITS, json=answer)
    return read("github_ai_credits_by_user", {**CONFIG, "include_user_ai_credits": True})


def test_a_person_whom_github_does_not_know_is_left_out_with_a_warning(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    assert [record["user"]["id"] for record in one_by_one(server, "octo-bob")] == ["octo-bob"]
    assert caplog.text.count("does not know octo-alice any more") == 1


def test_credits_that_are_told_of_nobody_are_refused_and_not_empty(server: requests_mock.Mocker) -> None:
    with pytest.raises(ConfigError, match="404"):
        one_by_one(server, "")


def test_credits_of_which_nothing_is_told_by_person_are_a_warning(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    """As where the answers of an enterprise leave out what belongs to a cost center."""
    assert one_by_one(server, "octo-alice", credits=[]) == []
    warnings = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert "of the bill's 1.0 USD of AI credits on 2026-09-02 nothing is told by person" in warnings[-1]


def test_an_answer_about_another_person_breaks_the_contract(server: requests_mock.Mocker) -> None:
    seats: list[dict[str, Any]] = [{"json": {"seats": [{"assignee": {"login": "octo-bob"}}]}}, {"json": {"seats": []}}]
    server.get(f"{API}/orgs/example-org/copilot/billing/seats", seats)
    server.get(f"{API}/orgs/example-org/copilot/metrics/reports/users-1-day", status_code=204)
    server.get(CREDITS, json=sample("github", "ai_credit_org_2026-09-02_user_octo-alice"))
    with pytest.raises(BrokenContract, match="it is of user 'octo-alice', asked was 'octo-bob'"):
        read("github_ai_credits_by_user", {**CONFIG, "include_user_ai_credits": True})
