"""The ledger: what a faultless reader emits, counted from the events themselves."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.ledger import Entry, Ledger
from sandbox.times import day_stamp, days_between, epoch
from sandbox.vendors.openai.analytics import ALL_PRODUCTS, CODEX_ONLY, Analytics, client_entry, engaged, model_entry
from sandbox.vendors.openai.buckets import Buckets
from sandbox.vendors.openai.codex_activity import CodexActivity, Figures, Row, has_flat_attribution
from sandbox.vendors.openai.cost_lines import CostRow, add_up_costs
from sandbox.vendors.openai.directory import Directory
from sandbox.vendors.openai.endpoints import ENDPOINTS, Endpoint
from sandbox.vendors.openai.knobs import Knobs
from sandbox.vendors.openai.reported import Reported
from sandbox.vendors.openai.usage_events import DAY, add_up
from sandbox.vendors.openai.usage_events import Row as UsageRow

Charges = dict[tuple[str, str], Decimal]
Usage = dict[str, Decimal]


@dataclass
class OpenAILedger:
    """The entries of every stream for a range of days, as of `now`."""

    knobs: Knobs
    directory: Directory
    reported: Reported
    activity: CodexActivity
    buckets: Buckets
    analytics: Analytics

    def ledger(self, start: date, end: date, now: datetime) -> Ledger:
        """Days that are no longer served are left out, as are unavailable endpoints."""
        ledger: Ledger = defaultdict(list)
        last = min(end, now.date() + timedelta(days=1))
        for day in days_between(max(start, self.buckets.earliest(now)), last):
            for name, endpoint in ENDPOINTS.items():
                if name not in self.knobs.unavailable:
                    ledger[f"openai_usage_{name}"] += self._usage(endpoint, day)
            ledger["openai_costs"] += self._costs(day, by_user=False)
            ledger["openai_costs_by_user"] += self._costs(day, by_user=True)
        for day in days_between(max(start, self.analytics.earliest(now)), last):
            for workspace in sorted(self.knobs.workspaces):
                for stream, entry in self._workspace(workspace, day, now.timestamp()):
                    ledger[stream].append(entry)
        return dict(ledger)

    def _usage(self, endpoint: Endpoint, day: date) -> Iterator[Entry]:
        begin = epoch(day)
        events = self.reported.usage(endpoint.name, begin, begin + DAY)
        rows = add_up(endpoint, events, endpoint.dimensions)
        old = self.knobs.old_shape and endpoint.name == "completions"
        # "" comes before null: both are a missing part, so that such rows differ in their JSON alone
        rows.sort(key=lambda row: [value is None for value in row.dimensions])
        yield from _numbered(
            day, ((_missing(row.dimensions), {}, _usage_figures(endpoint, row, old or row.old)) for row in rows)
        )

    def _costs(self, day: date, *, by_user: bool) -> Iterator[Entry]:
        """The day's bill by project or, the same money, by user; never by both."""
        begin = epoch(day)
        group_by = ("user_id" if by_user else "project_id", "line_item", "api_key_id")
        rows = add_up_costs(self.reported.costs(begin, begin + DAY), group_by)

        def parts(row: CostRow) -> tuple[str | None, ...]:
            return (row.user if by_user else row.project, row.line_item, row.api_key, row.currency)

        rows.sort(key=lambda row: [value is None for value in parts(row)])
        yield from _numbered(
            day,
            (
                (
                    _missing(parts(row)),
                    _charges(row.amount, row.currency),
                    _known({"quantity": row.quantity if row.amount is not None else None}),
                )
                for row in rows
            ),
        )

    def _workspace(self, workspace: str, day: date, now: float) -> Iterator[tuple[str, Entry]]:
        codex = self.activity.rows(day, now, CODEX_ONLY)
        for row in codex:
            usage = _figures(row.totals, turns=True) | _code(row)
            charges = _billed(row.totals)
            yield "openai_codex_usage", self._member(workspace, row, (), charges, usage)
        for stream, entries in (("client", _by_client(codex)), ("model", _by_model(codex))):
            ordinals: dict[tuple[Any, ...], int] = defaultdict(int)
            for row, parts, figures in entries:
                key = (row.person, *parts)
                usage = _figures(figures, turns=stream == "client")
                entry = self._member(workspace, row, (*parts, ordinals[key]), _billed(figures), usage)
                ordinals[key] += 1
                yield f"openai_codex_usage_by_{stream}", entry
        for row in self.activity.rows(day, now, ALL_PRODUCTS):
            usage, charges = _figures(row.totals), _billed(row.totals)
            yield "openai_workspace_usage", self._member(workspace, row, (), charges, usage)
        if reviews := self.activity.reviews(day, now):
            key, start = (workspace, day.isoformat()), day_stamp(day)
            for stream, figure in (("reviews", len(reviews)), ("review_responses", engaged(reviews))):
                usage = {"quantity": Decimal(figure)}
                yield f"openai_codex_code_{stream}", Entry(key, start, {}, usage)

    def _member(self, workspace: str, row: Row, parts: tuple[Any, ...], charges: Charges, usage: Usage) -> Entry:
        assert row.person
        user = self.directory.workspace_user_id(row.person)
        key = (workspace, row.day.isoformat(), user, *parts)
        return Entry(key, day_stamp(row.day), charges, usage)


def _by_client(rows: Iterable[Row]) -> Iterator[tuple[Row, tuple[Any, ...], Figures]]:
    for row in rows:
        for client, figures in sorted(row.clients, key=lambda client: _twins_order(client_entry(*client))):
            yield row, (client,), figures


def _by_model(rows: Iterable[Row]) -> Iterator[tuple[Row, tuple[Any, ...], Figures]]:
    for row in rows:
        for model, speed, figures in sorted(row.models or (), key=lambda model: _twins_order(model_entry(*model))):
            yield row, (model, speed), figures


def _twins_order(entry: dict[str, Any]) -> tuple[str, str]:
    """By the JSON of what is no figure, then of everything, as entries of the same name are numbered."""
    names = {name: value for name, value in entry.items() if value is None or isinstance(value, str)}
    first, second = (json.dumps(part, sort_keys=True, separators=(",", ":")) for part in (names, entry))
    return first, second


def _numbered(day: date, rows: Iterable[tuple[tuple[Any, ...], Charges, Usage]]) -> Iterator[Entry]:
    """Entries whose key ends in the ordinal among the rows that agree in every other part."""
    ordinals: dict[tuple[Any, ...], int] = defaultdict(int)
    for parts, charges, usage in rows:
        yield Entry((day.isoformat(), *parts, ordinals[parts]), day_stamp(day), charges, usage)
        ordinals[parts] += 1


def _usage_figures(endpoint: Endpoint, row: UsageRow, old: bool) -> Usage:
    """Independent on purpose of the source's mapping."""
    metrics = dict(zip(endpoint.metrics, map(Decimal, row.metrics), strict=True))
    usage: Usage = {}
    if "num_model_requests" in metrics:
        usage["requests.total"] = metrics["num_model_requests"]
    if "input_cached_tokens" in metrics:
        read, written = metrics["input_cached_tokens"], metrics["input_cache_write_tokens"]
        usage["tokens.input"] = metrics["input_tokens"] - read - (0 if old else written)
        usage["tokens.cache_read"] = read
        if not old:
            usage["tokens.cache_write"] = written
        usage["tokens.output"] = metrics["output_tokens"]
        usage["tokens.total"] = metrics["input_tokens"] + metrics["output_tokens"]
    elif "input_tokens" in metrics:
        usage["tokens.input"] = usage["tokens.total"] = metrics["input_tokens"]
    elif endpoint.name == "web_search_calls":
        usage["tools.web_search_count"] = usage["quantity"] = metrics["num_requests"]
    else:
        usage["quantity"] = metrics[endpoint.metrics[0]]
        if endpoint.name == "file_search_calls":
            usage["requests.total"] = metrics["num_requests"]
    return usage


def _charges(amount: Decimal | None, currency: str | None) -> Charges:
    """net = total = the amount; a negative row is a credit too."""
    if amount is None or currency is None:
        return {}
    kinds = ("net", "total", "credit") if amount < 0 else ("net", "total")
    return {(kind, currency.upper()): amount for kind in kinds}


def _billed(figures: Figures) -> Charges:
    if figures.cost is None:
        return {}
    return {(kind, "USD"): figures.cost for kind in ("net", "total", "usage_based")}


def _figures(figures: Figures, *, turns: bool = False) -> Usage:
    usage: dict[str, Decimal | int | None] = {
        "quantity": figures.credits,
        "tokens.input": figures.uncached,
        "tokens.cache_read": figures.cached,
        "tokens.output": figures.output,
        "tokens.total": figures.total,
    }
    if turns:
        usage["conversations.turn_count"] = figures.turns
        usage["conversations.thread_count"] = figures.threads
    return _known(usage)


def _code(row: Row) -> Usage:
    """Accepted lines, where the vendor attributes code at all."""
    if row.totals.total is None or not row.totals.turns:
        return {}
    usage = {"code.lines_accepted_added": Decimal(row.added), "code.lines_accepted_removed": Decimal(row.removed)}
    if row.person and not has_flat_attribution(row.person):
        usage["code.commits"] = Decimal(row.totals.threads // 2)
    return usage


def _known(usage: dict[str, Decimal | int | None]) -> Usage:
    return {path: Decimal(value) for path, value in usage.items() if value is not None}


def _missing(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(None if part == "" else part for part in parts)
