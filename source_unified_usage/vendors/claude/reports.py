"""The cost and usage reports of the Analytics API: by person, and for the whole organization in day buckets."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal

from pendulum import DateTime, instance

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import mapping
from source_unified_usage.core.progress import logger
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import parse_time
from source_unified_usage.core.usage import Row, Usage, charges, compact, nth, quantity, usage, with_ordinals_once
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude.api import ANALYTICS, AnalyticsApi, bucket_rows, day_buckets, organization_id
from source_unified_usage.vendors.claude.engagement import FIRST_DAY
from source_unified_usage.vendors.claude.lookups import Line, Names
from source_unified_usage.vendors.claude.mapping import (
    bucket_period,
    currency,
    dollars,
    model_of,
    moment,
    order,
    product_id,
    product_of,
    searches,
    surface_of,
    tokens,
)
from source_unified_usage.vendors.claude.roles import LEGACY_BILL, RESTATED_BY_LEGACY, SPEND_IS_BETA

_GROUPS = ["product", "model"]
_TOP = 100  # groups in a bucket; the rest is dropped without a word (reference: usage_report, cost_report)
SPAN = 31  # days: the widest span, and the most buckets of one answer (reference)
_KEPT = 364  # days; 365 are documented (reference), counted from the moment of asking


class Report(UsageStream[AnalyticsApi]):
    """What is common to the four: the export that an answer comes from, and the day and group of a row."""

    lookback = days(31)  # figures are revised for 30 days (reference: data_refreshed_at)
    endpoint: str
    metric: Literal["tokens", "cost"]
    limit: int
    refreshed: str | None = None  # the figures of the window that was read last

    def path(self) -> str:
        return f"{ANALYTICS}/{self.endpoint}"

    def earliest_available(self, today: DateTime) -> DateTime:
        return oldest_reported(today)

    def rows(self, window: Window, most: int | None = None) -> Iterator[Line]:
        """The window's rows. Raises Crowded when there are more than `most`."""
        query = {**day_buckets(window), "limit": self.limit, "group_by[]": _GROUPS}
        answers = self.api.read(self.path(), query, most=most)
        self._note_export(answers[0], window)
        # a product that was renamed during a day would share its id with itself; a row that comes twice is one
        for line, ordinal in with_ordinals_once(self._lines(answers), lambda line: line.id, _order):
            yield line._replace(id=nth(line.id, ordinal)) if ordinal else line

    def usages(self, item: Line) -> Iterator[Usage]:
        row, names = item.row, item.names
        product = product_id(row.get("product"))
        yield usage(
            id=item.id,
            product=product_of(product),
            metric_name=self.metric,
            user=self._user(row),
            model=model_of(row.get("model")),
            organization=names.organization,
            updated_at=names.refreshed and moment(names.refreshed),
            surface=surface_of(product),
            remote_data=row,
            **bucket_period(row),
            **self._figures(row),
        )

    # --- what differs

    def _rows_of(self, answer: Answer) -> Iterable[Row]:
        """The answer's rows, each with starting_at and ending_at."""
        raise NotImplementedError

    def _user(self, row: Row) -> dict[str, Any]:
        """Whose row it is; empty in reports for the whole organization."""
        return {}

    # --- details

    def _lines(self, answers: list[Answer]) -> Iterator[Line]:
        for answer in answers:
            organization = answer.body.get("organization_id")
            owner = compact(id=organization or organization_id(answers[0]))
            names = Names(owner, refreshed=answer.body.get("data_refreshed_at") or None)
            for row in self._rows_of(answer):
                with mapping(row):
                    id = self._key(row, organization)
                yield Line(row, id, names)

    def _key(self, row: Row, organization: str | None) -> str:
        user = self._user(row)
        return self.id(
            organization,
            moment(row["starting_at"]),
            *([user["id"]] if user else ()),
            product_id(row.get("product")),
            row.get("model"),
        )

    def _note_export(self, answer: Answer, window: Window) -> None:
        """The state never passes the midnight before the export that was read."""
        self.refreshed = answer.body.get("data_refreshed_at") or None
        if self.refreshed:
            self.provisional_from(instance(parse_time(self.refreshed)))
        else:
            self.no_data_from(window.start)

    def _figures(self, row: Row) -> dict[str, Any]:
        requests = compact(total=quantity(row.get("requests")))
        if self.metric == "tokens":
            tools = compact(web_search_count=searches(row))
            return {"usage": compact(requests=requests, tokens=tokens(row), tools=tools)}
        net, total = dollars(self.name, row, "amount"), dollars(self.name, row, "list_amount")
        return {"charges": charges(currency(row), net=net, total=total), "usage": compact(requests=requests)}


class OrganizationReport(Report):
    """Day buckets, each cut to its top groups."""

    step = days(SPAN)
    limit = SPAN

    def rows(self, window: Window, most: int | None = None) -> Iterator[Line]:
        by_day: dict[str, list[Row]] = {}
        for line in super().rows(window, most):
            by_day.setdefault(line.row["starting_at"], []).append(line.row)
            yield line
        full = {day: rows for day, rows in by_day.items() if len(rows) >= _TOP}
        if full:
            self._warn_of_cut(full, window)

    def _rows_of(self, answer: Answer) -> Iterable[Row]:
        return bucket_rows(answer)

    def _warn_of_cut(self, full: Mapping[str, list[Row]], window: Window) -> None:
        """Compare full buckets with the same days asked for without groups."""
        unit = "tokens" if self.metric == "tokens" else "USD"
        for answer in self.api.read(self.path(), {**day_buckets(window), "limit": self.limit}):
            for whole in self._rows_of(answer):
                shown = full.get(whole["starting_at"])
                if shown is None:
                    continue
                missing = self._amount(whole) - sum((self._amount(row) for row in shown), Decimal(0))
                if missing:
                    logger.warning(
                        f"{self.name}: of {whole['starting_at'][:10]} Claude shows the {len(shown)} largest groups of "
                        f"product and model; {missing.normalize():f} {unit} of the others are missing here."
                    )

    def _amount(self, row: Row) -> Decimal:
        if self.metric == "tokens":
            return Decimal(tokens(row).get("total", 0))
        return dollars(self.name, row, "amount") or Decimal(0)


class OrganizationUsage(OrganizationReport):
    name = "claude_usage"
    about = "What the organization used on one day of one product and model: tokens, requests, web searches."
    role = "activity"
    counts_tokens = SPEND_IS_BETA
    endpoint = "usage_report"
    metric = "tokens"


class OrganizationCost(OrganizationReport):
    """The bill of the Enterprise organization: no money of a Console organization, which claude_api_cost bills."""

    name = "claude_cost"
    about = "What the organization's use of one product and model cost on one day. The sum of net is the bill."
    role = LEGACY_BILL
    restates = RESTATED_BY_LEGACY
    endpoint = "cost_report"
    metric = "cost"


def oldest_reported(today: DateTime) -> DateTime:
    """The first day that reports reach back to."""
    return max(FIRST_DAY, today.subtract(days=_KEPT))


def _order(line: Line) -> tuple[str, ...]:
    return str(line.row.get("product")), *order(line.row)
