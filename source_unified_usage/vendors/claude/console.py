"""The Admin API's day buckets: tokens by account, key, workspace, model and tier, and costs by workspace."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Any

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.lookup import named
from source_unified_usage.core.portions import Portions
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.transport import room_for
from source_unified_usage.core.usage import Row, Usage, charges, compact, nth, usage, with_ordinals, with_ordinals_once
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude.api import ORGANIZATION, AdminApi, bucket_rows, day_buckets
from source_unified_usage.vendors.claude.lookups import Line, Lookups, Names
from source_unified_usage.vendors.claude.mapping import (
    bucket_period,
    currency,
    dollars,
    model_of,
    moment,
    order,
    searches,
    tokens,
)
from source_unified_usage.vendors.claude.roles import LEGACY_BILL, RESTATED_BY_LEGACY, SPEND_IS_BETA

# of a part of several days: MOST_ROWS rows with long descriptions; an answer has no limit but that of its days
_MOST_BYTES = 8 << 20


class Found(list[Row]):
    """The rows of some days, and whose they are."""

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(row for answer in answers for row in bucket_rows(answer))
        self.first = replace(answers[0], body={})  # what is parsed is not held twice


class ConsoleStream(UsageStream[AdminApi]):
    """One report of the Console organization."""

    endpoint: str

    def __init__(self, api: AdminApi, lookups: Lookups) -> None:
        super().__init__(api)
        self._lookups = lookups

    def path(self) -> str:
        return f"{ORGANIZATION}/{self.endpoint}"


class ConsoleReport(ConsoleStream):
    """A report in day buckets."""

    groups: Sequence[str]
    key: Sequence[str]  # what tells the rows of a day apart
    limit: int  # buckets in an answer
    ordinals = staticmethod(with_ordinals)

    def __init__(self, api: AdminApi, lookups: Lookups) -> None:
        super().__init__(api, lookups)
        self._portions = Portions(self.step.count)  # few rows are one request, as if there were no parts

    def rows(self, window: Window) -> Iterator[Line]:
        for _, found in self._portions.over(window, self._found):
            names = self._names(found.first, found)
            for row, ordinal in self.ordinals(found, self._key, order):
                yield Line(row, nth(self._key(row), ordinal), names)
            self.part_done()

    def _found(self, part: Window, most: int | None) -> Found:
        with room_for(_MOST_BYTES if most else inf):
            return Found(self._answers(part))

    def usages(self, item: Line) -> Iterator[Usage]:
        row = item.row
        yield usage(
            id=item.id,
            product={"id": "claude_api", "name": "Claude API"},
            organization=item.names.organization,
            model=model_of(row.get("model")),
            surface="api",
            remote_data=row,
            **bucket_period(row),
            **self._facts(row, item.names),
        )

    # --- what differs

    def _facts(self, row: Row, names: Names) -> dict[str, Any]:
        raise NotImplementedError

    def _answers(self, window: Window) -> list[Answer]:
        return self.api.read(self.path(), {**day_buckets(window), "group_by[]": self.groups, "limit": self.limit})

    def _names(self, answer: Answer, rows: Sequence[Row]) -> Names:
        return Names(self._lookups.organization(answer), self._lookups.workspaces())

    def _key(self, row: Row) -> str:
        return self.id(moment(row["starting_at"]), *(row.get(name) for name in self.key))


class ApiUsage(ConsoleReport):
    """A row without an API key is use of the Console itself, one without an account of nobody signed in (reference)."""

    name = "claude_api_usage"
    about = (
        "Tokens that one API key or Console account used on one day in one workspace, of one model and service tier, "
        "through the Claude API."
    )
    role = "activity"
    counts_tokens = SPEND_IS_BETA
    endpoint = "usage_report/messages"
    step = days(7)
    lookback = days(3)  # data comes within minutes, and closed days still grow (Usage and Cost API)
    groups = ["account_id", "api_key_id", "workspace_id", "model", "service_tier"]  # no more: PostHog/posthog#72556
    key = groups
    limit = 7  # halved for the rest of the sync where the answer is too large, which clients report
    ordinals = staticmethod(with_ordinals_once)

    def _answers(self, window: Window) -> list[Answer]:
        while True:
            try:
                return super()._answers(window)
            except ConfigError as error:
                message = error.vendor_message.lower()
                too_large = error.status == 400 and any(sign in message for sign in ("too many", "limit", "reduce"))
                if not too_large or self.limit == 1:
                    raise
                self.limit //= 2

    def _names(self, answer: Answer, rows: Sequence[Row]) -> Names:
        names = super()._names(answer, rows)
        return names._replace(people=self._lookups.users(), keys=self._lookups.api_keys()) if rows else names

    def _facts(self, row: Row, names: Names) -> dict[str, Any]:
        account = row.get("account_id")
        person = names.people.get(account or "", {})
        return {
            "metric_name": "tokens",
            "resources": [named(row.get("api_key_id"), names.keys, workspace=_workspace(row, names))],
            "user": compact(id=account, email=person.get("email"), name=person.get("name")),
            "usage": compact(tokens=tokens(row), tools=compact(web_search_count=searches(row))),
        }


class ApiCost(ConsoleReport):
    """The bill of the Console organization: no money of an Enterprise organization, which claude_cost bills.

    Priority Tier is never in it, and there is no cost by API key (reference: cost_report). Two lines that are equal in
    everything are two amounts.
    """

    name = "claude_api_cost"
    about = (
        "What one kind of use of the Claude API cost on one day in one workspace. The sum of net is the bill, without "
        "Priority Tier."
    )
    role = LEGACY_BILL
    restates = RESTATED_BY_LEGACY
    endpoint = "cost_report"
    step = days(31)
    lookback = days(7)  # that costs are corrected is not documented; a margin
    open_day = False  # only whole days are served, others refused (reference: cost_report)
    groups = ["workspace_id", "description"]
    key = (
        "workspace_id",
        "description",
        "cost_type",
        "model",
        "token_type",
        "service_tier",
        "context_window",
        "inference_geo",
    )
    limit = 31

    def _facts(self, row: Row, names: Names) -> dict[str, Any]:
        workspace = _workspace(row, names)
        return {
            "metric_name": row.get("description"),
            "resources": [{**workspace, "workspace": workspace}],
            "charges": charges(currency(row), net=dollars(self.name, row, "amount")),
        }


def _workspace(row: Row, names: Names) -> dict[str, Any]:
    """No workspace is the default one, which no list names (reference: usage_report/messages)."""
    return named(row.get("workspace_id"), names.workspaces) or {"id": "default", "name": "Default"}
