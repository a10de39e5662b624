"""What the GitHub streams make of sample answers."""

import random
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from unit_tests.vendors.samples import (
    Case,
    FileRows,
    NdjsonRows,
    assert_mapped,
    mock_answers,
    records,
    sample,
    stream_of,
    window,
)

TOKEN = {"token": "ghp_not_a_real_token_0123456789"}
CONFIG = {**TOKEN, "organization": "Example-Org"}
ENTERPRISE = {**TOKEN, "enterprise": "example-ent"}
CENTERS = "GET /enterprises/example-ent/settings/billing/cost-centers"
EXPORTS = "/enterprises/example-ent/settings/billing/reports"
EXPORT = f"GET {EXPORTS}/0f3b1c52-8a2e-4f0e-9a3c-5f6f0a4f1c11"
FILE = "GET /enterprises/example-ent/metered_exports/1234"
METRICS = "GET /orgs/Example-Org/copilot/metrics/reports/users-1-day"
FILES = [f"GET /example/users-1-day-2026-09-02-part-{part}.ndjson" for part in (0, 1)]
PARTS = [f"users_1_day_2026-09-02_part{part}.ndjson" for part in (0, 1)]
DAY = ("2026-09-02", "2026-09-03")


def enterprise_path(route: str) -> str:
    return f"GET /enterprises/example-ent/settings/billing/{route}"


def org_path(route: str) -> str:
    return f"GET /organizations/Example-Org/settings/billing/{route}"


def bill(page: Any, name: str = "", day: tuple[str, str] = DAY) -> Case:
    return Case("github_billing_usage", {org_path("usage"): [page]}, *day, name=name)


def credits(page: Any, name: str = "", day: tuple[str, str] = DAY, route: str = "ai_credit") -> Case:
    return Case("github_ai_credits", {org_path(f"{route}/usage"): [page]}, *day, name=name)


def on(page: str, year: int, month: int, day: int) -> dict[str, Any]:
    """A sample of the documentation, which shows the answer for a year, as one for a day."""
    return {**sample("github", page), "timePeriod": {"year": year, "month": month, "day": day}}


def of_person(page: Any, name: str = "", day: tuple[str, str] = DAY, route: str = "ai_credit") -> Case:
    """The sample's person alone has a seat, and was seen in the metrics."""
    body = sample("github", page) if isinstance(page, str) else page
    login = body["user"]
    return Case(
        "github_ai_credits_by_user",
        {
            "GET /orgs/Example-Org/copilot/billing/seats": [
                {"seats": [{"assignee": {"login": login.title()}}]},
                {"seats": []},
            ],
            org_path(f"{route}/usage"): [body],
            METRICS: [{"download_links": ["https://github.com/users"]}],
            org_path("usage"): ["billing_usage_org_2026-09-02"],
            "GET /users": [NdjsonRows([{"user_login": login}])],
        },
        *day,
        {"include_user_ai_credits": True},
        name=name,
    )


def export(file: Any, name: str = "", days: tuple[str, str] = ("2026-09-01", "2026-09-03")) -> Case:
    return Case(
        "github_ai_usage",
        {
            f"POST {EXPORTS}": ["report_create_202"],
            EXPORT: ["report_get_processing", "report_get_completed"],
            FILE: [file],
        },
        *days,
        {"organization": "", "enterprise": "example-ent"},
        name=name,
    )


def activity(*files: Any, name: str = "", links: Any = "users_1_day_links") -> Case:
    return Case(
        "github_copilot_user_activity",
        {
            METRICS: [links],
            **{path: [file] for path, file in zip(FILES, files, strict=False)},
        },
        *DAY,
        name=name,
    )


ENTERPRISE_BILL = Case(
    "github_billing_usage",
    {
        CENTERS: ["cost_centers_page1", {"costCenters": []}],
        enterprise_path("usage"): [
            "billing_usage_enterprise_2026-09-02_no_cost_center",
            "billing_usage_enterprise_2026-09-02_cost_center",
            "billing_usage_org_2026-09-03_empty",
        ],
    },
    *DAY,
    {"organization": "", "enterprise": "example-ent"},
    name="github_billing_usage.enterprise",
)
ENTERPRISE_CREDITS = Case(
    "github_ai_credits",
    {
        CENTERS: ["cost_centers_page1", {"costCenters": []}],
        enterprise_path("ai_credit/usage"): [
            {**sample("github", "ai_credit_org_2026-09-02"), "usageItems": []},
            "ai_credit_org_2026-09-02",
            {**sample("github", "ai_credit_org_2026-09-02"), "usageItems": []},
        ],
        enterprise_path("usage"): ENTERPRISE_BILL.answers[enterprise_path("usage")],
    },
    *DAY,
    {"organization": "", "enterprise": "example-ent"},
    name="github_ai_credits.enterprise",
)
DOCS_USERS = {**sample("github", "users_1_day_docs_example")[0], "day": "2026-09-02"}
CASES = [
    bill("billing_usage_org_2026-09-02"),
    ENTERPRISE_BILL,
    ENTERPRISE_CREDITS,
    bill("billing_usage_org_2026-09-02_older_spelling", "github_billing_usage.older_spelling"),
    bill("billing_usage_docs_example", "github_billing_usage.docs", ("2023-08-01", "2023-08-02")),
    credits("ai_credit_org_2026-09-02"),
    credits("ai_credit_org_2026-09-02_integer_quantities", "github_ai_credits.integer_quantities"),
    credits(on("ai_credit_docs_example_org", 2026, 9, 2), "github_ai_credits.docs"),
    of_person("ai_credit_org_2026-09-02_user_octo-alice"),
    of_person(on("ai_credit_docs_example_user", 2026, 9, 2), "github_ai_credits_by_user.docs"),
    of_person(
        on("premium_request_docs_example_user", 2026, 5, 31),
        "github_ai_credits_by_user.premium_requests",
        ("2026-05-31", "2026-06-01"),
        "premium_request",
    ),
    activity(*PARTS),
    activity(
        NdjsonRows([DOCS_USERS]),
        name="github_copilot_user_activity.docs",
        links={"download_links": ["https://copilot-reports.github.com/example/users-1-day-2026-09-02-part-0.ndjson"]},
    ),
    Case(
        "github_copilot_seats",
        {"GET /orgs/Example-Org/copilot/billing/seats": ["seats_org_page1", "seats_org_page2", {"seats": []}]},
        *DAY,
    ),
    Case(
        "github_copilot_seats",
        {"GET /enterprises/example-ent/copilot/billing/seats": ["seats_enterprise_user_twice", {"seats": []}]},
        *DAY,
        {"organization": "", "enterprise": "example-ent"},
        name="github_copilot_seats.enterprise",
    ),
    export("ai_usage_report_2026-09-01_2026-09-02.csv"),
    export("ai_usage_report_2026-06_older_header.csv", "github_ai_usage.older_header", ("2026-06-01", "2026-06-02")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_records(case: Case) -> None:
    assert_mapped("github", case, CONFIG)


def mapped(case: Case) -> list[dict[str, Any]]:
    with requests_mock.Mocker() as server:
        mock_answers(server, "github", case.answers)
        stream = stream_of("github", {**CONFIG, **case.config}, case.stream)
        return records(stream, window(case.start, case.end))


def money(found: Iterable[Mapping[str, Any]], kind: str) -> Decimal:
    amounts = (c["amount"] for record in found for c in record.get("charges", ()) if c["type"] == kind)
    return sum(map(Decimal, map(repr, amounts)), Decimal(0))


def test_the_three_cuts_of_a_day_agree() -> None:
    """The bill's AI credits, the same by model, and the same by person, model and repository."""
    whole = mapped(bill("billing_usage_org_2026-09-02"))
    cuts = [
        [record for record in whole if record["metric_name"] == "copilot_ai_credit"],
        mapped(credits("ai_credit_org_2026-09-02")),
        mapped(export("ai_usage_report_2026-09-01_2026-09-02.csv")),
    ]
    for cut in cuts:
        assert money(cut, "total") == Decimal("8.6870365")
        assert money(cut, "discount") == money(cut, "included") == Decimal("6.42518375")
        assert money(cut, "net") == money(cut, "usage_based") == Decimal("2.26185275")


def test_the_parts_of_an_enterprise_are_the_bill_of_its_organization() -> None:
    whole, parts = mapped(bill("billing_usage_org_2026-09-02")), mapped(ENTERPRISE_BILL)
    assert money(parts, "net") == money(whole, "net")
    assert len(parts) == len(whole)
    assert {"2eeb8ffe-6903-11ee-8c99-0242ac120002", "~"} == {record["id"].split("/")[2] for record in parts}


def test_an_older_spelling_has_the_same_ids() -> None:
    today, before = (
        {record["id"] for record in mapped(bill(page))}
        for page in ("billing_usage_org_2026-09-02", "billing_usage_org_2026-09-02_older_spelling")
    )
    assert len(before) == 2
    assert before < today


def test_ids_of_the_sample_day() -> None:
    assert [record["id"] for record in mapped(bill("billing_usage_org_2026-09-02"))] == [
        "github_billing_usage/2026-09-02/~/example-org/copilot/copilot_ai_credit/~/0",
        "github_billing_usage/2026-09-02/~/example-org/copilot/copilot_for_business/~/0",
        "github_billing_usage/2026-09-02/~/example-org/actions/actions_linux/example-org%2Fweb-app/0",
        "github_billing_usage/2026-09-02/~/example-org/actions/actions_linux/example-org%2Fapi/0",
        "github_billing_usage/2026-09-02/~/example-org/actions/actions_storage/example-org%2Fweb-app/0",
        "github_billing_usage/2026-09-02/~/example-org/actions/actions_storage/example-org%2Fweb-app/1",
    ]
    assert [record["id"] for record in mapped(credits("ai_credit_org_2026-09-02"))] == [
        "github_ai_credits/2026-09-02/~/copilot/copilot_ai_credit/claude_sonnet_5/0",
        "github_ai_credits/2026-09-02/~/copilot/copilot_ai_credit/auto:_claude_haiku_4.5/0",
        "github_ai_credits/2026-09-02/~/copilot/copilot_ai_credit/code_review/0",
    ]


def test_truncated_quantities_change_nothing() -> None:
    whole, truncated = (
        [{name: value for name, value in record.items() if name != "remote_data"} for record in mapped(credits(page))]
        for page in ("ai_credit_org_2026-09-02", "ai_credit_org_2026-09-02_integer_quantities")
    )
    assert truncated == whole


def test_figures_as_text_are_the_same_figures() -> None:
    page = sample("github", "billing_usage_org_2026-09-02")
    texts = [{name: str(value) for name, value in row.items()} for row in page["usageItems"]]
    assert [_plain(record) for record in mapped(bill({"usageItems": texts}))] == [
        _plain(record) for record in mapped(bill(page))
    ]


def test_an_empty_day_has_no_records() -> None:
    assert mapped(bill("billing_usage_org_2026-09-03_empty", day=("2026-09-03", "2026-09-04"))) == []


def test_a_net_of_nothing_is_a_net() -> None:
    (record,) = mapped(bill({"usageItems": [sample("github", "billing_usage_org_2026-09-02")["usageItems"][2]]}))
    assert record["charges"] == [
        {"amount": 0, "currency": "USD", "type": "net"},
        {"amount": 13.152, "currency": "USD", "type": "total"},
        {"amount": 13.152, "currency": "USD", "type": "discount"},
        {"amount": 0, "currency": "USD", "type": "usage_based"},
    ]


@pytest.mark.parametrize("sku", ["copilot_for_business", "Copilot Enterprise", "ghec_licenses", "GHAS Licenses"])
def test_seats_and_licences_are_committed(sku: str) -> None:
    row = {**sample("github", "billing_usage_org_2026-09-02")["usageItems"][1], "sku": sku}
    (record,) = mapped(bill({"usageItems": [row]}))
    assert [charge["type"] for charge in record["charges"]] == ["net", "total", "committed"]


def test_seats_of_two_grants_are_two_rows_of_one_person() -> None:
    (case,) = (case for case in CASES if case.name == "github_copilot_seats.enterprise")
    found = mapped(case)
    assert [record["id"] for record in found] == [
        "github_copilot_seats/example-ent/4242/77/1001",
        "github_copilot_seats/example-ent/4343/~/1001",
    ]
    assert {record["user"]["id"] for record in found} == {"1001"}


def test_a_row_of_nobody_has_no_user() -> None:
    found = mapped(export("ai_usage_report_2026-09-01_2026-09-02.csv"))
    assert [("user" in record, record["id"].split("/")[4]) for record in found] == [
        (True, "octo-alice"),
        (True, "octo-bob"),
        (True, "octo-alice"),
        (False, "~"),
        (False, "~"),
    ]


BILL_ROWS = sample("github", "billing_usage_org_2026-09-02")["usageItems"]
CSV_ROWS = sample("github", "ai_usage_report_2026-09-01_2026-09-02.csv")


@given(st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_rows_or_columns(draw: random.Random) -> None:
    rows, lines = [*BILL_ROWS], [*CSV_ROWS]
    draw.shuffle(rows)
    draw.shuffle(lines)
    columns = [*CSV_ROWS[0]]
    draw.shuffle(columns)
    shuffled = CSV_ROWS.__class__({name: line[name] for name in columns} for line in lines)
    assert isinstance(shuffled, FileRows)
    for one, other in (
        (bill({"usageItems": rows}), bill("billing_usage_org_2026-09-02")),
        (export(shuffled), export("ai_usage_report_2026-09-01_2026-09-02.csv")),
    ):
        assert sorted(map(_figures, mapped(one))) == sorted(map(_figures, mapped(other)))


def _figures(record: Mapping[str, Any]) -> tuple[str, str]:
    return record["id"], repr(record["charges"])


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "remote_data"}
