"""What happens next with one window of a stream. It is decided here by pure functions; `reading.py` carries it out."""

from dataclasses import dataclass

from pendulum import DateTime

from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.window import Window

# When two windows fail in a row, the fault is hardly in the windows: the stream stops.
FAILURES_IN_A_ROW = 2


@dataclass(frozen=True)
class Bounds:
    """Which days of a stream the vendor has, as its answers have said so far.

    `retained_from`: nothing older is kept. `provisional_from`: figures are incomplete from here on. `available_until`:
    there are no figures yet from here on.
    """

    retained_from: DateTime | None = None
    provisional_from: DateTime | None = None
    available_until: DateTime | None = None

    def within(self, window: Window) -> Window:
        """The part that the vendor serves; empty where there is none."""
        start = max(window.start, self.retained_from or window.start)
        end = min(window.end, self.available_until or window.end)
        return Window(start, max(start, end))


# --- outcomes: what has become of a window so far


@dataclass(frozen=True)
class Unread:
    """It was not asked for yet, or not again since its bounds changed."""


@dataclass(frozen=True)
class Complete:
    """Its last row is written."""


@dataclass(frozen=True)
class RetainedFrom:
    """The vendor refused it and named the oldest day that it keeps."""

    day: DateTime


@dataclass(frozen=True)
class Failed:
    """`partly`: only a part of what the stream reads failed, the rest of the window is written."""

    error: Exception
    partly: bool = False


Outcome = Unread | Complete | RetainedFrom | Failed


# --- decisions: what to do now


@dataclass(frozen=True)
class Ask:
    """Read this part of the window."""

    part: Window


@dataclass(frozen=True)
class Written:
    """This part of the window counts as read from now on; it may be empty."""

    part: Window


@dataclass(frozen=True)
class Again:
    """Take `day` as the oldest day that is kept, and decide again."""

    day: DateTime


@dataclass(frozen=True)
class Contradicted:
    """The vendor refuses a day that it says it keeps; that is a failure."""

    day: DateTime


@dataclass(frozen=True)
class Skip:
    """Leave the window open and go on with the next one."""


@dataclass(frozen=True)
class Stop:
    """Leave the window and all that follow open: the stream asks nothing more in this sync."""


Decision = Ask | Written | Again | Contradicted | Skip | Stop


def decide(window: Window, *, closed: DateTime, bounds: Bounds, failed_in_a_row: int, outcome: Outcome) -> Decision:
    """Section numbers are those of the contract: 3 time, 8 errors.

    `closed`: the end of the last day or month that is over. `failed_in_a_row`: how many windows failed just before this
    one. A snapshot's window is an instant and so is empty; `available_until` does not apply to it.
    """
    match outcome:
        case Unread():
            # 3: days that the vendor no longer keeps are no error, and nothing asks for them
            if bounds.retained_from is not None and window.end <= bounds.retained_from:
                return Skip()
            # 3: what the vendor has not published yet stays open, without an error
            if bounds.available_until is not None and bounds.available_until <= window.start and not window.empty:
                return Skip()
            return Ask(Window(max(window.start, bounds.retained_from or window.start), window.end))
        case RetainedFrom(day):
            # 8: never a loop. A day later than the one asked for is no contradiction: midnight may have passed
            if day <= max(window.start, bounds.retained_from or window.start):
                return Contradicted(day)
            return Again(day)
        case Complete():
            # 3: an open day never counts as read, nor do days that the vendor calls incomplete or does not have yet
            ends = (window.end, closed, bounds.provisional_from, bounds.available_until)
            start = max(window.start, bounds.retained_from or window.start)
            return Written(Window(start, max(start, min(end for end in ends if end is not None))))
        case Failed(partly=True):
            # 8: what a second credential reads comes all the same, and the window counts only when both have
            return Skip()
        case Failed(error):
            return Stop() if stops(error, failed_in_a_row + 1) else Skip()


def stops(error: Exception, failed_in_a_row: int) -> bool:
    """8: what the user must fix fails every window; anything else may fail this one alone, the last in the row."""
    return isinstance(error, ConfigError) or failed_in_a_row >= FAILURES_IN_A_ROW
