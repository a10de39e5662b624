"""The sections about money: by vendor and month, by team, by person."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from lake.page import charts, figures, queries
from lake.page.parts import Figure, Row, Scope, Section, Table, figure, mark, title_of

_TOP = 20
_MONTHS = 6  # in the table; the chart has twelve
_UNASSIGNED, _UNATTRIBUTED = "unassigned", "unattributed"


def vendors(scope: Scope) -> Section:
    """A column for each month, of each currency, and the same as a table."""
    sql = queries.spend(scope.schema, scope.month)
    parts: list[Figure | Table] = []
    for currency, found in scope.by_currency(scope.rows(sql)):
        parts += [_by_month(scope, currency, found), _matrix(found, currency)]
    return Section("vendors", "Spend by vendor", [sql], parts=parts)


def _by_month(scope: Scope, currency: str, found: Sequence[Row]) -> Figure:
    """A column for each month; for a single month, bars."""
    if len({row["month"] for row in found}) > 1:
        marks = [{"at": figures.month(row["month"]), **mark(scope, row, row["net"])} for row in found]
        caption = f"{currency} by vendor and month"
        return figure(scope, charts.columns(marks, scope.colours, caption), caption, marks)
    caption = f"{currency} by vendor, {scope.name}"
    named = [(title_of(row["vendor"]), row) for row in found]
    return _stacked(scope, named, {title_of(name): total for name, total in _totals(found, "vendor").items()}, caption)


def _matrix(found: Sequence[Row], currency: str) -> Table:
    """Vendors in rows, the last months in columns, the newest last; the largest of the newest month first."""
    months = sorted({row["month"] for row in found})[-_MONTHS:]
    net = {(title_of(row["vendor"]), row["month"]): row["net"] for row in found if row["month"] in months}
    names = sorted({name for name, _ in net}, key=lambda name: (-net.get((name, months[-1]), Decimal(0)), name))
    body = [[name, *(net.get((name, month)) for month in months)] for name in names]
    sums = [_sum(row for row in found if row["month"] == month) for month in months]
    columns = [("Vendor", "text"), *((figures.month(month), "amount") for month in months)]
    return Table(f"{currency} by month", columns, [*body, ["Total", *sums]], folded=False, total=True)


def teams(scope: Scope) -> Section:
    """A bar for each team, of each currency; a sentence as long as no team is named."""
    sql = queries.teams(scope.schema, scope.month)
    found = scope.rows(sql)
    said, parts = [], []
    if not found:
        said.append(f"Nothing was spent in {scope.name}.")
    elif {row["team"] for row in found} == {_UNASSIGNED}:
        said.append(
            "No spend belongs to a team yet. Name the teams' people, workspaces, keys or resources in "
            "finance/team_map.csv (dbt/README.md says how), then sync again."
        )
    else:
        parts = list(_bars(scope, "team", found, None))
    return Section("teams", "Spend by team", [sql], said, parts)


def people(scope: Scope) -> Section:
    """A bar for each of those who spent most, of each currency; what names nobody; the vendors' estimates, apart."""
    sql = queries.people(scope.schema)
    found = scope.rows(sql)
    estimates = [row for row in found if row["attribution"] == "estimate"]
    named = [row for row in found if row["attribution"] != "estimate" and row["user_key"] != _UNATTRIBUTED]
    nobody = [row for row in found if row["user_key"] == _UNATTRIBUTED]
    sums = [f"{currency} {figures.amount(_sum(some))}" for currency, some in scope.by_currency(nobody)]
    said = [f"Not attributed to a person in {scope.name}: {', '.join(sums)}."] if sums else []
    if not named:
        said = [f"No bill of {scope.name} names a person."]
    parts = list(_bars(scope, "person", _named(named), _TOP))
    if estimates:
        columns = [("Person", "text"), ("Vendor", "text"), ("Currency", "text"), ("Estimate", "amount")]
        body = [(row["person"], title_of(row["vendor"]), row["currency"], row["net"]) for row in _named(estimates)]
        parts.append(Table("The vendors' estimates for bills that name nobody, not part of any sum", columns, body))
    return Section("people", "Spend by person", [sql], said, parts)


def _named(found: Iterable[Row]) -> list[Row]:
    """With unique names: one that two people have is replaced by the key."""
    keys: dict[str, str] = {}
    return [
        row
        if keys.setdefault(row["person"], row["user_key"]) == row["user_key"]
        else {**row, "person": row["user_key"]}
        for row in found
    ]


def _bars(scope: Scope, by: str, found: Iterable[Row], top: int | None) -> Iterator[Figure | Table]:
    """For each currency a bar for each name, made of vendors, and the same as a table."""
    for currency, rows in scope.by_currency(found):
        totals = _totals(rows, by)
        longest = list(totals)[:top]
        caption = f"{currency} by {by}, {scope.name}"
        if len(totals) > len(longest):
            caption += f": the top {top} of {len(totals)}"
        shown = sorted((row for row in rows if row[by] in longest), key=lambda row: longest.index(row[by]))
        yield _stacked(scope, [(row[by], row) for row in shown], {name: totals[name] for name in longest}, caption)
        columns = [(by.capitalize(), "text"), ("Vendor", "text"), (currency, "amount")]
        yield Table(caption, columns, [(row[by], title_of(row["vendor"]), row["net"]) for row in shown])


def _stacked(scope: Scope, named: Iterable[tuple[str, Row]], totals: Mapping[str, Decimal], caption: str) -> Figure:
    marks = [{"of": name, **mark(scope, row, row["net"])} for name, row in named]
    ends = [{"of": name, "amount": float(total), "shown": figures.amount(total)} for name, total in totals.items()]
    return figure(scope, charts.bars(marks, ends, scope.colours, caption), caption, marks)


def _totals(rows: Iterable[Row], by: str) -> dict[str, Decimal]:
    """Sums by name, the largest first."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row[by]] = sums.get(row[by], Decimal(0)) + row["net"]
    return {name: sums[name] for name in sorted(sums, key=lambda name: (-sums[name], name))}


def _sum(rows: Iterable[Row]) -> Decimal:
    return sum((row["net"] for row in rows), Decimal(0))
