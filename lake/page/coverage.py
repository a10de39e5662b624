"""The section about what is there and what is missing, and the streams that failed."""

from collections.abc import Sequence
from typing import NamedTuple

from lake.outcomes import cause
from lake.page import charts, figures, queries
from lake.page.parts import Figure, Folded, Row, Scope, Section, Table, title_of


class Failure(NamedTuple):
    """Streams of a vendor that failed at the last sync for one reason."""

    vendor: str
    streams: Sequence[str]
    reason: str


def failures(found: Sequence[Row]) -> list[Failure]:
    """Of the rows of the coverage; streams with the same reason together."""
    streams: dict[tuple[str, str], list[str]] = {}
    for row in found:
        if row["status"] == "failed":
            key = title_of(row["vendor"]), cause(row["stream"], row["reason"] or "")
            streams.setdefault(key, []).append(row["stream"])
    reasons = {row["stream"]: row["reason"] for row in found}
    return [
        Failure(vendor, names, reasons[names[0]] or "The sync gave no reason.")
        for (vendor, _), names in streams.items()
    ]


def coverage(scope: Scope, found: Sequence[Row]) -> Section:
    """The calendar of the bills, that of all other streams in a fold, and a table of all streams."""
    sql = [queries.coverage(scope.schema), queries.calendar(scope.schema, scope.last_day)]
    days = scope.rows(sql[1])
    bills = [row for row in days if row["role"] == "bill"]
    others = [row for row in days if row["role"] != "bill"]
    said = []
    for sentence, statuses in (("Without a single row", ("empty", "no table")), ("Not read yet", ("not read",))):
        if streams := [row["stream"] for row in found if row["status"] in statuses]:
            said.append(f"{sentence}: {', '.join(streams)}.")
    for row in found:
        if row["role"] == "bill" and row["grain"] == "month" and row["last_day"]:
            held = dict.fromkeys((figures.month(row["first_day"]), figures.month(row["last_day"])))
            said.append(f"{row['stream']} comes by the month and holds {' to '.join(held)}.")
    if days:
        said.append("A day without a mark is before the first or after the last row of its stream.")
    parts: list[Figure | Table | Folded] = []
    if bills:
        parts.append(_calendar(scope, bills, f"Bills, the last {queries.CALENDAR_DAYS} days"))
    if others:
        caption = f"All other streams, the last {queries.CALENDAR_DAYS} days"
        parts.append(Folded(caption, [_calendar(scope, others, caption)]))
    columns = [("Vendor", "text"), ("Stream", "text"), ("Role", "text"), ("Rows", "count"), ("First day", "day")]
    columns += [("Last day", "day"), ("Days without rows", "count"), ("Newest sync", "moment"), ("Status", "text")]
    names = ("stream", "role", "rows", "first_day", "last_day", "days_without_rows", "newest_sync_at", "status")
    body = [(title_of(row["vendor"]), *(row[name] for name in names)) for row in found]
    parts.append(Table(f"All {len(found)} streams", columns, body))
    return Section("coverage", "Coverage", sql, said, parts)


def _calendar(scope: Scope, days: Sequence[Row], caption: str) -> Figure:
    marks = [
        {
            "stream": row["stream"],
            "day": f"{row['day']:%Y-%m-%d}",
            "status": row["status"],
            "rows": figures.count(row["rows"]),
        }
        for row in days
    ]
    first = queries.first_of_calendar(scope.last_day)
    spec = charts.calendar(marks, f"{first:%Y-%m-%d}", f"{scope.last_day:%Y-%m-%d}", caption)
    return Figure(caption, spec, list(charts.STATUSES.values()))
