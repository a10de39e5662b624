"""`make demo`, with two of the vendors and a proxy that cannot be reached."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from integration_tests import pyairbyte
from integration_tests.harness import ROOT

pytestmark = pyairbyte.needed

PROXY = "http://127.0.0.1:9"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name.lower() != "no_proxy"},
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), PROXY),
    "PYTHONPATH": str(ROOT),
}
TITLES = (
    "Spend per vendor",
    "Top models by tokens, ",
    "Top people by spend, ",
    "What this sync found in the bills",
    "The bills beside the invoices",
    "What is in the database",
    "Rows per stream",
)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=900, check=False
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "secrets.example").symlink_to(ROOT / "secrets.example")
    return tmp_path


@pytest.mark.slow
def test_the_tables_and_the_command_to_try(checkout: Path) -> None:
    done = run([sys.executable, "-m", "demo", "cursor", "scenario"], checkout)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-3000:] + done.stderr[-3000:]
    assert "Warning" not in done.stdout
    assert done.stdout.count("every vendor accepts its credentials") == 2
    assert re.search(r"^cursor +[\d,]+ rows, 16 of 16 streams read, \d+ s$", done.stdout, re.M)
    said = done.stdout.partition("two days later")[2]
    assert sorted(TITLES, key=said.index) == list(TITLES), "the long table comes last"

    day = r"\d{4}-\d\d-\d\d"
    assert re.search(rf"^Top models by tokens, {day} to {day}\s*$", said, re.M)
    bills = re.findall(rf"│ (\w+) +│ (\w+) +│ {day} │ {day} │ +([\d,.]+) │ (USD|CU) ", said)
    assert {(vendor, currency) for vendor, _, _, currency in bills} == {("cursor", "USD"), ("scenario", "CU")}
    totals = re.findall(r"│ total +│ +│ +│ +│ +([\d,.]+) │ (USD|CU) ", said)
    assert sorted(totals) == sorted((net, currency) for _, _, net, currency in bills)
    people = re.findall(r"^│ \S+ +│ ([a-z, ]+?) +│ +[\d,.]+ │ +[\d,.]+ │ (USD|CU) ", said, re.M)
    assert {("cursor", "USD"), ("scenario", "CU")} <= set(people)
    restated = re.findall(r"│ (\w+) +│ \w+ +│ +[1-9]\d* │ +[1-9]\d* │ +-?[\d,.]+ │ (USD|CU) ", said)
    assert set(restated) == {("cursor", "USD"), ("scenario", "CU")}, "days are new, and others corrected"
    invoices = re.findall(rf"│ {day} │ (\w+) +│ +[\d,.]+ │ +[\d,.]+ │ +(\S+) │ (?:USD|CU) ", said)
    assert set(invoices) >= {("cursor", "-40.00"), ("scenario", "0.00")}
    assert {difference for _, difference in invoices} == {"-40.00", "0.00"}
    rows = re.findall(r"^│ ([a-z]+_\w+) +│ +\d+ │ +\d+ │ +\d+ │ +(\d+) │", said, re.M)
    assert ("cursor_usage_events", "0") in rows
    assert {duplicates for _, duplicates in rows} == {"0"}
    assert "</html>" in (checkout / ".demo" / "report.html").read_text()

    (line,) = re.findall(r"^  (\.venv/bin/python -c .+)$", said, re.M)
    tried = run(["bash", "-euc", line], checkout)
    assert (tried.returncode, tried.stderr) == (0, ""), tried.stderr
    assert "start_date" in tried.stdout
    assert len(re.findall(rf"^│ {day} ", tried.stdout, re.M)) == 5


def test_a_vendor_that_it_does_not_know(checkout: Path) -> None:
    done = run([sys.executable, "-m", "demo", "curser"], checkout)
    assert done.returncode == 2
    assert "'curser' is none of claude, confluent, cursor," in done.stderr.splitlines()[-1]
    assert not (checkout / ".demo").exists()
