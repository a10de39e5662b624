"""Runs focus-validator (PyPI, by the FOCUS Consortium), whose rules are the specification FOCUS 1.2 for machines.

It needs Python 3.12 and older packages than the rest, so it has an environment of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

ENVIRONMENT = Path(__file__).parent.parent / ".cache" / "focus-validator"
# focus-validator wants numpy 1 and any pyarrow; the last pyarrow that works with numpy 1 is 21
PACKAGES = ("focus-validator==2.2.1", "pyarrow<22")
# What no vendor has. Every other conditional rule is applied.
NOT_SUPPORTED = {"COMMITMENT_DISCOUNT_SUPPORTED", "CAPACITY_RESERVATION_SUPPORTED"}


class NotValidated(Exception):
    """The validator could not run. The text says why, and what was checked instead."""


@dataclass(frozen=True)
class Validation:
    """What the validator found. `alternatives`: rules that failed as one of several of which another one holds."""

    passed: int
    skipped: int
    alternatives: int
    failures: list[str]

    def summary(self) -> str:
        checked = self.passed + self.alternatives + len(self.failures)
        return (
            f"FOCUS 1.2: {checked} rules checked, {self.passed} passed, {len(self.failures)} failed, "
            f"{self.alternatives} spared by another one that holds; "
            f"{self.skipped} do not apply here or cannot be checked by a program"
        )


def validate(path: Path) -> Validation:
    """Check a FOCUS file. Raises NotValidated when there is no Python 3.12 or the validator cannot be installed."""
    site = _validator()
    model = json.loads(next(site.glob("focus_validator/rules/model-1.2*.json")).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        copy, report = Path(folder) / "focus.parquet", Path(folder) / "report.xml"
        _copy_for_the_validator(path, copy)
        command = [_python(ENVIRONMENT), "-m", "focus_validator.main", "--block-download", "--validate-version", "1.2"]
        command += ["--data-file", str(copy), "--output-type", "unittest", "--output-destination", str(report)]
        command += ["--applicability-criteria", ",".join(model["ApplicabilityCriteria"].keys() - NOT_SUPPORTED)]
        # it looks for its list of currencies below the current folder
        done = subprocess.run(command, cwd=site, capture_output=True, text=True, check=False)
        if not report.exists():
            raise NotValidated(f"{path} was not validated, focus-validator says: {_last_line(done)}")
        return _read(ElementTree.parse(report), model["ModelRules"])


def python_3_12() -> str | None:
    """A Python 3.12 of this machine that can make environments, as a command."""
    question = "import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 12))"
    for python in _pythons():
        if subprocess.run([python, "-c", question], capture_output=True, check=False).returncode == 0:
            return python
    return None


def _pythons() -> Iterator[str]:
    yield sys.executable
    if found := shutil.which("python3.12"):
        yield found
    # pyenv's commands on the PATH know the versions that are switched on alone
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob("versions/3.12*/bin/python3.12")))
    if uv := shutil.which("uv"):
        done = subprocess.run([uv, "python", "find", "3.12"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            yield done.stdout.strip()


def _validator() -> Path:
    """The site-packages of the validator's environment, which is made where it does not exist yet."""
    done = ENVIRONMENT / "installed"
    if not done.exists() or done.read_text() != " ".join(PACKAGES):
        _install()
        done.write_text(" ".join(PACKAGES))
    return next(ENVIRONMENT.glob("lib*/**/site-packages"))


def _install() -> None:
    instead = (
        "What `dbt build` checks holds: the types of all columns, the values of those with fixed values, no null where "
        "FOCUS forbids it, and the sums."
    )
    python = python_3_12()
    if python is None:
        raise NotValidated(f"Not validated: focus-validator needs Python 3.12, and none was found here. {instead}")
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    pip = [_python(ENVIRONMENT), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    for command in ([python, "-m", "venv", str(ENVIRONMENT)], pip):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotValidated(f"Not validated: focus-validator could not be installed: {_last_line(done)} {instead}")


def _python(environment: Path) -> str:
    return str(environment / "bin" / "python")


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]


def _copy_for_the_validator(path: Path, copy: Path) -> None:
    """Where version 2.2.1 is stricter than the specification, it gets what it accepts.

    It takes ASCII alone for a string, where StringHandling wants Unicode and names as they are. It takes three letters
    alone for a currency, where CurrencyFormat lets a virtual currency have any name; XXX is ISO's code for no currency.
    """
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(path))
        changed = [
            f"""regexp_replace("{name}", '[^\\x00-\\x7F]', '?', 'g') as "{name}\""""
            for name, type_ in zip(rows.columns, rows.types, strict=True)
            if type_ == "VARCHAR" and name != "PricingCurrency"
        ]
        changed.append(
            """case when length("PricingCurrency") = 3 then "PricingCurrency" else 'XXX' end as "PricingCurrency\""""
        )
        rows.project(f"* replace ({', '.join(changed)})").write_parquet(str(copy))


def _read(report: "ElementTree.ElementTree[Any]", rules: dict[str, Any]) -> Validation:
    outcomes = {case.get("name", "").split(" :: ")[0]: [*case] for case in report.iter("testcase")}
    skipped = {rule for rule, found in outcomes.items() if found and found[0].tag == "skipped"}
    failed = {rule: str(found[0].get("message")) for rule, found in outcomes.items() if found and rule not in skipped}
    alternatives = {
        item["ModelRuleId"]
        for rule in outcomes.keys() - failed.keys()
        if (needs := rules[rule]["ValidationCriteria"]["Requirement"]).get("CheckFunction") == "OR"
        for item in needs["Items"]
        if item.get("ModelRuleId") in failed
    }
    failures = [
        f"{rules[rule]['ValidationCriteria']['MustSatisfy']} ({rule}: {message})"
        for rule, message in sorted(failed.items())
        # the parts of a composite rule say more than the rule
        if rule not in alternatives and rules[rule]["Function"] != "Composite"
    ]
    passed = len(outcomes) - len(skipped) - len(failed)
    return Validation(passed, len(skipped), len(alternatives), failures)
