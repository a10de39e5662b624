"""`users-1-day`: links to the lines of everybody who has Copilot."""

from datetime import date
from typing import Any

import orjson
from starlette.responses import Response

from sandbox.kit import Json
from sandbox.vendor import Call
from sandbox.vendors.github.activity import Activity, ActivityReports
from sandbox.vendors.github.estate import Account
from sandbox.vendors.github.knobs import Knobs
from sandbox.vendors.github.links import Links
from sandbox.vendors.github.refusals import bad_request

PATH = "copilot/metrics/reports/users-1-day"


class Metrics:
    def __init__(self, account: Account, reports: ActivityReports, links: Links, knobs: Knobs) -> None:
        self._account, self._reports, self._links, self._knobs = account, reports, links, knobs

    def users(self, call: Call, _: object) -> Any:
        """Two files, the second with a blank line; 204 where there is no report (yet)."""
        day = self._day(call)
        found = self._reports.served(day, call.now)
        if found is None:
            return Response(status_code=204, headers=call.headers)
        rows = [orjson.dumps(self._row(activity)) + b"\n" for activity in found]
        half = len(rows) // 2
        files = (b"".join(rows[:half]), b"\n" + b"".join(rows[half:]))
        numbers = [self._links.add(body, "application/x-ndjson") for body in files]
        links = [self._links.url(call, "copilot-reports", number) for number in numbers]
        return {"download_links": links, "report_day": day.isoformat()}

    def _day(self, call: Call) -> date:
        try:
            day = date.fromisoformat(call.query["day"])
        except (KeyError, ValueError):
            raise bad_request("day must be formatted as YYYY-MM-DD") from None
        today = call.now.date()
        if not self._reports.earliest(today) <= day <= today:
            raise bad_request("day is out of range")
        return day

    def _row(self, activity: Activity) -> Json:
        """An enterprise's rows name no organization, as the reference's example has it."""
        person, cli = activity.member, dict(activity.cli)
        organization = {} if self._account.enterprise else {"organization_id": str(person.organization.id)}
        credits = {} if activity.credits is None else {"ai_credits_used": float(activity.credits)}
        row: Json = {
            "day": activity.day.isoformat(),
            "enterprise_id": str(self._account.id),
            **organization,
            "user_id": person.id,
            "user_login": person.login,
            **credits,
            **activity.counts,
            **{f"chat_panel_{mode}_mode": count for mode, count in activity.modes.items()},
            "totals_by_ide": self._ides(activity),
            "totals_by_feature": [],
            "totals_by_language_feature": [],
            "totals_by_language_model": [],
            "totals_by_model_feature": [],
            "used_agent": activity.modes.get("agent", 0) > 0,
            "used_chat": activity.modes.get("ask", 0) > 0,
            "used_cli": bool(cli),
        }
        if cli:
            tokens = {name: cli.pop(name) for name in ("prompt_tokens_sum", "output_tokens_sum")}
            row["totals_by_cli"] = {**cli, "token_usage": tokens}
        return row

    @staticmethod
    def _ides(activity: Activity) -> list[Json]:
        if not activity.modes:
            return []
        seen = {"ide_version": "1.108.2", "sampled_at": f"{activity.day}T16:01:00.000Z"}
        return [{"ide": "vscode", **activity.counts, "last_known_ide_version": seen}]
