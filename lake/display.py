"""What a person sees of a running sync: a live table in a terminal, plain lines elsewhere."""

import time

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from typing_extensions import Self

from lake.progress import Progress

_NAME = 11  # characters for the name of a vendor
_EVERY = 30  # seconds between two plain lines of a vendor that reads


class Display:
    """Shared by the threads that read. As a context manager it shows what they do until the block ends."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._followed: dict[str, Progress] = {}
        self._live = Live(
            get_renderable=self._table,
            console=console,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def follow(self, who: str, progress: Progress) -> None:
        """From now on show how far this is."""
        self._followed[who] = progress

    def say(self, who: str, text: str, *, style: str = "") -> None:
        """A line that stays."""
        if self.console.is_terminal:  # folded between words, beside the name
            line = _columns()
            line.add_row(who, Text(text))
            self.console.print(line, style=style, highlight=False)
        else:
            self.console.print(f"{who:<{_NAME}}{escape(text)}", style=style, highlight=False, soft_wrap=True)

    def leave(self, who: str, text: str, *, style: str = "") -> None:
        """The last line about it."""
        self._followed.pop(who, None)
        self.say(who, text, style=style)

    def tick(self) -> None:
        """Where nothing is live, say now and then how far each is."""
        if self.console.is_terminal:
            return
        now = time.monotonic()
        for who, progress in list(self._followed.items()):
            if progress.phase == "reading" and now - progress.shown_at >= _EVERY:
                progress.shown_at = now
                self.say(who, str(progress))

    def _table(self) -> Table:
        """A line for each, whatever it waits for: lines that come and go are hard to read."""
        table = _columns(self.console.width - _NAME - len("^C"))  # which the terminal writes behind it
        for who, progress in list(self._followed.items()):
            phase = "" if progress.phase == "reading" else f"{progress.phase}; "
            table.add_row(f"[bold]{who}", Text(f"{phase}{progress}", no_wrap=True, overflow="ellipsis"))
        return table


def _columns(width: int | None = None) -> Table:
    """A name and what is said of it."""
    table = Table.grid()
    table.add_column(width=_NAME)
    table.add_column(overflow="fold", max_width=width)
    return table
