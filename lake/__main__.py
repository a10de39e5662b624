"""`python -m lake sync`: all vendors of a configuration into a database, and the answers from it."""

import argparse
import signal
import sys
from typing import Any

from lake.errors import Interrupted, LakeError


def main() -> int:
    """The exit code: 0, 1 when something was not read or built, 2 for a wrong command line, 128 + a signal's number."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    arguments = _parse(sys.argv[1:])
    try:
        from lake.sync import sync

        return sync(arguments)
    except LakeError as error:
        print(error, file=sys.stderr)
        return error.code
    except Interrupted as error:
        print("Interrupted. What was read before is kept, the next sync goes on from there.", file=sys.stderr)
        return error.code


def _interrupt(number: int, _: Any) -> None:
    raise Interrupted(number)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m lake", description=__doc__)
    commands = parser.add_subparsers(title="commands", dest="command", required=True)
    about = "Read every vendor of a configuration into a database, build the models there and print a summary."
    command = commands.add_parser("sync", help="read what is new, build the models, print a summary", description=about)
    command.add_argument(
        "--config", default="secrets/config.json", metavar="FILE", help="the configuration (default: %(default)s)"
    )
    command.add_argument(
        "--into",
        default="lake.duckdb",
        metavar="DATABASE",
        help="a DuckDB file, or postgresql://user@host:port/database with the password in PGPASSWORD "
        "(default: %(default)s)",
    )
    command.add_argument("--schema", default="usage", metavar="NAME", help="of the tables (default: %(default)s)")
    command.add_argument("--vendors", nargs="+", default=(), metavar="VENDOR", help="only these")
    command.add_argument("--streams", nargs="+", default=(), metavar="STREAM", help="only these")
    command.add_argument(
        "--full-refresh", action="store_true", help="read everything from start_date on, not only what is new"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
