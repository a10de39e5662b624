"""`python -m lake sync`: all vendors of a configuration into a database, with the answers. `report`: only the page."""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lake.environment import ENDING, FINANCE, without_collection
from lake.errors import Interrupted, LakeError


def main() -> int:
    """The exit code: 0, 1 when something was not read or built, 2 for a wrong command line, 128 + a signal's number."""
    for number in ENDING:
        signal.signal(number, _interrupt)
    arguments = _parse(sys.argv[1:])
    try:
        return int(arguments.run(arguments))
    except LakeError as error:
        print(error, file=sys.stderr)
        return error.code
    except OSError as error:  # of stdout, or of the folder for temporary files
        print(f"{error.filename or 'The output'} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    except Interrupted as error:
        print("Interrupted. What was read is kept, the next sync goes on from there.", file=sys.stderr)
        return error.code


def _interrupt(number: int, _: Any) -> None:
    raise Interrupted(number)


def _sync(arguments: argparse.Namespace) -> int:
    with without_collection():
        from lake.sync import sync

    return sync(arguments)


def _report(arguments: argparse.Namespace) -> int:
    from lake.report import report
    from lake.target import target_of

    report(target_of(arguments.into, arguments.schema), Path(arguments.page))
    print(f"{arguments.page} is written.")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m lake", description=__doc__)
    commands = parser.add_subparsers(title="commands", dest="command", required=True)
    about = "read every vendor of a configuration into a database, build the models there, print a summary"
    sync = _command(commands, "sync", about, _sync)
    sync.add_argument(
        "--config", default="secrets/config.json", metavar="FILE", help="the configuration (default: %(default)s)"
    )
    sync.add_argument("--vendors", nargs="+", default=(), metavar="VENDOR", help="read only these")
    sync.add_argument("--streams", nargs="+", default=(), metavar="STREAM", help="read only these")
    sync.add_argument(
        "--full-refresh", action="store_true", help="read everything from start_date on, not only what is new"
    )
    sync.add_argument(
        "--finance",
        default=FINANCE,
        metavar="FOLDER",
        help="team_map.csv, budgets.csv and invoices.csv of yours, each if you have it (default: %(default)s)",
    )
    _command(commands, "report", "write the page again from the models of the last sync", _report)
    return parser.parse_args(arguments)


def _command(commands: Any, name: str, about: str, run: Callable[[argparse.Namespace], int]) -> Any:
    """A command with the options that both have."""
    command = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    command.set_defaults(run=run)
    command.add_argument(
        "--into",
        default="lake.duckdb",
        metavar="DATABASE",
        help="a DuckDB file, or postgresql://user@host:port/database with the password in PGPASSWORD "
        "(default: %(default)s)",
    )
    command.add_argument("--schema", default="usage", metavar="NAME", help="of the tables (default: %(default)s)")
    command.add_argument("--page", default="report.html", metavar="FILE", help="the page (default: %(default)s)")
    return command


if __name__ == "__main__":
    sys.exit(main())
