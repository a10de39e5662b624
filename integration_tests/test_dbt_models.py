"""The models of the dbt package on rows made by hand: two syncs, a build after each, and a third without new rows.

The newest day is 2026-11-10. The rules of `RULES` and the budgets below replace the example seeds, as a user does it.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration_tests import dbt_project, postgres
from integration_tests.raw_tables import Record, sqlalchemy, write

FIRST, SECOND = datetime(2026, 11, 10, 5, 0), datetime(2026, 11, 11, 5, 0)
NOVEMBER = date(2026, 11, 1)
RULES = """priority,match_on,value,team
1,workspace_id,proj_2,Blue
1,workspace_id,center_1,Red
2,email,ADA@acme.example,Red
3,user_id,ada-login,Red
5,api_key_id,key_x,Red
6,resource_id,lkc_1,Red
7,workspace_id,env-*,Green
90,organization_id,acme-inc,Everyone
91,organization_id,org_1,Everyone
"""
BUDGETS = """month,team,vendor,currency,amount
2026-11-01,,Cursor,USD,7
2026-11-15,,cursor,usd,3
,,cursor,USD,99
,,datadog,USD,600
,Red,,USD,100
2026-12-01,,cursor,USD,10
"""
INVOICES = """vendor,month,currency,amount
cursor,2026-11-01,USD,6
cursor,2026-11-01,USD,0.40
cursor,2026-08-01,USD,12
"""


def row(stream: str, day: str, part: str, net: float | None = None, **fields: Any) -> Record:
    """A record of a day with its net in USD; other fields as the source writes them."""
    start = date.fromisoformat(day)
    charges = {"charges": [{"amount": net, "currency": "USD", "type": kind} for kind in ("net", "total")]}
    return {
        "id": f"{stream}/{day}/{part}",
        "product": {"id": "any"},
        "start_date": f"{start}T00:00:00Z",
        "end_date": f"{start + timedelta(days=1)}T00:00:00Z",
        **(charges if net is not None else {}),
        **fields,
    }


def email(address: str) -> dict[str, Any]:
    return {"user": {"email": address}}


ACME, CENTER = {"id": "acme-inc"}, {"id": "center_1", "name": "Center"}
KEY_X = {"id": "key_x", "workspace": {"id": "proj_1"}}
ADA = email("ada@acme.example")
TWO_CURRENCIES = [
    {"amount": amount, "currency": currency, "type": kind}
    for currency, amount in (("CU", 7), ("USD", 0.07))
    for kind in ("net", "total")
]
TABLES: dict[str, list[Record]] = {
    "cursor_usage_events": [
        row("cursor_usage_events", "2026-09-30", "1", 4, user={"email": "ADA@acme.example", "name": "Ada"}),
        row("cursor_usage_events", "2026-10-31", "1", 1.5, **email(" Ada@Acme.example ")),
        row("cursor_usage_events", "2026-11-01", "1", 2.25, **ADA),
        row("cursor_usage_events", "2026-11-09", "1", 3, user={"id": "u9"}),
    ],
    "cursor_daily_usage": [
        row("cursor_daily_usage", "2026-11-02", "1", usage={"activity": {"is_active": True}}, **ADA),
        row("cursor_daily_usage", "2026-11-10", "1", usage={"activity": {"is_active": False}}, **ADA),
    ],
    "openai_costs": [
        row("openai_costs", "2026-11-02", "1", 10, resources=[KEY_X, {"id": "key_y", "workspace": {"id": "proj_2"}}]),
        row("openai_costs", "2026-11-02", "2", 20, resources=[KEY_X]),
        row("openai_costs", "2026-11-02", "3", 40, resources=[{"workspace": {"id": "proj_9"}}]),
    ],
    "scenario_consumption": [row("scenario_consumption", "2026-11-03", "1", charges=TWO_CURRENCIES, **ADA)],
    "confluent_costs": [
        row("confluent_costs", "2026-11-03", "1", 5, resources=[{"id": "lkc-1", "workspace": {"id": "production"}}]),
        row("confluent_costs", "2026-11-03", "2", 6, resources=[{"id": "lkc-2", "workspace": {"id": "env-1"}}]),
    ],
    "datadog_cost": [row("datadog_cost", "2026-11-01", "1", 300)],
    "github_billing_usage": [
        row("github_billing_usage", "2026-11-03", "1", 100, metric_name="copilot_ai_credit", organization=ACME),
        # nobody restates this metric: the rules are asked for its own rows
        row("github_billing_usage", "2026-11-03", "2", 11, metric_name="actions", resources=[KEY_X]),
        row("github_billing_usage", "2026-11-08", "1", 0, resources=[CENTER, {**ACME, "workspace": CENTER}]),
    ],
    "github_ai_credits_by_user": [
        row("github_ai_credits_by_user", "2026-11-03", "1", 30, metric_name="AI Credit", user={"id": "ada-login"}),
        row("github_ai_credits_by_user", "2026-11-03", "2", 20, metric_name="AI Credit", user={"id": "bob-login"}),
    ],
    "github_copilot_user_activity": [
        row("github_copilot_user_activity", day, "1", user={"id": "1001", "name": "Ada-Login"})
        for day in ("2026-11-03", "2026-11-05")
    ],
    "claude_cost": [
        row("claude_cost", "2026-11-05", "1", 40, organization={"id": "org_1"}),
        row("claude_cost", "2026-11-06", "1", 8, organization={"id": "org_1"}),
    ],
    "claude_api_cost": [row("claude_api_cost", "2026-11-05", "1", 60), row("claude_api_cost", "2026-11-06", "1", 9)],
    # the first day of both bills, less 5, under names of its own
    "claude_spend": [
        row("claude_spend", "2026-11-05", "1", 50, metric_name="cost", **ADA),
        row("claude_spend", "2026-11-05", "2", 45, metric_name="cost"),
    ],
    "claude_user_cost": [
        row("claude_user_cost", "2026-11-05", "1", 38, **ADA),
        row("claude_user_cost", "2026-11-06", "1", 8, **ADA),
    ],
    "claude_code_usage": [
        row("claude_code_usage", day, "1", charges=[{"amount": 3, "currency": "USD", "type": "usage_based"}], **ADA)
        for day in ("2026-11-05", "2026-11-06")
    ],
}
CORRECTED: dict[str, list[Record]] = {
    # of a month that is read again from its first day
    "github_billing_usage": [
        row("github_billing_usage", "2026-11-03", "late", 0, metric_name="actions", resources=[KEY_X])
    ],
    "cursor_usage_events": [
        # of a day that the source does not read again
        row("cursor_usage_events", "2026-09-30", "late", 0, **ADA),
        row("cursor_usage_events", "2026-11-01", "1", 2.5, **ADA),
        row("cursor_usage_events", "2026-11-10", "1", 1, **email("bob@acme.example")),
    ],
}


@dataclass
class Answers:
    """The models in a database, what dbt said, and how many rows `unified_usage__changes` had, after each build."""

    engine: Any
    said: list[str] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)

    def __call__(self, columns: str, model: str, where: str = "true") -> list[tuple[Any, ...]]:
        """Sorted rows of a model; numbers without trailing zeros."""
        query = f"select {columns} from usage_answers.unified_usage__{model} where {where}"
        with self.engine.connect() as connection:
            rows = connection.execute(sqlalchemy.text(query)).fetchall()
        return sorted((tuple(map(_plain, found)) for found in rows), key=lambda row: [*map(str, row)])


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with a user's seeds."""
    copy = tmp_path_factory.mktemp("project") / "dbt"
    shutil.copytree(dbt_project.PROJECT, copy, ignore=shutil.ignore_patterns("target", "logs"))
    for name, text in {"team_map": RULES, "budgets": BUDGETS, "invoices": INVOICES}.items():
        (copy / "seeds" / f"{name}.csv").write_text(text)
    return copy


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
def answers(
    request: pytest.FixtureRequest, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    folder = tmp_path_factory.mktemp("lake")
    if request.param == "duckdb":
        path = folder / "lake.duckdb"
        yield _built(project, folder, f"duckdb:///{path}", target="duckdb", UNIFIED_USAGE_DUCKDB=path.name)
        return
    with postgres.server() as port:
        url = f"postgresql://{postgres.USER}@localhost:{port}/{postgres.DATABASE}"
        yield _built(project, folder, url, target="postgres", UNIFIED_USAGE_PG_PORT=str(port))


def _built(project: Path, folder: Path, url: str, target: str, **settings: Any) -> Answers:
    answers = Answers(sqlalchemy.create_engine(url))
    without_tests = ("--exclude-resource-type", "test")
    builds: list[tuple[dict[str, list[Record]], datetime, tuple[str, ...]]] = [
        (TABLES, FIRST, without_tests),
        (CORRECTED, SECOND, ()),
        ({}, SECOND, (*without_tests, "--select", "int_unified_usage__bill_days+")),
    ]
    for tables, synced_at, options in builds:
        write(url, tables, synced_at)
        said = dbt_project.run(folder, "build", "--target", target, *options, project=project, settings=settings)
        answers.said.append(said)
        answers.changes.append(len(answers("change_id", "changes")))
        answers.engine.dispose()
    return answers


def teams(answers: Answers, vendor: str) -> list[tuple[Any, ...]]:
    return answers(
        "team, net", "team_cost_monthly", f"vendor = '{vendor}' and currency = 'USD' and month = '2026-11-01'"
    )


def test_the_first_rule_wins_over_any_of_two_resources(answers: Answers) -> None:
    assert teams(answers, "openai") == [("Blue", 10), ("Red", 20), ("unassigned", 40)]


def test_only_the_star_stands_for_any_text(answers: Answers) -> None:
    assert teams(answers, "confluent") == [("Green", 6), ("unassigned", 5)]


def test_a_team_has_its_people_whatever_the_case_of_their_address(answers: Answers) -> None:
    costs = answers("month, team, net", "team_cost_monthly", "vendor = 'cursor'")
    months = [date(2026, 9, 1), date(2026, 10, 1), NOVEMBER]
    assert costs == [
        *((month, "Red", net) for month, net in zip(months, (4, 1.5, 2.5), strict=True)),
        (NOVEMBER, "unassigned", 4),
    ]


def test_a_stream_by_person_splits_the_bill_that_names_nobody(answers: Answers) -> None:
    assert teams(answers, "github") == [("Everyone", 70), ("Red", 41)]
    people = answers("user_key, attribution, lifetime", "user_summary", "vendor = 'github'")
    assert people == [
        ("github:ada-login", "restated", 30),
        ("github:bob-login", "restated", 20),
        ("unattributed", "billed", 61),
    ]


def test_a_stream_that_restates_two_bills_counts_once_and_the_rest_is_unassigned(answers: Answers) -> None:
    # 50 and 8 are Ada's; 9 is a day of the API that nobody splits, 50 what is without a person
    assert teams(answers, "claude") == [("Red", 58), ("unassigned", 59)]
    people = answers("user_key, attribution, month_to_date", "user_summary", "vendor = 'claude'")
    assert people == [
        ("ada@acme.example", "estimate", 3),
        ("ada@acme.example", "restated", 58),
        ("unattributed", "billed", 59),
    ]


def test_one_person_by_month_and_currency(answers: Answers) -> None:
    sums = "vendor, currency, attribution, month_to_date, last_month, lifetime"
    assert answers(sums, "user_summary", "user_key = 'ada@acme.example' and vendor not in ('claude')") == [
        ("all", "CU", "billed", 7, 0, 7),
        ("all", "USD", "estimate", 3, 0, 3),
        ("all", "USD", "restated", 60.57, 1.5, 66.07),
        ("cursor", "USD", "billed", 2.5, 1.5, 8),
        ("scenario", "CU", "billed", 7, 0, 7),
        ("scenario", "USD", "billed", 0.07, 0, 0.07),
    ]
    assert answers("distinct user_name, user_email", "user_summary", "user_key = 'ada@acme.example'") == [
        ("Ada", "ada@acme.example")
    ]


def test_days_with_activity_are_counted_back_from_the_newest_day(answers: Answers) -> None:
    activity = "vendor, last_active_day, active_days_30"
    # a row that says inactive does not count, nor does the 30th of September
    assert answers(activity, "user_summary", "user_key = 'ada@acme.example' and attribution = 'billed'") == [
        ("all", date(2026, 11, 6), 6),
        ("cursor", date(2026, 11, 2), 3),
        ("scenario", date(2026, 11, 3), 1),
        ("scenario", date(2026, 11, 3), 1),
    ]
    # GitHub's metrics know her by a number, and by the login in its own spelling
    assert answers(activity, "user_summary", "user_key = 'github:ada-login'") == [
        ("all", date(2026, 11, 5), 2),
        ("github", date(2026, 11, 5), 2),
    ]


def test_budgets(answers: Answers) -> None:
    columns = "month, team, vendor, budget, spent, share, run_rate"
    assert answers(columns, "budget_variance", "vendor is not null and month >= '2026-11-01'") == [
        # 10 days of 30 are there
        (NOVEMBER, None, "cursor", 10, 6.5, 0.65, 19.5),
        # read on the 11th: a bill by the month covers 10 days; the second sync did not read it again
        (NOVEMBER, None, "datadog", 600, 300, 0.5, 1000),
        (date(2026, 12, 1), None, "cursor", 10, 0, 0, None),
    ]
    assert answers("month, budget, spent", "budget_variance", "vendor = 'cursor' and month < '2026-11-01'") == [
        (date(2026, 9, 1), 99, 4),
        (date(2026, 10, 1), 99, 1.5),
    ]
    assert answers("month, spent", "budget_variance", "team = 'Red' and month = '2026-11-01'") == [(NOVEMBER, 121.57)]


def test_invoices_beside_the_bills(answers: Answers) -> None:
    columns = "month, net, invoice, status, difference, share"
    assert answers(columns, "reconciliation", "vendor = 'cursor'") == [
        (date(2026, 8, 1), None, 12, "no rows", -12, -1),
        (date(2026, 9, 1), 4, None, "no invoice", None, None),
        (date(2026, 10, 1), 1.5, None, "no invoice", None, None),
        (NOVEMBER, 6.5, 6.4, "compared", 0.1, 0.015625),
    ]


def test_what_the_second_sync_changed(answers: Answers) -> None:
    columns = "stream, day, kind, net_before, net_now, difference, seen_at"
    assert answers(columns, "changes", "is_of_last_sync") == [
        ("cursor_usage_events", date(2026, 11, 1), "restated", 2.25, 2.5, 0.25, SECOND),
        ("cursor_usage_events", date(2026, 11, 10), "new", None, 1, 1, SECOND),
    ]
    first, second, without_new_rows = answers.changes
    assert (second, without_new_rows) == (first + 2, second)
    assert answers("distinct kind, seen_at", "changes", "not is_of_last_sync") == [("new", FIRST)]


def test_a_closed_day_with_another_number_of_rows_is_a_warning(answers: Answers) -> None:
    assert "WARN 1 closed_days_keep_their_rows" in answers.said[1]


def test_a_day_that_is_read_again_is_provisional(answers: Answers) -> None:
    days = "day, status"
    assert answers(days, "coverage_daily", "stream = 'github_billing_usage' and rows > 0") == [
        (date(2026, 11, 3), "provisional"),
        (date(2026, 11, 8), "provisional"),
    ]
    assert answers(days, "coverage_daily", "stream = 'cursor_usage_events' and rows > 0 and day >= '2026-11-01'") == [
        (NOVEMBER, "complete"),
        (date(2026, 11, 9), "provisional"),
        (date(2026, 11, 10), "provisional"),
    ]


def test_the_workspace_is_that_of_the_first_resource_or_of_the_second(answers: Answers) -> None:
    """GitHub's rows without a repository begin with the cost center, which is the workspace of the next one."""
    places = "resource_id, workspace_id, workspace_name"
    assert answers(places, "cost_daily", "vendor = 'github' and day = '2026-11-08'") == [
        ("center_1", "center_1", "Center")
    ]
    # two of them differ: the first counts
    assert answers(places, "cost_daily", "vendor = 'openai' and resource_id is not null") == [("key_x", "proj_1", None)]
