"""What a person sees of a running sync, in a terminal and in a file."""

import io
import json
import signal

import pytest
from rich.console import Console

from lake.display import Display
from lake.environment import ENDING, without_collection
from lake.errors import Interrupted
from lake.progress import Progress

REFUSED = "Datadog, stream datadog_cost: 403 'No [access] for you'. Put another key into datadog.application_key."


def shown(width: int, *, terminal: bool) -> list[str]:
    """The lines of a vendor's message."""
    out = io.StringIO()
    Display(Console(file=out, width=width, force_terminal=terminal, color_system=None)).say("datadog", REFUSED)
    return out.getvalue().splitlines()


def test_a_long_message_is_one_line_in_a_file_and_is_folded_between_words_in_a_terminal() -> None:
    assert shown(60, terminal=False) == [f"datadog    {REFUSED}"]
    first, *others = [line.rstrip() for line in shown(60, terminal=True)]
    assert first.startswith("datadog    Datadog, stream ")
    assert all(line.startswith(" " * 11) for line in others)
    assert " ".join(line[11:] for line in (first, *others)) == REFUSED


def test_each_vendor_has_one_line_while_it_is_read() -> None:
    out = io.StringIO()
    console = Console(file=out, width=60, force_terminal=True, color_system=None)
    display = Display(console)
    for vendor in ("claude", "cursor"):
        progress = Progress([vendor], print)
        display.follow(vendor, progress)
        wait = f"{vendor}: waiting 36 s, then asking again after: 429 {'too many requests ' * 9}"
        progress.hear(json.dumps({"type": "LOG", "log": {"level": "INFO", "message": wait}}))
        progress.phase = "reading"
    progress.phase = "waiting for the database"
    console.print(display._table())
    first, second = out.getvalue().splitlines()
    assert first.startswith("claude     0 of 1 streams, 0 rows; waiting 3")
    assert second.startswith("cursor     waiting for the database; 0 of 1 streams, 0 ro")
    assert max(map(len, (first, second))) <= 58, "the terminal echoes ^C behind the last line"
    assert first.rstrip().endswith("…")


def test_a_signal_waits_until_the_imports_are_done() -> None:
    """Packages that are interrupted while they are imported raise whatever they miss then."""
    from lake.__main__ import _interrupt

    before = {one: signal.signal(one, _interrupt) for one in ENDING}
    done = []

    def imports() -> None:
        with without_collection():
            signal.raise_signal(signal.SIGINT)
            done.append("imported")

    try:
        with pytest.raises(Interrupted) as caught:
            imports()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert (done, caught.value.code) == (["imported"], 130)
