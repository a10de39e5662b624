"""The job: check, read, build the models, say what came of it."""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy
from rich.console import Console
from rich.markup import escape

from lake import finance, leftovers, models, outcomes, summary
from lake.display import Display
from lake.environment import without_collection, without_noise
from lake.errors import Interrupted, LakeError
from lake.outcomes import Outcome
from lake.report import report
from lake.selection import Selected, select
from lake.target import Target, target_of

_WIDTH = 110  # of tables, where no terminal tells


def sync(arguments: argparse.Namespace) -> int:
    """The exit code: 1 when something was not read or built. Raises LakeError and Interrupted."""
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDTH)
    target = target_of(arguments.into, arguments.schema)
    selected = select(arguments.config, arguments.vendors, arguments.streams)
    own = finance.read(arguments.finance)
    # PyAirbyte makes its copies of the keys readable for everybody, so nobody else may enter the folder
    with tempfile.TemporaryDirectory(prefix="unified-usage-") as name:
        folder = Path(name)
        failures = _read(selected, own, target, console, folder, full_refresh=arguments.full_refresh)
        if _holds_streams(target):
            failures["models"] = answer(target, console, folder, Path(arguments.page))
    for who, sentences in failures.items():
        for sentence in sentences:
            _say(console, f"[red]{who} failed:[/] {escape(sentence)}")
    return 1 if any(failures.values()) else 0


def _say(console: Console, text: str) -> None:
    """A sentence: one line in a file, folded between words in a terminal."""
    console.print(text, highlight=False, soft_wrap=not console.is_terminal)


def answer(target: Target, console: Console, folder: Path, path: Path) -> list[str]:
    """Build the models, show the summary and write the page. What failed of it."""
    failures: list[str] = []
    try:
        with console.status("building the models ..."):
            built = models.build(target, folder)
        failures += built.failures
        _say(console, f"\n{'models':<11}{built.said}")
        summary.show(console, target)
        report(target, path)
    except LakeError as error:
        return [*failures, str(error)]
    place, page = escape(target.name), escape(str(path))
    _say(console, f"\nAll of it is in [bold]{place}[/], the page is [bold]{page}[/].")
    return failures


def _read(
    selected: Sequence[Selected],
    own: finance.Tables,
    target: Target,
    console: Console,
    folder: Path,
    *,
    full_refresh: bool,
) -> dict[str, list[str]]:
    """Why something was not read, by vendor. Raises LakeError and Interrupted."""
    jobs = [one for one in selected if one.wanted]
    failures = {one.name: [one.mistake] for one in selected if one.mistake}
    with target.held() as connection:
        leftovers.drop(connection, target.schema)
        finance.write(connection, target.schema, own)
        offered = [(one.name, one.offered) for one in selected]
        outcomes.expect(connection, target.schema, offered, {one.name for one in selected if not one.offered})
        for vendor, (mistake,) in failures.items():
            outcomes.fail(connection, target.schema, vendor, mistake)
        if not jobs:
            return failures
        names = ", ".join(one.name for one in jobs)
        _say(console, f"Reading {names} into {escape(target.name)}.")
        with without_noise(folder), Display(console) as display:
            with without_collection():
                from lake.reading import read_all

            read, stopped_by = read_all(jobs, target, display, folder, full_refresh=full_refresh)
    if stopped_by:
        raise Interrupted(stopped_by)
    return failures | {vendor: _sentences(found) for vendor, found in read.items()}


def _holds_streams(target: Target) -> bool:
    """Whether there is a table to build models of: none before a vendor was read for the first time."""
    engine = target.engine()
    try:
        with target.explained():
            names = sqlalchemy.inspect(engine).get_table_names(schema=target.schema)
    finally:
        engine.dispose()
    return any(not name.startswith("_") for name in names)


def _sentences(found: Sequence[Outcome]) -> list[str]:
    """Why streams were not read whole; one sentence for those that failed for the same reason."""
    streams: dict[str, list[str]] = defaultdict(list)
    first: dict[str, str] = {}
    for one in found:
        if one.outcome != "ok":
            cause = outcomes.cause(one.stream, one.reason)
            first.setdefault(cause, one.reason)
            streams[cause].append(one.stream)
    return [
        first[cause] + (f" The same goes for {', '.join(others)}." if (others := names[1:]) else "")
        for cause, names in streams.items()
    ]
