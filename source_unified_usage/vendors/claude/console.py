"""The Admin API's day buckets: tokens by account, key, workspace, model and tier, and costs by workspace."""

from collections.abc import Iterable, Iterator, Mapping

from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import midnight
from source_unified_usage.core.usage import (
    Row,
    Usage,
    charges,
    compact,
    listed,
    nth,
    usage,
    with_ordinals,
    with_ordinals_once,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude.api import MESSAGES, ORGANIZATION, AdminApi
from source_unified_usage.vendors.claude.inventory import Inventory
from source_unified_usage.vendors.claude.terms import dollars, model_of, moment, order, searches, tokens

_PRODUCT = {"id": "claude_api", "name": "Claude API"}
_USAGE_GROUPS = ["account_id", "api_key_id", "workspace_id", "model", "service_tier"]  # five are the most allowed
_COST_GROUPS = ["workspace_id", "description"]
_COST_KEY = (
    "workspace_id",
    "description",
    "cost_type",
    "model",
    "token_type",
    "service_tier",
    "context_window",
    "inference_geo",
)


Numbered = tuple[Row, int]  # a row, and which it is of those that agree in their key


class ConsoleReport(UsageStream[AdminApi]):
    """One bucketed report; rows carry their bucket's start and end."""

    endpoint: str

    def __init__(self, api: AdminApi, inventory: Inventory) -> None:
        super().__init__(api)
        self.inventory = inventory
        self.organization: Mapping[str, str] = {}
        self.workspaces: Mapping[str, Row] = {}

    def path(self) -> str:
        return f"{ORGANIZATION}/{self.endpoint}"

    def _buckets(self, window: Window, groups: list[str], limit: int) -> Iterator[Row]:
        query = {
            "starting_at": midnight(window.start),
            "ending_at": midnight(window.end),
            "bucket_width": "1d",
            "group_by[]": groups,
            "limit": limit,
        }
        answers = self.api.read(self.path(), query)
        self.organization = self.inventory.organization(answers[0])
        self.workspaces = self.inventory.workspaces()
        for answer in answers:
            for bucket in answer.rows("data"):
                span = {"starting_at": bucket["starting_at"], "ending_at": bucket["ending_at"]}
                for result in listed(bucket, "results"):
                    yield {**result, **span}

    def _workspace(self, row: Row) -> dict[str, str]:
        """No workspace is the default one, which no list names."""
        id = row.get("workspace_id")
        if not id:
            return {"id": "default", "name": "Default"}
        return compact(id=id, name=self.workspaces.get(id, {}).get("name"))


class ApiUsage(ConsoleReport):
    """A row without an API key is the Console's own; without an account, of no signed-in person."""

    name = "claude_api_usage"
    about = (
        "Tokens that one API key or Console account used on one day in one workspace, of one model and service tier, "
        "through the Claude API."
    )
    endpoint = MESSAGES.removeprefix(f"{ORGANIZATION}/")
    step = days(7)
    lookback = days(3)
    limit = 7  # buckets in an answer; less where the vendor finds the answer too large
    people: Mapping[str, Row] = {}
    keys: Mapping[str, Row] = {}

    def rows(self, window: Window) -> Iterable[Numbered]:
        if rows := self._results(window):
            self.people, self.keys = self.inventory.users(), self.inventory.api_keys()
        return with_ordinals_once(rows, self._key, order)

    def _key(self, row: Row) -> str:
        return self.id(moment(row["starting_at"]), *(row.get(name) for name in _USAGE_GROUPS))

    def _results(self, window: Window) -> list[Row]:
        while True:
            try:
                return list(self._buckets(window, _USAGE_GROUPS, self.limit))
            except ConfigError as error:
                message = error.vendor_message.lower()
                too_large = error.status == 400 and any(sign in message for sign in ("too many", "limit", "reduce"))
                if not too_large or self.limit == 1:
                    raise
                self.limit //= 2

    def usages(self, line: Numbered, window: Window) -> Iterator[Usage]:
        row, ordinal = line
        account, key = row.get("account_id"), row.get("api_key_id")
        person = self.people.get(account or "", {})
        yield usage(
            id=nth(self._key(row), ordinal),
            product=_PRODUCT,
            metric_name="tokens",
            resources=[compact(id=key, name=self.keys.get(key or "", {}).get("name"), workspace=self._workspace(row))],
            organization=self.organization,
            user=compact(id=account, email=person.get("email"), name=person.get("name")),
            model=model_of(row.get("model")),
            usage=compact(tokens=tokens(row), tools=compact(web_search_count=searches(row))),
            start_date=moment(row["starting_at"]),
            end_date=moment(row["ending_at"]),
            surface="api",
            remote_data=row,
        )


class ApiCost(ConsoleReport):
    """Priority Tier is never in it; there is no cost by API key."""

    name = "claude_api_cost"
    about = (
        "What one kind of use of the Claude API cost on one day in one workspace. The sum of net is the bill, without "
        "Priority Tier."
    )
    endpoint = "cost_report"
    step = days(31)
    lookback = days(7)
    open_day = False
    role = "bill"

    def rows(self, window: Window) -> Iterable[Numbered]:
        # two equal lines of a bill are two amounts
        return with_ordinals(self._buckets(window, _COST_GROUPS, 31), self._key, order)

    def _key(self, row: Row) -> str:
        return self.id(moment(row["starting_at"]), *(row.get(name) for name in _COST_KEY))

    def usages(self, line: Numbered, window: Window) -> Iterator[Usage]:
        row, ordinal = line
        workspace = self._workspace(row)
        yield usage(
            id=nth(self._key(row), ordinal),
            product=_PRODUCT,
            metric_name=row.get("description"),
            resources=[{**workspace, "workspace": workspace}],
            organization=self.organization,
            model=model_of(row.get("model")),
            charges=charges((row.get("currency") or "USD").upper(), net=dollars(self.name, row, "amount")),
            start_date=moment(row["starting_at"]),
            end_date=moment(row["ending_at"]),
            surface="api",
            remote_data=row,
        )
