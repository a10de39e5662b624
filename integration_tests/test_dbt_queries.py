"""Every query of dbt/README.md, run as written there on the records that the mapping tests expect."""

import re
from datetime import datetime
from typing import Any

import pytest

from integration_tests import dbt_project
from integration_tests.raw_tables import mapping_records, sqlalchemy, write

README = (dbt_project.PROJECT / "README.md").read_text()
QUERIES = dict(re.findall(r"^### (\d+)\n\n```sql\n(.+?);\n```", README, re.M | re.S))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("lake")
    url = f"duckdb:///{folder / 'lake.duckdb'}"
    write(url, mapping_records(), datetime(2026, 9, 22, 9, 30))
    dbt_project.run(folder, "build", settings={"UNIFIED_USAGE_DUCKDB": "lake.duckdb"})
    return sqlalchemy.create_engine(url)


@pytest.mark.parametrize("number", QUERIES)
def test_a_query_answers(engine: Any, number: str) -> None:
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text(QUERIES[number])).fetchall()


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
