"""The Usage and Cost Analytics API: both kinds of organization by actor, API key, workspace, model and product."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from pendulum import DateTime, instance

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import mapping
from source_unified_usage.core.lookup import named
from source_unified_usage.core.progress import logger
from source_unified_usage.core.times import midnight, parse_time
from source_unified_usage.core.usage import (
    Row,
    Usage,
    canonical_json,
    charges,
    compact,
    digest,
    nested,
    nth,
    quantity,
    text,
    usage,
    with_ordinals,
)
from source_unified_usage.core.validator import preview
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude.actors import identity, user_of
from source_unified_usage.vendors.claude.api import ANALYTICS, ClaudeApi, organization_id
from source_unified_usage.vendors.claude.lookups import Line, Names
from source_unified_usage.vendors.claude.mapping import (
    bucket_period,
    currency,
    dollars,
    model_of,
    moment,
    product_id,
    product_of,
    searches,
    surface_of,
    tokens,
)
from source_unified_usage.vendors.claude.organizations import Kind, OrganizationsStream, Reader
from source_unified_usage.vendors.claude.reports import oldest_reported
from source_unified_usage.vendors.claude.revisions import RevisedStream, Totals
from source_unified_usage.vendors.claude.roles import SPEND_IS_BETA, SPEND_ROLE

_HEADERS = {"anthropic-beta": "analytics-usage-cost-2026-08-24"}
_GROUPS = ["actor", "api_key_id", "workspace_id", "model", "product"]  # no more than five (anthropic SDK: group_by)


class SpendReport(RevisedStream[ClaudeApi], OrganizationsStream):
    """One of the two reports. Every combination comes, none is cut off (anthropic SDK: analytics).

    Days that did not change are not read again.
    """

    step = days(7)
    lookback = days(31)  # that figures are revised for 30 days is taken over from the reports of before
    endpoint: Literal["cost", "usage"]  # also the member of a row that holds its figures
    metric: str
    unit: str
    _refreshed: str | None = None  # the figures of the rows that were read last
    tolerance: Decimal  # between the sum of a day's rows and the day as a whole

    def path(self) -> str:
        return f"{ANALYTICS}/{self.endpoint}"

    def earliest_available(self, today: DateTime) -> DateTime:
        return oldest_reported(today)

    def questions(self) -> Iterable[Hashable]:
        """Of each window its days as a whole, and their rows where they must be read."""
        rows = (window for window in self.windows if self.revisions.surely(window))
        return [*((self.name, window, "whole") for window in self.windows), *((self.name, one, "rows") for one in rows)]

    def first(self, reader: Reader, window: Window) -> list[Answer]:
        """The days as a whole, which the rows must add up to."""
        return reader.api.read(self.path(), _query(window), _HEADERS)

    def items(self, reader: Reader, window: Window, first: Sequence[Answer]) -> Iterator[Line]:
        whole: dict[str, list[Row]] = {day.first_day: [] for day in days(1).cut(window)}
        for row in (row for answer in first for row in answer.rows("data")):
            with mapping(row):
                whole.setdefault(moment(row["starting_at"])[:10], []).append(row)
        told = first[0].body.get("data_refreshed_at") or None
        totals = Totals({day: digest([row[self.endpoint] for row in rows]) for day, rows in whole.items()}, told)
        for changed in self.revisions.parts(window, totals, of := f"{reader.kind}/"):
            for part, lines in self.portions.over(changed, partial(self._lines_of, reader)):
                of_part = [row for day in days(1).cut(part) for row in whole[day.first_day]]
                self._compare(reader, of_part, [line.row for line in lines])
                yield from self._numbered(lines)
                counts = Counter(moment(line.row["starting_at"])[:10] for line in lines)
                self.revisions.keep(part, totals, counts, self._refreshed, of)
                self.part_done()

    def _lines_of(self, reader: Reader, part: Window, most: int | None) -> list[Line]:
        answers = reader.api.read(self.path(), {**_query(part), "group_by[]": _GROUPS}, _HEADERS, most)
        self._refreshed = answers[0].body.get("data_refreshed_at") or None
        return [line for answer in answers for line in self._lines(reader, answer)]

    def _numbered(self, lines: Sequence[Line]) -> Iterator[Line]:
        # identities that Claude cannot name read null, each as a row of its own (anthropic SDK: group)
        for line, ordinal in with_ordinals(lines, lambda line: line.id, self._order):
            yield line._replace(id=nth(line.id, ordinal)) if ordinal else line

    def usages(self, item: Line) -> Iterator[Usage]:
        row, names = item.row, item.names
        group = row["group"]
        actor, product = nested(group, "actor"), product_id(group.get("product"))
        yield usage(
            id=item.id,
            product=product_of(product),
            metric_name=self.metric,
            user=user_of(actor),
            resources=_resources(group, actor, names),
            model=model_of(group.get("model")),
            organization=names.organization,
            updated_at=names.refreshed and moment(names.refreshed),
            surface=surface_of(product),
            remote_data=row,
            **bucket_period(row),
            **self._figures(row),
        )

    # --- what differs

    def _figures(self, row: Row) -> dict[str, Any]:
        raise NotImplementedError

    def _amount(self, row: Row) -> Decimal:
        """What a row counts, in the stream's unit."""
        raise NotImplementedError

    # --- details

    def _lines(self, reader: Reader, answer: Answer) -> Iterator[Line]:
        rows = answer.rows("data")
        refreshed = answer.body.get("data_refreshed_at") or None
        if refreshed:
            self.provisional_from(instance(parse_time(refreshed)))
        names = _names(reader, answer, refreshed, any_row=bool(rows))
        for row in rows:
            with mapping(row):
                yield Line(row, self._key(reader.kind, row), names)

    def _key(self, kind: Kind, row: Row) -> str:
        group = row["group"]
        return self.id(
            kind,
            moment(row["starting_at"]),
            *identity(nested(group, "actor")),
            group.get("api_key_id"),
            group.get("workspace_id"),
            group.get("model"),
            product_id(group.get("product")),
        )

    def _order(self, line: Line) -> tuple[Decimal, str]:
        return -self._amount(line.row), canonical_json(line.row)

    def _compare(self, reader: Reader, whole: Sequence[Row], rows: Sequence[Row]) -> None:
        """Warn where the rows of a day that is over do not add up to it."""
        left: dict[str, Decimal] = {}
        for sign, part in ((1, whole), (-1, rows)):
            for row in part:
                with mapping(row):
                    day = moment(row["starting_at"])
                    left[day] = left.get(day, Decimal(0)) + sign * self._amount(row)
        today = midnight(clock.now())
        for day, missing in sorted(left.items()):
            if abs(missing) > self.tolerance and day < today:
                logger.warning(
                    f"{self.name}: the rows of {day[:10]} do not add up to what Claude tells of that day as a whole "
                    f"({reader.api.credential.option}): {missing.normalize():f} {self.unit} are left over. Figures "
                    f"that are corrected while they are read differ so; the next syncs read the day again."
                )


class Spend(SpendReport):
    """The same money as claude_cost and claude_api_cost bill, of the organizations that the keys belong to."""

    name = "claude_spend"
    about = (
        "What one person, service account or API key spent on one day, by API key, workspace, model and product. A "
        "beta of Claude's, it restates claude_cost and claude_api_cost."
    )
    role = SPEND_ROLE
    endpoint = "cost"
    metric = "cost"
    unit = "USD"
    tolerance = Decimal("0.01")

    def __init__(self, readers: Sequence[Reader]) -> None:
        super().__init__(readers)
        if SPEND_IS_BETA:
            bills = {"enterprise": "claude_cost", "console": "claude_api_cost"}
            self.restates = tuple(bills[reader.kind] for reader in readers)

    def _figures(self, row: Row) -> dict[str, Any]:
        cost = {**row["cost"], "starting_at": row["starting_at"]}  # which a warning shows
        net, total = dollars(self.name, cost, "amount"), dollars(self.name, cost, "list_amount")
        return {
            "charges": charges(currency(cost), net=net, total=total, usage_based=net),
            "usage": compact(requests=compact(total=quantity(cost.get("requests")))),
        }

    def _amount(self, row: Row) -> Decimal:
        return dollars(self.name, row["cost"], "amount") or Decimal(0)


class Tokens(SpendReport):
    """The tokens of claude_usage and claude_api_usage, which would be counted twice."""

    name = "claude_tokens"
    about = (
        "Tokens, requests and web searches of one person, service account or API key on one day, by API key, "
        "workspace, model and product. A beta of Claude's."
    )
    role = "activity"
    counts_tokens = not SPEND_IS_BETA
    endpoint = "usage"
    metric = "tokens"
    unit = "tokens"
    tolerance = Decimal(0)

    def _figures(self, row: Row) -> dict[str, Any]:
        figures = row["usage"]
        return {
            "usage": compact(
                requests=compact(total=quantity(figures.get("requests"))),
                tokens=tokens(figures),
                tools=compact(web_search_count=searches(figures)),
            )
        }

    def _amount(self, row: Row) -> Decimal:
        figures = row["usage"]
        counted, reported = tokens(figures).get("total", 0), quantity(figures.get("total_tokens"))
        if reported is not None and reported != counted:
            self.warn_once("total_tokens", f"total_tokens is {reported}, its parts make {counted}: {preview(row)}")
        return Decimal(counted)


def _query(window: Window) -> dict[str, Any]:
    return {
        "starting_at": midnight(window.start),
        "ending_at": midnight(window.end),
        "time_bucket_width": "1d",
        "order_by": "time",
        "order": "asc",
        "limit": 1000,
    }


def _names(reader: Reader, answer: Answer, refreshed: str | None, *, any_row: bool) -> Names:
    own = compact(id=answer.body.get("organization_id") or organization_id(answer))
    lookups = reader.lookups
    if not any_row or not lookups:  # an Enterprise organization lists neither workspaces nor keys
        return Names(own, refreshed=refreshed)
    organization = {**lookups.organization(answer), **own}
    return Names(organization, lookups.workspaces(), keys=lookups.api_keys(), refreshed=refreshed)


def _resources(group: Row, actor: Row, names: Names) -> list[dict[str, Any]]:
    """The API key in its workspace; then what used it, where that is neither a person nor the key."""
    place = named(text(group.get("workspace_id")), names.workspaces)
    found = [named(text(group.get("api_key_id")), names.keys, workspace=place)]
    if actor.get("type") == "service_account_actor":
        found.append(compact(id=text(actor["service_account_id"])))
    if actor.get("type") == "federated_actor":
        found.append(compact(id=text(actor.get("subject"))))
    return [resource for resource in found if resource]
