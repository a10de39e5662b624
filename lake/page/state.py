"""The sections about the data itself: what is there, what is missing, what changed."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from lake.page import charts, figures, queries
from lake.page.parts import Colours, Figure, Folded, Row, Rows, Section, Table, by_currency, legend, title_of

_TOP = 20


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
            key = title_of(row["vendor"]), (row["reason"] or "").replace(row["stream"], "")
            streams.setdefault(key, []).append(row["stream"])
    reasons = {row["stream"]: row["reason"] for row in found}
    return [
        Failure(vendor, names, reasons[names[0]] or "The sync gave no reason.")
        for (vendor, _), names in streams.items()
    ]


def coverage(rows: Rows, schema: str, found: Sequence[Row], last_day: date) -> Section:
    """The calendar of the bills, that of all other streams in a fold, and a table of all streams."""
    sql = [queries.coverage(schema), queries.calendar(schema, last_day)]
    days = rows(sql[1])
    bills = [row for row in days if row["role"] == "bill"]
    others = [row for row in days if row["role"] != "bill"]
    said = []
    if empty := [row["stream"] for row in found if row["status"] in ("empty", "no table")]:
        said.append(f"Without a single row: {', '.join(empty)}.")
    parts: list[Figure | Table | Folded] = []
    if bills:
        parts.append(_calendar(bills, f"Bills, the last {queries.CALENDAR_DAYS} days"))
    if others:
        caption = f"All other streams, the last {queries.CALENDAR_DAYS} days"
        parts.append(Folded(caption, [_calendar(others, caption)]))
    columns = [("Vendor", "text"), ("Stream", "text"), ("Role", "text"), ("Rows", "count"), ("First day", "day")]
    columns += [("Last day", "day"), ("Days without rows", "count"), ("Newest sync", "moment"), ("Status", "text")]
    names = ("stream", "role", "rows", "first_day", "last_day", "days_without_rows", "newest_sync_at", "status")
    body = [(title_of(row["vendor"]), *(row[name] for name in names)) for row in found]
    parts.append(Table(f"All {len(found)} streams", columns, body))
    return Section("coverage", "Coverage", sql, said, parts)


def _calendar(days: Sequence[Row], caption: str) -> Figure:
    marks = [
        {
            "stream": row["stream"],
            "day": f"{row['day']:%Y-%m-%d}",
            "status": row["status"],
            "rows": figures.count(row["rows"]),
        }
        for row in days
    ]
    return Figure(caption, charts.calendar(marks, caption), list(charts.STATUSES.values()))


def changes(rows: Rows, schema: str, colours: Colours) -> Section:
    """What the vendors corrected, by day, and the largest corrections as a table."""
    sql = queries.changes(schema)
    title = "What changed since the sync before"
    found = rows(sql)
    if not found:
        return Section("changes", title, [sql], ["No bill has changed since the sync before."])
    parts: list[Figure | Table] = []
    for currency, some in by_currency(found).items():
        marks = [
            {
                "at": figures.day(row["day"]),
                "part": title_of(row["vendor"]),
                "amount": float(row["difference"]),
                "shown": f"{row['difference']:+,.2f} {currency}",
            }
            for row in sorted(some, key=lambda row: (row["day"], row["stream"]))
        ]
        caption = f"Differences by day of the bill, {currency}"
        spec = charts.columns(marks, colours, caption)
        parts.append(Figure(caption, spec, legend(colours, (mark["part"] for mark in marks))))
        columns = [("Day", "day"), ("Bill", "text"), ("Before", "amount"), ("Now", "amount"), ("Difference", "amount")]
        columns.append(("Kind", "text"))
        names = ("day", "stream", "net_before", "net_now", "difference", "kind")
        body = [[row[name] for name in names] for row in some[:_TOP]]
        shown = f"The {_TOP} largest of {len(some)}" if len(some) > _TOP else "All"
        parts.append(Table(f"{shown} differences, {currency}", columns, body, folded=False))
    return Section("changes", title, [sql], parts=parts)
