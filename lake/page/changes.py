"""The section about what the last sync changed."""

from lake.page import charts, figures, queries
from lake.page.parts import Figure, Scope, Section, Table, figure, mark

_TOP = 20


def changes(scope: Scope) -> Section:
    """What the last sync found to be another amount, by day, and the largest differences as a table."""
    sql = queries.changes(scope.schema)
    found = scope.rows(sql)
    said = ["The last sync changed no amount of a bill."]
    if found:
        restated = sum(row["kind"] == "restated" for row in found)
        said = [f"Days of bills: {len(found) - restated} new, {restated} restated."]
    parts: list[Figure | Table] = []
    for currency, some in scope.by_currency(found):
        written = figures.short_day if len({row["day"].year for row in some}) == 1 else figures.day
        marks = [
            {"at": written(row["day"]), **mark(scope, row, row["difference"])}
            for row in sorted(some, key=lambda row: row["day"])
        ]
        caption = f"{currency} by day of the bill"
        parts.append(figure(scope, charts.columns(marks, scope.colours, caption), caption, marks))
        columns = [("Day", "day"), ("Bill", "text"), ("Kind", "text")]
        columns += [("Before", "amount"), ("Now", "amount"), ("Difference", "difference")]
        names = ("day", "stream", "kind", "net_before", "net_now", "difference")
        shown = f"the {_TOP} largest of {len(some)}" if len(some) > _TOP else "all"
        body = [[row[name] for name in names] for row in some[:_TOP]]
        parts.append(Table(f"{currency}, {shown} differences", columns, body))
    return Section("changes", "What the last sync changed", [sql], said, parts)
