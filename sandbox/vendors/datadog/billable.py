"""The billable summary of a month."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.kit import Json, grouped
from sandbox.times import DAY, HOUR, midnight, stamp
from sandbox.vendors.datadog.catalog import OWN, PARTNER, ROOT, Organization, Product
from sandbox.vendors.datadog.knobs import Knobs
from sandbox.vendors.datadog.periods import last_of, offset_stamp, plus_months
from sandbox.vendors.datadog.quantities import Quantities, products
from sandbox.vendors.datadog.query import Query

# Keys whose figures are known for the account only, or not at all.
_ACCOUNT_ONLY = "sds"
_UNMEASURED = "cspm_host"
# A key that the OpenAPI document does not know, and that does not name its billing dimension.
_UNDOCUMENTED = "error_tracking"


@dataclass(frozen=True)
class Billable:
    """One key of one organization; None where the answer has no figure."""

    org: Organization
    product: Product
    org_units: int | None
    account_units: int | None
    committed: int


class BillableUsage:
    """What a month's billing is measured on."""

    def __init__(self, quantities: Quantities, knobs: Knobs) -> None:
        self._quantities, self._knobs = quantities, knobs

    def answer(self, query: Query) -> Json:
        month = query.strict_month("month")
        query.begun(month)
        query.retained(month)
        rows = self.rows(month, query.flag("include_connected_accounts"), query.now)
        by_org = grouped(rows, lambda row: row.org.public_id)
        return {"usage": [self._entry(month, rows, query.now) for rows in by_org.values()]}

    def rows(self, month: date, connected: bool, now: datetime) -> Iterator[Billable]:
        """The root's row is for the whole account, unless its children are listed beside it."""
        listed = OWN if self._knobs.billable_children else (ROOT,)
        accounts = [(listed, OWN), *([((PARTNER,), (PARTNER,))] if connected else [])]
        for orgs, members in accounts:
            for org in orgs:
                for product in products(org):
                    account = self._units(members, product, month, now)
                    own = self._units((org,), product, month, now) if len(orgs) > 1 else account
                    if account is None:
                        continue
                    if product.name == _UNMEASURED:
                        own = account = None
                    if product.name == _ACCOUNT_ONLY:
                        own = None
                    committed = sum(self._quantities.commitment(one, product) for one in _using(members, product))
                    yield Billable(org, product, own, account, committed)

    def shared(self, row: Billable) -> bool:
        """Whether the account has further entries, so that its figures are not the entry's."""
        return self._knobs.billable_children and row.org != PARTNER

    def _units(self, members: tuple[Organization, ...], product: Product, month: date, now: datetime) -> int | None:
        known = [
            units
            for org in _using(members, product)
            if (units := self._quantities.units(org, product, last_of(month), now)) is not None
        ]
        return sum(known) if known else None

    def _entry(self, month: date, rows: list[Billable], now: datetime) -> Json:
        org = rows[0].org
        first = max(month, self._quantities.world.first_day)
        known = min(midnight(plus_months(month, 1)), self._quantities.horizon(now))
        last_hour = (known - HOUR).replace(minute=0, second=0, microsecond=0)
        hours = {
            "elapsed_usage_hours": (known - midnight(first)) // HOUR,
            "first_billable_usage_hour": stamp(midnight(first)),
            "last_billable_usage_hour": stamp(max(last_hour, midnight(first))),
        }
        last_day = (known - timedelta(microseconds=1)).date()
        spelled = stamp if org == ROOT else offset_stamp
        return {
            "account_name": org.account[0],
            "account_public_id": org.account[1],
            "org_name": org.name,
            "public_id": org.public_id,
            "region": org.region,
            "num_orgs": len(OWN) if org == ROOT else 1,
            "ratio_in_month": round(((last_day - month) + DAY) / (plus_months(month, 1) - month), 4),
            "start_date": spelled(midnight(month)),
            "end_date": spelled(midnight(last_day)),
            "datacenter": f"{org.region}1.prod.dog",
            "usage": {row.product.key: self._figures(row, hours) for row in rows},
        }

    def _figures(self, row: Billable, hours: Json) -> Json:
        own, account, committed = row.org_units, row.account_units, row.committed
        percentage = None if own is None or not account else round(own / account * 100, 2)
        dimension = {"billing_dimension": row.product.name}
        return {
            "account_billable_usage": account,
            **({} if row.product.name == _UNDOCUMENTED else dimension),
            **hours,
            "org_billable_usage": own,
            "percentage_in_account": percentage,
            "usage_unit": row.product.unit,
            "account_committed_usage": committed,
            "account_on_demand_usage": None if account is None else max(0, account - committed),
        }


def _using(orgs: tuple[Organization, ...], product: Product) -> list[Organization]:
    return [org for org in orgs if product.name in org.products]
