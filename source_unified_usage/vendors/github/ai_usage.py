"""AI usage: the enterprise's export of Copilot's credits by person, model, repository and cost center, with tokens."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import Unavailable
from source_unified_usage.core.piles import Piles
from source_unified_usage.core.row_files import csv_rows
from source_unified_usage.core.times import day_period, parse_time
from source_unified_usage.core.usage import Row, Usage, compact, decimal, number, text, usage
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.github.billing import BillingStream, BillItem
from source_unified_usage.vendors.github.mapping import Figures, kind_of, model_of, person, product_of, resources

TYPE = "ai_credit"
_COLUMNS = (
    *("date", "username", "product", "sku", "model", "quantity", "unit_type"),
    *("applied_cost_per_quantity", "gross_amount", "discount_amount", "net_amount"),
)
# By today's header and by an older one (tokenbill). `input` is believed to be without what was read from the cache.
_TOKENS = {
    "input": ("input", "total_input_tokens"),
    "output": ("output", "total_output_tokens"),
    "cache_read": ("cache_read", "total_cache_read_tokens"),
    "cache_write": ("cache_write", "total_cache_creation_tokens"),
}
_DAYS_OF_AN_EXPORT = 31  # "Usage reports": both days inclusive
_SOON, _LATER = 5.0, 15.0  # seconds between two looks at an export, of which the first few come soon
_LOOKS_SOON = 6
_PATIENCE = 900.0  # seconds; minutes are normal, as clients report
_JUST_ORDERED = 900.0  # seconds in which an export counts as the one whose answer was lost


class AiUsage(BillingStream):
    name = "github_ai_usage"
    about = (
        "The AI credits and tokens of one person, model, organization, repository and cost center on one day, from the "
        "enterprise's usage report. Restates Copilot's part of github_billing_usage."
    )
    role = "restates"
    restates = ("github_billing_usage",)
    counts_tokens = True
    step = days(_DAYS_OF_AN_EXPORT)
    open_day = False  # an end later than yesterday is refused, as a client recorded
    figures = Figures(
        price="applied_cost_per_quantity",
        gross="gross_amount",
        discount="discount_amount",
        net="net_amount",
        quantity="quantity",
    )

    def path(self) -> str:
        return self.api.of.billing("reports")

    def rows(self, window: Window) -> Iterator[BillItem]:
        """The rows of the export by day: twins need their ordinals, and its order is not documented."""
        export = self._completed(window)
        rows = self.api.linked(export, lambda: self._export(export.body["id"]), "download_urls", csv_rows)
        by_day = Piles()
        by_day.add(self._checked(export, window, rows), lambda row: row["date"][:10])
        for day in by_day:
            for twins in day.groups(lambda row: self.key(_item(row))):
                yield from self.numbered(map(_item, twins))
            self.part_done()

    def _checked(self, export: Answer, window: Window, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            if lacking := [name for name in _COLUMNS if name not in row]:
                raise export.broken(f"its file has no column {', '.join(lacking)}")
            if not window.first_day <= row["date"][:10] <= window.last_day:
                raise export.broken(f"its file has a row of {row['date']!r}")
            self.check_net(row)
            yield row

    # --- the export

    def _completed(self, window: Window) -> Answer:
        """Order an export and wait for it. One that failed is ordered once more. Raises Unavailable."""
        failed: list[str] = []
        while True:
            export = self._watched(self._ordered(window, failed))
            if _status(export) == "completed":
                return export
            failed.append(export.body["id"])
            if len(failed) == 2:
                raise Unavailable(
                    f"{export.source}: GitHub could not make the usage report of {window.first_day} to "
                    f"{window.last_day}, twice. The next sync tries again."
                )

    def _ordered(self, window: Window, failed: list[str]) -> Answer:
        """Each order makes an export; where the answer to one is lost, the list shows whether it was made."""
        report = {"report_type": TYPE, "start_date": window.first_day, "end_date": window.last_day}

        def made() -> Answer | None:
            listed = self.api.get(self.path())
            since = clock.now().subtract(seconds=int(_JUST_ORDERED))
            for row in listed.rows("usage_report_exports"):
                same = all(row.get(name) == value for name, value in report.items()) and row.get("id") not in failed
                if same and parse_time(f"{row.get('created_at')}") >= since:
                    return Answer(listed.source, row, listed.headers)
            return None

        return self.api.post(self.path(), {**report, "send_email": False}, also={202}, done=made)

    def _watched(self, export: Answer) -> Answer:
        """The export when GitHub is done with it, one way or the other. Raises Unavailable after some time."""
        waited, looks = 0.0, 0
        while _status(export) == "processing":
            if waited >= _PATIENCE:
                raise Unavailable(
                    f"{export.source}: GitHub is still making the usage report after {waited / 60:.0f} minutes. "
                    f"The next sync tries again."
                )
            wait = _SOON if looks < _LOOKS_SOON else _LATER
            self.api.stats.wait(wait, "then asking GitHub again for the usage report")
            clock.sleep(wait)
            waited, looks = waited + wait, looks + 1
            export = self._export(export.body["id"])
        return export

    def _export(self, id: Any) -> Answer:
        return self.api.get(self.api.of.billing("reports", f"{id}"))

    # --- mapping

    def key(self, item: BillItem) -> str:
        row = item.row
        return self.id(
            item.day,
            text(row.get("organization")),
            text(row.get("cost_center_name")),
            (text(row.get("username")) or "").lower(),
            *kind_of(row),
            text(row.get("repository")),
        )

    def usages(self, item: BillItem) -> Iterator[Usage]:
        row = item.row
        yield usage(
            id=f"{self.key(item)}/{item.ordinal}",
            product=product_of(row),
            metric_name=text(row.get("sku")),
            resources=resources(
                repository=text(row.get("repository")),
                center=compact(name=text(row.get("cost_center_name"))),
                organization=text(row.get("organization")),
            ),
            organization={"id": self.api.of.id},
            user=person(text(row.get("username"))),
            model=model_of(row.get("model")),
            charges=self.figures.charges(row),
            usage={**self.figures.credits(row), **compact(tokens=_tokens(row))},
            **day_period(item.day),
            remote_data=row,
        )


def _status(export: Answer) -> str:
    """What became of an export so far. Raises BrokenContract."""
    id, status = text(export.body.get("id")), text(export.body.get("status"))
    if id in (None, ".", "..") or status not in ("processing", "completed", "failed"):
        raise export.broken(f"a usage report with the id {id!r} and the status {status!r}")
    return status


def _tokens(row: Row) -> Mapping[str, Any]:
    found: dict[str, Decimal] = {}
    for kind, columns in _TOKENS.items():
        count = next((count for name in columns if (count := decimal(row.get(name))) is not None), None)
        if count is not None:
            found[kind] = count
    if found:
        found["total"] = sum(found.values(), Decimal(0))
    return {kind: number(count) for kind, count in found.items()}


def _item(row: Row) -> BillItem:
    return BillItem(row, row["date"][:10], row)
