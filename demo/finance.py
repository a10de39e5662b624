"""What a person adds to the demo: the example's teams and budgets, and invoices of the months that it reads."""

import csv
import shutil
from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from lake.finance import COLUMNS
from sandbox import Sandbox
from source_unified_usage.streams import all_streams, bills

EXAMPLES = Path(__file__).parent.parent / "dbt" / "seeds"
_CENT = Decimal("0.01")
# a vendor that invoices something that no stream tells, so that there is a difference to be seen
_MORE, _BY = "cursor", Decimal("40.00")


def write(folder: Path, sandbox: Sandbox, vendors: Collection[str], start: date) -> None:
    """The files. The invoices are of the sandbox's ledgers as they are now, so up to yesterday, in whole cents."""
    folder.mkdir(exist_ok=True)
    yesterday = sandbox.clock.today() - timedelta(days=1)
    for name in ("team_map", "budgets"):
        shutil.copy(EXAMPLES / f"{name}.csv", folder)
    with (folder / "invoices.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS["invoices"])
        for (vendor, month, currency), amount in sorted(_billed(sandbox, vendors, start).items()):
            more = _BY if (vendor, month) == (_MORE, f"{yesterday:%Y-%m-01}") else 0
            writer.writerow((vendor, month, currency, (amount + more).quantize(_CENT)))


def _billed(sandbox: Sandbox, vendors: Collection[str], start: date) -> dict[tuple[str, str, str], Decimal]:
    """What the vendors bill, by vendor, month and currency."""
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for bill in bills(stream for stream in all_streams() if stream.vendor.name in vendors):
        for entry in sandbox.vendors[bill.vendor.name].ledger(start, sandbox.clock.today()).get(bill.name, ()):
            for (kind, currency), amount in entry.charges.items():
                if kind == "net":
                    sums[bill.vendor.name, f"{entry.start[:7]}-01", currency] += amount
    return sums
