"""The endpoints historical_cost, estimated_cost and projected_cost."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from sandbox.kit import Json
from sandbox.times import HOUR, midnight, stamp
from sandbox.vendors.datadog.catalog import PRODUCTS, ROOT
from sandbox.vendors.datadog.knobs import Knobs
from sandbox.vendors.datadog.periods import RETENTION_MONTHS, first_of, last_of, month_name, offset_stamp, plus_months
from sandbox.vendors.datadog.query import Query, identifier
from sandbox.vendors.datadog.refusals import beyond, plain
from sandbox.vendors.datadog.statements import Group, Line, Statement, Statements, groups

_ESTIMATE_MONTHS = 2


class Costs:
    """Parameters in, envelopes out; the figures are the statements'."""

    def __init__(self, statements: Statements, knobs: Knobs) -> None:
        self._statements, self._knobs = statements, knobs

    def historical(self, query: Query) -> Json:
        asked = _groups(query)
        start = query.start_month()
        oldest = plus_months(query.now.date(), -RETENTION_MONTHS)
        return self._entries(self._statements.closed(start, asked, query.now) if start >= oldest else ())

    def estimated(self, query: Query) -> Json:
        asked = _groups(query)
        if query.text("start_month") and query.text("start_date"):
            raise plain(400, "Only one of start_month and start_date can be specified")
        if query.text("start_date"):
            return self._by_day(query, asked)
        start = query.month("start_month") or first_of(query.now.date())
        query.begun(start)
        oldest = plus_months(query.now.date(), -_ESTIMATE_MONTHS)
        if start < oldest:
            raise beyond("start_month", _ESTIMATE_MONTHS, month_name(oldest))
        return self._entries(self._statements.estimated(start, asked, query.now))

    def projected(self, query: Query) -> Json:
        statements = self._statements.projected(_groups(query), query.now)
        return {"data": [self._projection(statement) for statement in statements]}

    def _by_day(self, query: Query, asked: Sequence[Group]) -> Json:
        """Every day's sums since the first of its month. What comes without `cost_aggregation` is not documented."""
        query.choice("cost_aggregation", ("cumulative",), "")
        start, end = query.day("start_date"), query.day("end_date")
        today = query.now.date()
        if start is None or end is None:
            raise plain(400, "end_date is required")
        if start > today:
            raise plain(400, "Start date cannot be in the future")
        back = plus_months(today, -_ESTIMATE_MONTHS)
        oldest = back.replace(day=min(today.day, monthrange(back.year, back.month)[1]))
        if start < oldest:
            raise beyond("start_date", _ESTIMATE_MONTHS, oldest.isoformat())
        if end < start:
            raise plain(400, f"start_date [{start}] must be before end_date [{end}]")
        found = self._statements.days(start, end, asked, query.now)
        entries = (self._entry(one, midnight(one.start)) for one in found)
        return {"data": sorted(entries, key=lambda entry: str(entry["attributes"]["org_name"]))}

    def _entries(self, statements: Iterable[Statement]) -> Json:
        data = []
        for statement in statements:
            entry = self._entry(statement, self._month_date(statement.start))
            if self._knobs.ragged_costs:
                del entry["attributes"]["date"]
                if statement.org != ROOT:
                    del entry["attributes"]["public_id"]
            data.append(entry)
        return {"data": data}

    def _month_date(self, month: date) -> datetime:
        if self._knobs.cost_date == "arbitrary":
            return midnight(month.replace(day=17)) + 11 * HOUR
        return midnight(last_of(month) if self._knobs.cost_date == "last" else month)

    def _entry(self, statement: Statement, at: datetime) -> Json:
        org = statement.org
        account = {"account_name": org.account[0], "account_public_id": org.account[1]}
        attributes = {
            **({} if org.bare else account),
            "org_name": org.name,
            "public_id": org.public_id,
            "region": org.region,
            "total_cost": _rounded(statement.lines),
            "date": offset_stamp(at) if org.region == "eu" else stamp(at),
            "charges": [self._charge(line) for line in statement.lines],
        }
        identity = identifier("cost", org.public_id, statement.start)
        return {"type": "cost_by_org", "id": identity, "attributes": attributes}

    def _projection(self, statement: Statement) -> Json:
        org = statement.org
        attributes = {
            "org_name": org.name,
            "public_id": org.public_id,
            "region": org.region,
            "projected_total_cost": round(_rounded(statement.lines)),
            "date": stamp(midnight(last_of(statement.start))),
            "charges": [self._charge(line, projected=True) for line in statement.lines],
        }
        identity = identifier("projected", org.public_id, statement.start)
        return {"type": "projected_cost", "id": identity, "attributes": attributes}

    def _charge(self, line: Line, projected: bool = False) -> Json:
        charge: Json = {} if line.product is None else {"product_name": line.product}
        charge |= {"charge_type": line.type, "cost": self._amount(line.micros)}
        function = PRODUCTS[line.product].function if line.product else None
        if function and not projected:
            charge["last_aggregation_function"] = function
        return charge

    def _amount(self, micros: int | None) -> float | str | None:
        if micros is None:
            return None
        amount = Decimal(micros).scaleb(-6)
        return f"{amount:f}" if self._knobs.amounts == "string" else float(amount)


def _groups(query: Query) -> list[Group]:
    view = query.choice("view", ("summary", "sub-org"), "summary")
    return groups(view, query.flag("include_connected_accounts"))


def _rounded(lines: Iterable[Line]) -> float:
    """The sum of an entry, in cents; the parts of a totalled product are not added again."""
    lines = list(lines)
    totalled = {line.product for line in lines if line.type == "total"}
    counted = (line for line in lines if line.type == "total" or line.product not in totalled)
    return round(sum(line.micros or 0 for line in counted) / 10**6, 2)
