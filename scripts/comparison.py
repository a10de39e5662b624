"""The requests and round trips of a sync before and now, for `benchmarks/RESULTS.md`: `make requests`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.round_trips import DAYS, Trips

BEGIN, END = "<!-- requests: begin, written by `make requests` -->", "<!-- requests: end -->"
Counts = Mapping[str, Sequence[int]]  # by stream: requests of the backfill, of the daily sync

_BEFORE: dict[str, Any] = json.loads((Path(__file__).parent / "before.json").read_text(encoding="utf-8"))
ABOUT = """\
## Requests and round trips, before and now

Before is commit b44f641, now is this version. Both read the same simulated customer of 24 people: first 90 days, then
the sync one day later. Streams that are not named make as many requests as before."""
ABOUT_TRIPS = f"""\
Round trips are what a sync lasts where answers are late: requests that are under way at the same time count once.
Counted in a first sync of {DAYS} days of all streams, 6 people. "Bill" is the trip that brings the last answer that
the bill needs, "alone" how many trips it takes without the other streams. Nothing else is asked until the bill is
whole, so the slots that it does not use stay empty meanwhile. Claude, Confluent and Datadog are left out: with one key
they are asked one request at a time, before and now."""


def section(now: Mapping[str, Counts], trips: Mapping[str, Sequence[Trips]]) -> str:
    """What stands between the marks."""
    return f"\n\n{ABOUT}\n\n{requests(now)}\n{ABOUT_TRIPS}\n\n{round_trips(trips)}\n"


def requests(now: Mapping[str, Counts]) -> str:
    """Each vendor in all, then its streams whose requests are not as many as before."""
    lines = ["| Vendor | Stream | Backfill, before | now | Daily, before | now |", "|---|---|---:|---:|---:|---:|"]
    for vendor, counts in now.items():
        before: Counts = _BEFORE["requests"].get(vendor, {})
        lines.append(_line(vendor, "**all**", _sum(before.values()), _sum(counts.values())))
        lines += [
            _line(vendor, f"`{name}`", before.get(name), counts.get(name))
            for name in {**counts, **before}
            if [*before.get(name, ())] != [*counts.get(name, ())]
        ]
    return "\n".join(lines) + "\n"


def round_trips(found: Mapping[str, Sequence[Trips]]) -> str:
    lines = ["| Vendor | All, before | now | Bill | Bill, now | alone |", "|---|---:|---:|---|---:|---:|"]
    for vendor, before in _BEFORE["round_trips"].items():
        for trips in found[vendor]:
            bill = " ".join(f"`{name}`" for name in trips.bills)
            lines.append(f"| {vendor} | {before} | {trips.all} | {bill} | {trips.bill} | {trips.alone} |")
    return "\n".join(lines) + "\n"


def _sum(counts: Iterable[Sequence[int]]) -> list[int]:
    return [sum(part) for part in zip(*counts, strict=True)]


def _line(vendor: str, stream: str, before: Sequence[int] | None, now: Sequence[int] | None) -> str:
    """A stream that there was not, or that there is no longer, has no figures."""
    first, second = before or ("", ""), now or ("", "")
    return f"| {vendor} | {stream} | {first[0]} | {second[0]} | {first[1]} | {second[1]} |"
