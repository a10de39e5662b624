"""The cost and usage reports of the Analytics API: by person, and for the whole organization in day buckets."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from pendulum import DateTime, instance

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.progress import logger
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import midnight, parse_time
from source_unified_usage.core.usage import (
    Row,
    Usage,
    charges,
    compact,
    listed,
    nth,
    quantity,
    usage,
    with_ordinals_once,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude.api import ANALYTICS, AnalyticsApi, organization_id
from source_unified_usage.vendors.claude.engagement import FIRST_DAY
from source_unified_usage.vendors.claude.terms import (
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

_GROUPS = ["product", "model"]
_TOP = 100  # groups in a bucket; the rest is dropped without a word
_KEPT = 364  # days; 365 are documented, measured from the moment of asking


class Line(NamedTuple):
    """One row of a report with what its answer and bucket say, and its number among those of its key."""

    row: Row
    organization: str | None
    refreshed: str | None
    ordinal: int = 0


class Report(UsageStream[AnalyticsApi]):
    """What is common to the four: the export that an answer comes from, and the day and group of a row."""

    lookback = days(31)  # figures are revised for 30 days
    endpoint: str
    organization: str | None = None  # of the key, where the body does not tell it

    def path(self) -> str:
        return f"{ANALYTICS}/{self.endpoint}"

    def earliest_available(self, today: DateTime) -> DateTime:
        return max(FIRST_DAY, today.subtract(days=_KEPT))

    def rows(self, window: Window) -> Iterator[Line]:
        query = {**self._query(window), "group_by[]": _GROUPS}
        answers = self.api.read(self.path(), query)
        self._watermark(answers, window)
        self.organization = organization_id(answers[0])
        lines = [
            Line(row, answer.body.get("organization_id"), answer.body.get("data_refreshed_at") or None)
            for answer in answers
            for row in self._lines(answer, window)
        ]
        # a product that was renamed during a day would share its id with itself; a row that comes twice is one
        for line, ordinal in with_ordinals_once(lines, self._key, _order):
            yield line._replace(ordinal=ordinal)

    def usages(self, line: Line, window: Window) -> Iterator[Usage]:
        row = line.row
        product = product_id(row.get("product"))
        yield usage(
            id=nth(self._key(line), line.ordinal),
            product=product_of(product),
            model=model_of(row.get("model")),
            organization=compact(id=line.organization or self.organization),
            start_date=moment(row["starting_at"]),
            end_date=moment(row["ending_at"]),
            updated_at=line.refreshed and moment(line.refreshed),
            surface=surface_of(product),
            remote_data=row,
            **self._who(row),
            **self._figures(row),
        )

    # --- what differs

    def _query(self, window: Window) -> dict[str, Any]:
        raise NotImplementedError

    def _lines(self, answer: Answer, window: Window) -> Iterable[Row]:
        """The answer's rows, each with starting_at and ending_at."""
        raise NotImplementedError

    def _who(self, row: Row) -> dict[str, Any]:
        return {}

    def _figures(self, row: Row) -> dict[str, Any]:
        raise NotImplementedError

    # --- details

    def _key(self, line: Line) -> str:
        row = line.row
        start = moment(row["starting_at"])
        return self.id(line.organization, start, *self._actor(row), product_id(row.get("product")), row.get("model"))

    def _actor(self, row: Row) -> tuple[str, ...]:
        return ()

    def _watermark(self, answers: list[Answer], window: Window) -> None:
        """The state never passes the midnight before the export that was read."""
        refreshed = answers[0].body.get("data_refreshed_at")
        if refreshed:
            self.provisional_from(instance(parse_time(refreshed)))
        else:
            self.no_data_from(window.start)


class UserReport(Report):
    """Rows come ranked by figure, over the whole window."""

    step = days(7)  # a refresh in between costs a week, not a month

    def _query(self, window: Window) -> dict[str, Any]:
        return {**_range(window), "limit": 1000}

    def _lines(self, answer: Answer, window: Window) -> Iterable[Row]:
        return answer.rows("data")

    def _actor(self, row: Row) -> tuple[str, ...]:
        id = row["actor"].get("user_id")
        if not id:
            raise ValueError("no actor.user_id")
        return (id,)

    def _who(self, row: Row) -> dict[str, Any]:
        actor = row["actor"]
        return {"user": compact(id=actor["user_id"], email=actor.get("email"), name=actor.get("name"))}


class OrganizationReport(Report):
    """Day buckets, each cut to its top groups."""

    step = days(31)  # the widest span, and the most buckets of one answer

    def rows(self, window: Window) -> Iterator[Line]:
        counted: dict[str, list[Row]] = {}
        for line in super().rows(window):
            counted.setdefault(line.row["starting_at"], []).append(line.row)
            yield line
        full = {start: rows for start, rows in counted.items() if len(rows) >= _TOP}
        if full:
            self._warn_of_cut(full, window)

    def _query(self, window: Window) -> dict[str, Any]:
        return {**_range(window), "limit": 31}

    def _lines(self, answer: Answer, window: Window) -> Iterable[Row]:
        for bucket in answer.rows("data"):
            span = {"starting_at": bucket["starting_at"], "ending_at": bucket["ending_at"]}
            for result in listed(bucket, "results"):
                yield {**result, **span}

    def _warn_of_cut(self, full: dict[str, list[Row]], window: Window) -> None:
        """Compare full buckets with the same days asked for without groups."""
        for answer in self.api.read(self.path(), self._query(window)):
            for whole in self._lines(answer, window):
                shown = full.get(whole["starting_at"])
                if shown is None:
                    continue
                missing = self._measure(whole) - sum((self._measure(row) for row in shown), Decimal(0))
                if missing:
                    logger.warning(
                        f"{self.name}: of {whole['starting_at'][:10]} Claude shows the {len(shown)} largest groups of "
                        f"product and model; {missing.normalize():f} {self._unit} of the others are missing here."
                    )

    _unit: str

    def _measure(self, row: Row) -> Decimal:
        raise NotImplementedError


class UserUsage(UserReport):
    name = "claude_user_usage"
    about = "What one person used on one day of one product and model: tokens, requests, web searches. Seats only."
    endpoint = "user_usage_report"

    def _figures(self, row: Row) -> dict[str, Any]:
        return _used(row)


class UserCost(UserReport):
    name = "claude_user_cost"
    about = (
        "What one person's use of one product and model cost on one day. Seats only: automation is in claude_cost, "
        "which restates the same money and is the bill."
    )
    endpoint = "user_cost_report"

    def _figures(self, row: Row) -> dict[str, Any]:
        return _billed(self.name, row)


class OrganizationUsage(OrganizationReport):
    name = "claude_usage"
    about = "What the organization used on one day of one product and model: tokens, requests, web searches."
    endpoint = "usage_report"
    _unit = "tokens"

    def _figures(self, row: Row) -> dict[str, Any]:
        return _used(row)

    def _measure(self, row: Row) -> Decimal:
        return Decimal(tokens(row).get("total", 0))


class OrganizationCost(OrganizationReport):
    name = "claude_cost"
    about = "What the organization's use of one product and model cost on one day. The sum of net is the bill."
    endpoint = "cost_report"
    role = "bill"
    _unit = "USD"

    def _figures(self, row: Row) -> dict[str, Any]:
        return _billed(self.name, row)

    def _measure(self, row: Row) -> Decimal:
        return dollars(self.name, row, "amount") or Decimal(0)


def _order(line: Line) -> tuple[str, ...]:
    return str(line.row.get("product")), *order(line.row)


def _range(window: Window) -> dict[str, Any]:
    return {"starting_at": midnight(window.start), "ending_at": midnight(window.end), "bucket_width": "1d"}


def _used(row: Row) -> dict[str, Any]:
    requests = compact(total=quantity(row.get("requests")))
    tools = compact(web_search_count=searches(row))
    return {"metric_name": "tokens", "usage": compact(requests=requests, tokens=tokens(row), tools=tools)}


def _billed(stream: str, row: Row) -> dict[str, Any]:
    net, total = dollars(stream, row, "amount"), dollars(stream, row, "list_amount")
    return {
        "metric_name": "cost",
        "charges": charges((row.get("currency") or "USD").upper(), net=net, total=total),
        "usage": compact(requests=compact(total=quantity(row.get("requests")))),
    }
