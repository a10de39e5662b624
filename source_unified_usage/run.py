"""The console command. Help, version and wrong arguments are answered without the slow import of the CDK."""

import argparse
import sys
from collections.abc import Sequence

from source_unified_usage import __version__
from source_unified_usage.startup import import_quickly
from source_unified_usage.stdout import Stdout

_ABOUT = "Airbyte source: usage and cost of many vendors in one schema. Writes Airbyte messages to stdout, one a line."
_FILES = {
    "config": "path of the configuration, a JSON file",
    "catalog": "path of the configured catalog: which streams to read, and how",
    "state": "path of the state that an earlier read left; without it everything is read",
}
_KEPT = "What was read up to the last STATE message is kept, the next sync goes on from there."


def run() -> None:
    """The command `source-unified-usage`: spec, check, discover or read, as the Airbyte protocol defines them."""
    out = Stdout.taken()
    arguments = _parse(sys.argv[1:])
    try:
        out.end_on_signal(_KEPT if arguments.command == "read" else "")
        out.end_with_reader()
        speak = import_quickly("source_unified_usage.entrypoint").speak
    except (OSError, MemoryError, RuntimeError) as error:
        out.end(1, f"The source cannot start: {error or 'out of memory'}.")
    speak(arguments, out)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("source-unified-usage", description=_ABOUT)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="{spec,check,discover,read}")
    for name, about, required, optional in (
        ("spec", "print what the configuration may hold", (), ()),
        ("check", "ask each vendor once whether its credentials are good", ("config",), ()),
        ("discover", "print the streams that the configuration offers", ("config",), ()),
        ("read", "read the streams of a catalog", ("config", "catalog"), ("state",)),
    ):
        command = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        for file in required + optional:
            command.add_argument(f"--{file}", required=file in required, metavar="FILE", help=_FILES[file])
        command.add_argument("--debug", action="store_true", help="log more")
    if not arguments:
        parser.print_help(sys.stderr)
        parser.exit(2)
    parsed = parser.parse_args(arguments)
    if parsed.command is None:
        parser.error(f"a command is missing: {', '.join(commands.choices)}")
    return parsed
