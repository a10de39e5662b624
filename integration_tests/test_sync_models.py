"""What `lake` says of dbt's failures, with a dbt project of three models."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integration_tests import dbt_project

PROJECT = {
    "dbt_project.yml": "{name: small, version: 0.1.0, config-version: 2, profile: small}",
    "profiles.yml": """
small:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('UNIFIED_USAGE_DUCKDB') }}", schema: usage_answers, threads: 1}
""",
    "models/amounts.sql": "select 1 as amount union all select 2",
    "models/sums.sql": "select sum(amount) as total from {{ ref('amounts') }}",
    "tests/no_amount_is_large.sql": "select * from {{ ref('amounts') }} where amount > 1",
}


def build(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: str) -> Any:
    from lake import models
    from lake.target import target_of

    for name, text in {**PROJECT, **changes}.items():
        place = folder / "project" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    monkeypatch.setattr(models, "PROJECT", folder / "project")
    run = subprocess.run

    def forked(command: list[str], **settings: Any) -> Any:
        assert command[:3] == [sys.executable, "-m", "dbt.cli.main"]
        return run([*dbt_project.command(folder), *command[3:]], **settings)

    monkeypatch.setattr(subprocess, "run", forked)
    return models.build(target_of(str(folder / "lake.duckdb"), "usage"), folder)


def test_a_test_that_finds_rows_is_named_with_what_it_holds_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb: Any = pytest.importorskip("duckdb")
    built = build(tmp_path, monkeypatch)
    assert built.said.startswith("1 models built, 0 tests passed")
    failed, skipped = built.failures
    assert failed.startswith("The test no_amount_is_large found 1 row that should not be there. Look at them in ")
    assert skipped == "Because of that these are not built, and still as the sync before left them: sums."
    table = failed.partition("Look at them in ")[2].partition(";")[0]
    with duckdb.connect(str(tmp_path / "lake.duckdb"), read_only=True) as lake:
        assert lake.execute(f"select * from {table}").fetchall() == [(2,)]


def test_a_model_that_cannot_be_built_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lake.errors import LakeError

    with pytest.raises(LakeError) as caught:
        build(tmp_path, monkeypatch, **{"models/amounts.sql": "select nothing as amount"})
    assert str(caught.value).startswith("The model amounts could not be built: Runtime Error in model amounts")


def test_what_was_built_and_what_a_test_doubts_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    doubt = "{{ config(severity='warn') }} select * from {{ ref('amounts') }} where amount > 1"
    sound = "select * from {{ ref('sums') }} where total <> 3"
    built = build(tmp_path, monkeypatch, **{"tests/no_amount_is_large.sql": doubt, "tests/the_sum_is_right.sql": sound})
    assert built.failures == []
    assert built.said == ("2 models built, 1 tests passed; look at what no_amount_is_large found (dbt/README.md)")
