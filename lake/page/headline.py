"""The month to date: a card for each currency, and the budgets; the invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lake.page import queries
from lake.page.parts import Row, Scope, Section, Table, title_of

_ADVICE = "Write budgets into finance/budgets.csv (dbt/README.md says how), then sync again."


@dataclass(frozen=True)
class Card:
    """`budget`, `share`: of the budget that is for all teams and vendors, if there is one."""

    currency: str
    spent: Decimal
    run_rate: Decimal
    month_before: Decimal | None
    budget: Decimal | None
    share: Decimal | None

    @property
    def is_money(self) -> bool:
        """Whether it is a currency of ISO 4217 and not a unit of a vendor, as Scenario's CU."""
        return len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()

    @property
    def is_over(self) -> bool:
        """Whether the budget will be too small if the month goes on like this."""
        return self.budget is not None and self.run_rate > self.budget


def cards(spent: Sequence[Row], budgets: Sequence[Row]) -> list[Card]:
    """From the rows of the two queries, in the order of the first."""
    whole = {row["currency"]: row for row in budgets if row["team"] is None and row["vendor"] is None}
    return [Card(**{"budget": None, "share": None, **row, **_of(whole.get(row["currency"], {}))}) for row in spent]


def _of(budget: Row) -> Row:
    return {name: budget[name] for name in ("budget", "share", "run_rate") if budget.get(name) is not None}


def budgets(scope: Scope, found: Sequence[Row]) -> Section:
    """All budgets of the month, those used up most first."""
    sql = queries.budgets(scope.schema, scope.month)
    said = [] if found else [f"No budget is set for {scope.name}. {_ADVICE}"]
    columns = [("Team", "text"), ("Vendor", "text"), ("Currency", "text")]
    columns += [("Budget", "amount"), ("Spent", "amount"), ("Used", "share"), ("Run rate", "amount")]
    body = [
        (
            row["team"] or "all teams",
            title_of(row["vendor"]) if row["vendor"] else "all vendors",
            *(row[name] for name in ("currency", "budget", "spent", "share", "run_rate")),
        )
        for _, rows in scope.by_currency(found)
        for row in rows
    ]
    parts = [Table(f"Budgets, {scope.name}", columns, body, folded=False)] if body else []
    return Section("budgets", "Budgets", [sql], said, parts)


def invoices(scope: Scope) -> Section:
    """What the vendors invoiced, beside the bills of the same month."""
    sql = queries.invoices(scope.schema)
    found = scope.rows(sql)
    said = ["The difference is what the bills that were read have more, or less, than the invoice."]
    if not found:
        said = ["No invoice is there to compare with. Write them into finance/invoices.csv (dbt/README.md says how)."]
    columns = [("Vendor", "text"), ("Month", "month"), ("Currency", "text")]
    columns += [("Bills", "amount"), ("Invoice", "amount"), ("Difference", "difference"), ("Share", "percent")]
    names = ("month", "currency", "net", "invoice", "difference", "share")
    body = [
        (title_of(row["vendor"]), *(row[name] for name in names))
        for _, rows in scope.by_currency(found)
        for row in rows
    ]
    parts = [Table("Bills and invoices", columns, body, folded=False)] if body else []
    return Section("invoices", "Invoices", [sql], said, parts)
