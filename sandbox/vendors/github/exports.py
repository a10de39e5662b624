"""The export of AI usage: ordered, made, and fetched as a CSV file."""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from starlette.responses import Response

from sandbox.kit import Json
from sandbox.times import DAY, days_between, stamp
from sandbox.vendor import Call, json_answer
from sandbox.vendors.github.credits import Credit, Credits
from sandbox.vendors.github.estate import Account
from sandbox.vendors.github.knobs import Columns, Knobs
from sandbox.vendors.github.links import Links
from sandbox.vendors.github.refusals import bad_request, invalid, not_found
from sandbox.vendors.github.spelling import Spelling, plain
from sandbox.world import World

# the other types of report are not played
_TYPE = "ai_credit"
_LONGEST = 31
_ALWAYS = (
    *("date", "username", "product", "sku", "model", "quantity", "unit_type", "applied_cost_per_quantity"),
    *("gross_amount", "discount_amount", "net_amount", "total_monthly_quota", "organization", "cost_center_name"),
)
_TOKENS = ("input", "output", "cache_read", "cache_write")
_OLDER_TOKENS = (
    *("total_input_tokens", "total_output_tokens", "total_cache_read_tokens", "total_cache_creation_tokens"),
)
COLUMNS: dict[Columns, tuple[str, ...]] = {
    "all": (*_ALWAYS, "repository", "exceeds_quota", *_TOKENS),
    "few": _ALWAYS,
    "older": (*_ALWAYS, "repository", "aic_quantity", "aic_gross_amount", *_OLDER_TOKENS),
}


@dataclass
class _Export:
    id: str
    start: date
    end: date
    ordered: datetime
    polls_left: int
    fails: bool
    body: bytes

    @property
    def status(self) -> str:
        if self.polls_left > 0:
            return "processing"
        return "failed" if self.fails else "completed"


class Exports:
    """The exports of the enterprise; a file holds what was known when it was ordered."""

    def __init__(self, world: World, account: Account, credits: Credits, links: Links, knobs: Knobs) -> None:
        self._world, self._account, self._credits, self._links, self._knobs = world, account, credits, links, knobs
        self._spelling = Spelling(knobs)
        self._exports: list[_Export] = []

    def order(self, call: Call, _: object) -> Response:
        start, end = self._range(call.body, call.now.date())
        fails = self._knobs.failing_exports > 0
        self._knobs.failing_exports -= fails
        bits = self._world.random("github", "export", len(self._exports)).getrandbits(128)
        body = self._file(start, end, call.now)
        export = _Export(
            str(UUID(int=bits, version=4)), start, end, call.now, self._knobs.export_polls + 1, fails, body
        )
        self._exports.append(export)
        return json_answer(self._shown(export, call), 202, call.headers)

    def list(self, call: Call, _: object) -> Json:
        return {"usage_report_exports": [self._shown(export, call) for export in reversed(self._exports)]}

    def export(self, call: Call, _: object) -> Json:
        id = call.request.path_params["export"]
        for export in self._exports:
            if export.id == id:
                export.polls_left -= export.polls_left > 0
                return self._shown(export, call)
        raise not_found()

    def _shown(self, export: _Export, call: Call) -> Json:
        urls = []
        if export.status == "completed":
            number = self._links.add(export.body, "text/csv; charset=utf-8")
            urls = [f"{call.base}/enterprises/{self._account.name}/metered_exports/{number}"]
        return {
            "id": export.id,
            "report_type": _TYPE,
            "start_date": export.start.isoformat(),
            "end_date": export.end.isoformat(),
            "status": export.status,
            "download_urls": urls,
            "created_at": stamp(export.ordered),
            "actor": "acme-admin",
        }

    def _range(self, body: Any, today: date) -> tuple[date, date]:
        """Both days inclusive."""
        if not isinstance(body, dict):
            raise bad_request("Problems parsing JSON")
        if body.get("report_type") != _TYPE:
            raise invalid("report_type")
        start, end = (_day(body, name) for name in ("start_date", "end_date"))
        if end < start or end >= today:
            raise invalid("end_date")
        if (end - start).days >= _LONGEST:
            raise bad_request("The requested period is longer than 31 days.")
        return start, end

    def _file(self, start: date, end: date, now: datetime) -> bytes:
        lines = [credit for day in days_between(start, end + DAY) for credit in self._credits.served(day, now)]
        columns = self._spelling.ordered(COLUMNS[self._knobs.export_columns], "columns")
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        for credit in self._spelling.ordered(lines, "lines"):
            cells = self._cells(credit)
            writer.writerow([cells[column] for column in columns])
        return text.getvalue().encode("utf-8-sig" if self._knobs.export_bom else "utf-8")

    def _cells(self, credit: Credit) -> dict[str, str]:
        tokens = ["", "", "", ""] if credit.tokens is None else [str(count) for count in credit.tokens]
        return {
            "date": credit.day.isoformat(),
            "username": credit.login or "",
            "product": self._spelling.product("copilot", credit.day).lower(),
            "sku": self._spelling.sku(credit.sku, credit.day),
            "model": credit.model,
            "quantity": plain(credit.quantity),
            "unit_type": "requests" if credit.premium else "ai-credits",
            "applied_cost_per_quantity": plain(credit.price),
            "gross_amount": plain(credit.gross),
            "discount_amount": plain(credit.discount),
            "net_amount": plain(credit.gross - credit.discount),
            "total_monthly_quota": "1900" if credit.login else "0",
            "organization": credit.organization,
            "repository": credit.repository or "",
            "cost_center_name": credit.center.name if credit.center else "",
            "exceeds_quota": str(credit.discount < credit.gross),
            "aic_quantity": "0",
            "aic_gross_amount": "0",
            **dict(zip(_TOKENS, tokens, strict=True)),
            **dict(zip(_OLDER_TOKENS, tokens, strict=True)),
        }


def _day(body: Json, name: str) -> date:
    try:
        return date.fromisoformat(body[name])
    except (KeyError, TypeError, ValueError):
        raise invalid(name) from None
