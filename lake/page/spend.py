"""The sections about money: by vendor and month, by team, by person, and the budgets."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from lake.page import charts, figures, queries
from lake.page.charts import Marks
from lake.page.parts import Colours, Figure, Row, Rows, Section, Table, by_currency, legend, title_of

_TOP = 20
_MONTHS = 6  # in the table; the chart has twelve
_NOBODY = "unassigned"


def vendors(rows: Rows, schema: str, month: date, colours: Colours) -> Section:
    """A column for each month, of each currency, and the same as a table."""
    sql = queries.spend(schema, month)
    parts: list[Figure | Table] = []
    for currency, found in by_currency(rows(sql)).items():
        marks = [
            {
                "at": figures.month(row["month"]),
                "part": title_of(row["vendor"]),
                "amount": float(row["net"]),
                "shown": f"{figures.amount(row['net'])} {currency}",
            }
            for row in sorted(found, key=lambda row: (row["month"], title_of(row["vendor"]).lower()))
        ]
        caption = f"Spend by vendor and month, {currency}"
        parts += [_figure(charts.columns(marks, colours, caption), caption, colours, marks), _matrix(found, currency)]
    return Section("vendors", "Spend by vendor", [sql], parts=parts)


def _matrix(found: Sequence[Row], currency: str) -> Table:
    """Vendors in rows, the last months in columns, the newest last; the largest of the newest month first."""
    months = sorted({row["month"] for row in found})[-_MONTHS:]
    net = {(title_of(row["vendor"]), row["month"]): row["net"] for row in found if row["month"] in months}
    names = sorted({name for name, _ in net}, key=lambda name: (-net.get((name, months[-1]), Decimal(0)), name))
    body = [[name, *(net.get((name, month)) for month in months)] for name in names]
    sums = [sum((net.get((name, month), Decimal(0)) for name in names), Decimal(0)) for month in months]
    columns = [("Vendor", "text"), *((figures.month(month), "amount") for month in months)]
    return Table(f"{currency} by month", columns, [*body, ["Total", *sums]], folded=False, total=True)


def teams(rows: Rows, schema: str, month: date, colours: Colours) -> Section:
    """A bar for each team, of each currency; a sentence as long as no team is named."""
    sql = queries.teams(schema, month)
    found = rows(sql)
    if not found:
        said = [f"Nothing was spent in {figures.month(month)}."]
        return Section("teams", "Spend by team", [sql], said)
    if {row["team"] for row in found} == {_NOBODY}:
        said = [
            "No spend belongs to a team yet. Name the teams' people, workspaces, keys or resources in "
            "dbt/seeds/team_map.csv, then build the models again."
        ]
        return Section("teams", "Spend by team", [sql], said)
    parts = _bars(found, "team", f"by team, {figures.month(month)}", colours, None)
    return Section("teams", "Spend by team", [sql], parts=parts)


def people(rows: Rows, schema: str, month: date, colours: Colours) -> Section:
    """A bar for each of those who spent most, of each currency."""
    sql = queries.people(schema)
    found = rows(sql)
    said = ["Only what names a person is here: many bills do not."]
    if not found:
        said = [f"No bill names a person in {figures.month(month)}."]
    parts = _bars(found, "person", f"by person, {figures.month(month)}", colours, _TOP)
    return Section("people", "Spend by person", [sql], said, parts)


def budgets(rows: Rows, schema: str, month: date) -> Section:
    """The budgets of the month, those used up most first."""
    sql = queries.budgets(schema, month)
    body = [
        (
            row["team"] or "all teams",
            title_of(row["vendor"]) if row["vendor"] else "all vendors",
            row["currency"],
            *(row[name] for name in ("budget", "spent", "share", "run_rate")),
        )
        for row in rows(sql)
    ]
    if not body:
        said = [f"No budget is set for {figures.month(month)}. Write budgets into dbt/seeds/budgets.csv."]
        return Section("budgets", "Budgets", [sql], said)
    columns = [
        ("Team", "text"),
        ("Vendor", "text"),
        ("Currency", "text"),
        ("Budget", "amount"),
        ("Spent", "amount"),
        ("Used", "share"),
        ("Run rate to month's end", "amount"),
    ]
    caption = f"Budgets of {figures.month(month)}"
    return Section("budgets", "Budgets", [sql], parts=[Table(caption, columns, body, folded=False)])


def _bars(found: Iterable[Row], name: str, caption: str, colours: Colours, top: int | None) -> list[Figure | Table]:
    """For each currency a bar for each name, made of vendors, the longest first, and the same as a table."""
    parts: list[Figure | Table] = []
    for currency, rows in by_currency(found).items():
        totals: dict[str, Decimal] = {}
        for row in rows:
            totals[row[name]] = totals.get(row[name], Decimal(0)) + row["net"]
        longest = sorted(totals, key=lambda one: (-totals[one], one))[:top]
        shown = f"{'Top ' + str(top) + ' ' if len(totals) > len(longest) else ''}{currency} {caption}"
        marks = [
            {
                "of": row[name],
                "part": title_of(row["vendor"]),
                "amount": float(row["net"]),
                "shown": f"{figures.amount(row['net'])} {currency}",
                "place": list(colours).index(title_of(row["vendor"])),
            }
            for row in rows
            if row[name] in longest
        ]
        ends = [{"of": one, "amount": float(totals[one]), "shown": figures.amount(totals[one])} for one in longest]
        parts.append(_figure(charts.bars(marks, ends, colours, shown), shown, colours, marks))
        columns = [(name.capitalize(), "text"), ("Vendor", "text"), (currency, "amount")]
        order = sorted((row for row in rows if row[name] in longest), key=lambda row: longest.index(row[name]))
        body = [(row[name], title_of(row["vendor"]), row["net"]) for row in order]
        parts.append(Table(shown, columns, body))
    return parts


def _figure(spec: charts.Spec, caption: str, colours: Colours, marks: Marks) -> Figure:
    return Figure(caption, spec, legend(colours, (mark["part"] for mark in marks)))
