"""How far one vendor's read is, from the messages that the source writes."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

_RECORD = '{"type":"RECORD"'
# the source's own lines (source_unified_usage/core): how much there is to read, and why a stream waits
_WINDOWS = re.compile(r"(?P<stream>\w+): (?P<count>\d+) windows? to read, ")
_WAITS = re.compile(r"\w+: (?:.*; )?waiting (?P<seconds>\d+) s(?: more)?, (?P<why>.+)")


class Progress:
    """`tell` gets each sentence that is worth a line of its own. `phase`: what is done at the moment."""

    def __init__(self, streams: Sequence[str], tell: Callable[[str], None]) -> None:
        self.streams, self.phase = streams, "starting"
        self.rows, self.shown_at = 0, time.monotonic()
        self._tell = tell
        self._windows: dict[str, int] = {}
        self._read: Counter[str] = Counter()  # windows, by stream
        self._statuses: dict[str, str] = {}
        self._failures: dict[str, str] = {}  # by stream; "" for what concerns all
        self._waits_until, self._why = 0.0, ""

    def hear(self, line: str) -> None:
        """Take one line of the source's output."""
        if line.startswith(_RECORD):
            self.rows += 1
            return
        try:
            message = json.loads(line)
        except ValueError:  # no message of the protocol
            return
        kind = message.get("type")
        if kind == "STATE":
            self._read[message["state"]["stream"]["stream_descriptor"]["name"]] += 1
        elif kind == "LOG":
            self._hear_log(message["log"]["level"], message["log"]["message"])
        elif kind == "TRACE":
            self._hear_trace(message["trace"])

    def ended(self, code: int, said: str) -> None:
        """The process has ended with this exit code and these last words."""
        if code and not self._failures:
            self._failures[""] = said or f"The source ended with exit code {code} before it had read everything."

    def failure_of(self, stream: str, problem: str = "") -> str:
        """Why the stream was not read whole; empty when it was. `problem`: what went wrong outside of the source."""
        if self._statuses.get(stream) == "COMPLETE":
            return ""
        return self._failures.get(stream) or self._failures.get("") or problem or "It was not read."

    def __str__(self) -> str:
        """Streams, windows, rows, and what it waits for."""
        statuses = [*self._statuses.values()]
        parts = [f"{statuses.count('COMPLETE')} of {len(self.streams)} streams"]
        if failed := statuses.count("INCOMPLETE"):
            parts.append(f"{failed} failed")
        if total := sum(self._windows.values()):
            read = sum(min(self._read[stream], count) for stream, count in self._windows.items())
            parts.append(f"{read:,} of {total:,} windows")
        parts.append(f"{self.rows:,} rows")
        text = ", ".join(parts)
        left = self._waits_until - time.monotonic()
        return f"{text}; waiting {left:.0f} s, {self._why}" if left >= 1 else text

    def _hear_log(self, level: str, text: str) -> None:
        if level in ("WARN", "ERROR", "FATAL"):
            self._tell(text.partition("\n")[0])  # the CDK puts a stack trace below what it did not expect
        elif found := _WINDOWS.match(text):
            self._windows[found["stream"]] = int(found["count"])
        elif found := _WAITS.match(text):
            self._waits_until = time.monotonic() + int(found["seconds"])
            self._why = found["why"]

    def _hear_trace(self, trace: dict[str, Any]) -> None:
        if status := trace.get("stream_status"):
            self.phase = "reading"
            if status["status"] != "STARTED":
                self._statuses[status["stream_descriptor"]["name"]] = status["status"]
            if status["status"] in ("COMPLETE", "INCOMPLETE"):
                self._read[status["stream_descriptor"]["name"]] -= 1  # a stream's last state is of no further window
        elif error := trace.get("error"):
            stream = (error.get("stream_descriptor") or {}).get("name", "")
            if stream or not self._failures:  # the last one only sums up the others
                self._failures[stream] = error["message"]
