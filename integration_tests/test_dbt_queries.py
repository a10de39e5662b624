"""What the dbt package documents, on the records that the mapping tests expect: queries, variables, descriptions."""

import json
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration_tests import dbt_project
from integration_tests.raw_tables import mapping_records, sqlalchemy, write

README = (dbt_project.PROJECT / "README.md").read_text()
QUERIES = dict(re.findall(r"^### (\d+)\n\n```sql\n(.+?);\n```", README, re.M | re.S))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with all models, closed."""
    path = tmp_path_factory.mktemp("lake") / "lake.duckdb"
    write(f"duckdb:///{path}", mapping_records(), datetime(2026, 9, 22, 9, 30))
    dbt_project.run(path.parent, "build", settings={"UNIFIED_USAGE_DUCKDB": path.name})
    return path


@pytest.fixture
def lake(built: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copy(built, tmp_path))


@pytest.fixture
def engine(lake: Path) -> Any:
    return sqlalchemy.create_engine(f"duckdb:///{lake}")


@pytest.mark.parametrize("number", QUERIES)
def test_a_query_answers(engine: Any, number: str) -> None:
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text(QUERIES[number])).fetchall()


def test_a_database_of_an_earlier_version_takes_seeds_with_more_columns(lake: Path, engine: Any) -> None:
    with engine.begin() as connection:
        for column in ("lookback_whole_month", "lookback_days"):
            connection.execute(sqlalchemy.text(f"alter table usage_answers.unified_usage_streams drop column {column}"))
    engine.dispose()
    dbt_project.run(lake.parent, "seed", settings={"UNIFIED_USAGE_DUCKDB": lake.name})


def test_every_question_has_its_query() -> None:
    asked = re.findall(r"^\| .+\? \| (.+) \| \[(\d+)\]\(#\2\) \|$", README, re.M)
    assert [number for _, number in asked] == list(QUERIES)
    for models, number in asked:
        named = re.findall(r"usage_answers\.(\w+)", QUERIES[number])
        assert sorted(set(named)) == sorted(re.findall(r"`(\w+)`", models))


def test_every_variable_is_documented() -> None:
    settings = (dbt_project.PROJECT / "dbt_project.yml").read_text()
    variables = re.findall(r"^  (\w+): ", settings.partition("\nvars:")[2].partition("\nmodels:")[0], re.M)
    table = README.partition("| Variable |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.+?) \|", table, re.M)))) == sorted(variables)


def test_every_column_is_described(lake: Path) -> None:
    dbt_project.run(lake.parent, "docs", "generate", settings={"UNIFIED_USAGE_DUCKDB": lake.name})
    manifest, catalog = (
        json.loads((lake.parent / "target" / name).read_text()) for name in ("manifest.json", "catalog.json")
    )
    nodes = {id: node for id, node in manifest["nodes"].items() if node["resource_type"] != "test"}
    assert catalog["nodes"].keys() == nodes.keys()
    for id, node in nodes.items():
        described = [name for name, column in node["columns"].items() if column["description"]]
        assert node["description"], id
        assert sorted(described) == sorted(catalog["nodes"][id]["columns"]), id


def test_month_to_date_as_of_an_earlier_day(lake: Path, engine: Any) -> None:
    """The variable `today` leaves out what was billed after it."""
    costs, people = (f"usage_answers.unified_usage__{name}" for name in ("cost_daily", "user_summary"))
    with engine.connect() as connection:
        months = f"select date_trunc('month', day), min(day), max(day) from {costs} where currency = 'USD' group by 1"
        month, first, last = max(
            connection.execute(sqlalchemy.text(months)).fetchall(), key=lambda row: row[2] - row[1]
        )
        assert first < last
        billed = f"select sum(net) from {costs} where currency = 'USD' and day >= '{month}' and day < '{last}'"
        expected = connection.execute(sqlalchemy.text(billed)).scalar()
    engine.dispose()
    today = f"{last - timedelta(days=1)}"
    run = ("run", "--select", "unified_usage__user_summary")
    dbt_project.run(lake.parent, *run, variables={"today": today}, settings={"UNIFIED_USAGE_DUCKDB": lake.name})
    with engine.connect() as connection:
        persons = f"{people} where vendor = 'all' and currency = 'USD' and attribution <> 'estimate'"
        query = f"select sum(month_to_date) from {persons}"
        assert connection.execute(sqlalchemy.text(query)).scalar() == expected
