"""The dbt models: built by dbt in a process of its own, which says nothing unless something fails."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from lake import finance
from lake.errors import LakeError
from lake.target import MODELS_SCHEMA, Target

PROJECT = Path(__file__).parent.parent / "dbt"
_BROKEN = ("error", "runtime error")


class Built(NamedTuple):
    """`said`: how much was built and tested, in one line. `failures`: a sentence for each test that failed."""

    said: str
    failures: list[str]


def build(target: Target, folder: Path) -> Built:
    """Build and test all models; what dbt skipped because of a failed test is a failure too.

    dbt's own files go into the folder. Raises LakeError when something could not be built.
    """
    results = _run(target, folder, "build")
    if broken := [result for result in results if result["status"] in _BROKEN]:
        raise LakeError(" ".join(map(_broken, broken)))
    said = _summary(results)
    if not (failed := [_name(result) for result in results if result["status"] == "fail"]):
        return Built(said, [])
    again = _run(target, folder, "test", "--store-failures", "--select", *failed)
    sentences = [_failed(result) for result in again if result["status"] == "fail"]
    if skipped := [_name(result) for result in results if _is_skipped_model(result)]:
        sentences.append(
            f"Because of that these are not built, and still as the sync before left them: {', '.join(skipped)}."
        )
    return Built(said, sentences)


def _summary(results: list[dict[str, Any]]) -> str:
    built = sum(result["unique_id"].startswith("model.") and result["status"] == "success" for result in results)
    passed = sum(result["status"] == "pass" for result in results)
    doubtful = [_name(result) for result in results if result["status"] == "warn"]
    said = f"{built} models built, {passed} tests passed"
    return said + (f"; look at what {', '.join(doubtful)} found (dbt/README.md)" if doubtful else "")


def _run(target: Target, folder: Path, command: str, *options: str) -> list[dict[str, Any]]:
    """The results of a dbt command, one for each model, seed, snapshot and test."""
    results = folder / "dbt" / "run_results.json"
    results.unlink(missing_ok=True)
    arguments = [sys.executable, "-m", "dbt.cli.main", "--quiet", "--no-use-colors", command, *options]
    arguments += ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target", target.dbt_target]
    arguments += ["--vars", json.dumps({"schema": target.schema, **finance.variables(target.schema)})]
    arguments += ["--target-path", str(results.parent), "--log-path", str(results.parent)]
    environment = {
        **os.environ,
        **target.variables(),
        "UNIFIED_USAGE_MODELS_SCHEMA": MODELS_SCHEMA,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    if not results.exists():
        said = f"{done.stdout}\n{done.stderr}".strip().splitlines() or ["no explanation"]
        raise LakeError(f"dbt could not build the models of {PROJECT}: {' '.join(map(str.strip, said[-3:]))}")
    found: list[dict[str, Any]] = json.loads(results.read_text(encoding="utf-8"))["results"]
    return found


def _name(result: dict[str, Any]) -> str:
    """Of `model.unified_usage.stg_unified_usage__records` the last part; a test's has a hash behind it."""
    return str(result["unique_id"].split(".")[2])


def _is_skipped_model(result: dict[str, Any]) -> bool:
    return (result["status"], result["unique_id"].split(".")[0]) == ("skipped", "model")


def _broken(result: dict[str, Any]) -> str:
    kind = result["unique_id"].split(".")[0]
    return f"The {kind} {_name(result)} could not be built: {' '.join(str(result['message']).split())}."


def _failed(result: dict[str, Any]) -> str:
    count = result["failures"]
    rows = "1 row" if count == 1 else f"{count} rows"
    return (
        f"The test {_name(result)} found {rows} that should not be there. Look at them in "
        f"{result['relation_name']}; do not rely on the figures that the test is about."
    )
