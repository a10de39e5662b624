"""The teams, budgets and invoices of a person, as `lake` reads them and the models get them."""

import csv
from pathlib import Path
from typing import Any

import pytest

from integration_tests.harness import ROOT

sqlalchemy: Any = pytest.importorskip("sqlalchemy", reason="comes with PyAirbyte")

INVOICES = "vendor,month,currency,amount\n"


def test_the_files_become_tables(tmp_path: Path) -> None:
    from lake import finance

    # as spreadsheets write them: a mark at the beginning, an empty month, columns in another order
    budgets = "\ufeffteam,vendor,month,currency,amount\r\nRed,,2026-11,USD,1e3\r\n,Cursor,,USD,5.50\r\n"
    (tmp_path / "budgets.csv").write_text(budgets, encoding="utf-8", newline="")
    (tmp_path / "invoices.csv").write_text(INVOICES)
    engine = sqlalchemy.create_engine(f"duckdb:///{tmp_path / 'lake.duckdb'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("create schema usage")
        for _ in range(2):
            finance.write(connection, "usage", finance.read(str(tmp_path)))
        found = {
            name: connection.exec_driver_sql(f"select * from {table}").fetchall()
            for name, table in finance.variables("usage").items()
        }
    engine.dispose()
    assert found == {
        "team_map": [],
        "budgets": [("2026-11-01", "Red", None, "USD", "1000"), (None, None, "Cursor", "USD", "5.50")],
        "invoices": [],
    }


def test_the_examples_of_the_package_can_be_named_as_the_folder() -> None:
    from lake import finance

    seeds = ROOT / "dbt" / "seeds"
    found = finance.read(str(seeds))
    for name, columns in finance.COLUMNS.items():
        with (seeds / f"{name}.csv").open() as file:
            header, *rows = csv.reader(file)
        assert tuple(header) == columns
        assert len(found[name]) == len(rows) > 0


def test_nobody_has_to_have_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lake import environment, finance

    monkeypatch.chdir(tmp_path)
    assert finance.read(environment.FINANCE) == {"team_map": [], "budgets": [], "invoices": []}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "vendor;month;currency;amount\n",
            ": the first line must be vendor,month,currency,amount, with commas. It is 'vendor;month;currency;amount'.",
        ),
        ("", ": the first line must be vendor,month,currency,amount, with commas. It is nothing."),
        (f"{INVOICES}claude,2026-11,$,1\n", ", line 2, currency: '$' is no currency like USD."),
        (f"{INVOICES}claud,2026-11,USD,1\n", ", line 2, vendor: 'claud' is none of claude, "),
        (f"{INVOICES}claude,11/2026,USD,1\n", ", line 2, month: '11/2026' is no month like 2026-11."),
        (f"{INVOICES}claude,2026-11,USD,1\nclaude,2026-11,USD,1.234.5\n", ", line 3, amount: '1.234.5' is no amount"),
        (f"{INVOICES}claude,2026-11,USD,nan\n", ", line 2, amount: 'nan' is no amount"),
        (f"{INVOICES}claude,2026-11,USD,-1e30\n", ", line 2, amount: '-1e30' is no amount"),
        (f"{INVOICES}claude,2026-11,,1\n", ", line 2, currency: it is empty."),
        (f"{INVOICES}claude,2026-11,USD,1,234.50\n", ", line 2: it has not 4 values."),
        (f"{INVOICES}claude,2026-11,USD\n", ", line 2: it has not 4 values."),
        (b"\xff\xfe", " cannot be read: it is not in UTF-8."),
    ],
)
def test_a_mistake_in_a_file_stops_before_the_first_request(tmp_path: Path, text: Any, sentence: str) -> None:
    from lake import finance
    from lake.errors import LakeError

    path = tmp_path / "invoices.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(LakeError) as caught:
        finance.read(str(tmp_path))
    assert str(caught.value).startswith(f"{path}{sentence}")


@pytest.mark.parametrize("name", ["invoice.csv", "Invoices.CSV", "invoices.xlsx", "invoices.csv.csv"])
def test_a_file_under_another_name_is_not_left_out_silently(tmp_path: Path, name: str) -> None:
    from lake import finance
    from lake.errors import LakeError

    (tmp_path / name).touch()
    (tmp_path / "readme.txt").touch()
    with pytest.raises(LakeError, match=f"{name} is not read. Save it as invoices.csv, or take it out of "):
        finance.read(str(tmp_path))
    (tmp_path / "invoices.csv").write_text(INVOICES)
    assert finance.read(str(tmp_path))["invoices"] == []


def test_a_folder_that_is_not_there() -> None:
    from lake import finance
    from lake.errors import LakeError

    with pytest.raises(LakeError, match="--finance: elsewhere is no folder"):
        finance.read("elsewhere")
