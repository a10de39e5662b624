"""`python -m benchmarks.memory [--write] [stream ...]`: peak memory of a sync whose days are as large as the largest's.

`--write` puts what was measured into the table of RESULTS.md.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.large_days import ACTIONS, CHANGES, COMMITS, MODELS, POINTS
from benchmarks.large_vendors import BUCKET, EVENTS, LINES, PEOPLE
from benchmarks.measuring import HERE, measure
from scripts.marked import between

RESULTS = HERE / "RESULTS.md"
BEGIN = "<!-- windows: begin, written by `make bench` and `python -m benchmarks.memory --write` -->"
END = "<!-- windows: end -->"
MOST = 200  # MB that a sync may take
ABOUT = (
    "One stream each, its days as large as the largest customers': windows are read in parts of about 20,000 rows, or "
    f"their rows wait compressed, and a sync takes {MOST} MB at most."
)


class Case(NamedTuple):
    """One stream, the days before today that are read of it, and what is so large."""

    stream: str
    days: int
    size: str
    rows: int


CASES = (
    Case("cursor_usage_events", 1, f"{EVENTS:,} events a day", EVENTS),
    Case("openai_usage_completions", 31, f"{BUCKET:,} rows a day", 31 * BUCKET),
    Case("confluent_costs", 31, f"{LINES:,} lines a month", LINES // 31 * 31),
    Case("claude_user_usage", 7, f"{PEOPLE:,} people a day", 7 * PEOPLE),
    Case("claude_user_cost", 7, f"{PEOPLE:,} people a day", 7 * PEOPLE),
    Case("claude_spend", 7, f"{PEOPLE:,} people a day", 7 * PEOPLE),
    Case("claude_user_activity", 2, f"{PEOPLE:,} people a day", 2 * PEOPLE),
    Case("claude_chat_projects", 2, f"{PEOPLE:,} projects a day", 2 * PEOPLE),
    Case("claude_code_usage", 2, f"{PEOPLE:,} people a day", 2 * PEOPLE),
    Case("claude_api_usage", 7, f"{BUCKET:,} rows a day", 7 * BUCKET),
    Case("claude_api_cost", 31, f"{BUCKET:,} rows a day", 31 * BUCKET),
    Case("openai_costs", 31, f"{BUCKET:,} rows a day", 31 * BUCKET),
    Case("openai_codex_usage", 8, f"{PEOPLE:,} people a day", 8 * PEOPLE),
    Case("cursor_ai_code_changes", 1, f"{PEOPLE * CHANGES:,} changes a day", PEOPLE * CHANGES),
    Case("cursor_daily_usage", 30, f"{PEOPLE:,} people a day", 30 * PEOPLE),
    Case("cursor_ai_code_commits", 2, f"{PEOPLE * COMMITS:,} commits a day", 2 * PEOPLE * COMMITS),
    Case("github_ai_usage", 3, f"{PEOPLE * MODELS:,} rows a day", 3 * PEOPLE * MODELS),
    Case("github_copilot_user_activity", 2, f"{PEOPLE:,} people a day", 2 * PEOPLE),
    Case("github_billing_usage", 2, f"{PEOPLE:,} rows a day", 2 * PEOPLE),
    Case("confluent_metrics_usage", 7, f"{POINTS:,} principals and clusters", 2 * 6 * POINTS),
)
LONG = (  # measured by name only: they take a minute or more each
    Case("cursor_analytics_models", 30, f"{PEOPLE:,} people a day", 30 * PEOPLE),
    Case("scenario_activity", 5, f"{ACTIONS:,} actions a day", 5 * ACTIONS - 5),
    Case("github_ai_credits_by_user", 3, f"{PEOPLE:,} people a day", 3 * PEOPLE * MODELS),
)


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[str]:
    """The address of a server that runs in a process of its own; its first argument is the port."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", module, str(port), *arguments])
    try:
        while process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("localhost", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait()


def read(case: Case, url: str, folder: Path) -> tuple[int, float, float]:
    """Rows, seconds and peak MB of the source's process. Raises RuntimeError when it fails or rows are missing."""
    yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
    keys: Mapping[str, Any] = {
        "cursor": {"api_key": "crsr_benchmark_key", "enterprise": True},
        "openai": {
            "admin_api_key": "sk-admin-benchmark",
            "include_names": False,
            "codex": {"api_key": "sk-benchmark", "workspace_id": "benchmark", "base_url": url},
        },
        "confluent": {
            "api_key": "BENCHMARK",
            "api_secret": "benchmark-secret",
            "include_metrics": True,
            "metrics_base_url": url,
        },
        "claude": {"analytics_api_key": "sk-ant-api01-benchmark", "admin_api_key": "sk-ant-admin01-benchmark"},
        "github": {"token": "ghp_benchmark", "enterprise": "acme", "include_user_ai_credits": True},
        "scenario": {"api_key": "benchmark", "api_secret": "benchmark-secret", "include_activity": True},
    }
    vendor = case.stream.partition("_")[0]
    first = yesterday - timedelta(days=case.days - 1)
    config = {"start_date": str(first), "end_date": str(yesterday), vendor: {**keys[vendor], "base_url": url}}
    stream = {"name": case.stream, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
    configured = {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
    arguments: list[str] = []
    for name, content in (("config", config), ("catalog", {"streams": [configured]})):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        arguments += [f"--{name}", str(path)]
    out = folder / "out.jsonl"
    took = measure([sys.executable, "-m", "benchmarks.unlimited_source", "read", *arguments], out)
    with out.open("rb") as lines:
        rows = sum(line.startswith(b'{"type":"RECORD"') for line in lines)
    if rows < case.rows:
        raise RuntimeError(f"{case.stream}: {rows} rows of {case.rows}")
    return rows, took.wall, took.memory


def measured(cases: tuple[Case, ...] = CASES) -> dict[str, str]:
    """The lines of the table by their streams."""
    lines = {}
    with serving("benchmarks.large_vendors") as url, tempfile.TemporaryDirectory() as folder:
        for case in cases:
            rows, wall, top = read(case, url, Path(folder))
            if top > MOST:
                raise RuntimeError(f"{case.stream} took {top:.0f} MB, more than {MOST}")
            lines[case.stream] = f"| `{case.stream}` | {case.size} | {rows:,} | {wall:.1f} | {top:.0f} |"
            print(f"  {case.stream}, {case.size}: {rows:,} rows, {wall:.1f} s, {top:.0f} MB", flush=True)
    return lines


def table(lines: Mapping[str, str], page: str) -> str:
    """Memory against the size of the window, with its marks; what was not measured now is as the page has it."""
    known = [line for line in between(page, BEGIN, END).splitlines() if line.startswith("| `")]
    lines = {**{line.split("`")[1]: line for line in known}, **lines}
    rows = [lines[case.stream] for case in (*CASES, *LONG) if case.stream in lines]
    head = ["| stream | size | rows read | wall s | peak MB |", "|---|---|---:|---:|---:|"]
    return "\n".join([BEGIN, "", *head, *rows, "", END])


def main() -> None:
    names = {*sys.argv[1:]} - {"--write"}
    if unknown := names - {case.stream for case in (*CASES, *LONG)}:
        sys.exit(f"no case: {', '.join(sorted(unknown))}")
    lines = measured(tuple(case for case in (*CASES, *LONG) if case.stream in names) or CASES)
    if "--write" in sys.argv:
        page = RESULTS.read_text(encoding="utf-8")
        written = page.replace(between(page, BEGIN, END), table(lines, page))
        RESULTS.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
