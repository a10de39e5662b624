"""Copilot usage metrics: who used Copilot on a day, for what, and how much code came of it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pendulum import UTC, DateTime

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.row_files import ndjson_rows
from source_unified_usage.core.times import day_period, parse_time
from source_unified_usage.core.usage import (
    Row,
    Usage,
    compact,
    decimal,
    listed,
    measured,
    nested,
    quantity,
    text,
    total,
    usage,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.github.api import AccountStream, GitHubApi

_FIRST_DAY = DateTime(2025, 10, 10, tzinfo=UTC)  # "Copilot usage metrics"; and one year back
_SETTLES = 3  # days after which a day is complete, by the same page; until then it may have no report yet
_CHATS = ("ask", "edit", "plan", "custom", "unknown")
_COUNT = re.compile(r"_(count|mode|sum)$")


def users_of_day(api: GitHubApi, day: str) -> Iterator[Row] | None:
    """One row for each person, and organization of an enterprise; None where there is no report (yet)."""
    first = _report(api, day)
    if first is None:
        return None
    return api.linked(first, lambda: _report(api, day), "download_links", ndjson_rows)


def _report(api: GitHubApi, day: str) -> Answer | None:
    answer = api.get(api.of.copilot("metrics", "reports", "users-1-day"), {"day": day}, also={204})
    if answer.status == 204:
        return None
    if answer.body.get("report_day") not in (None, day):
        raise answer.broken(f"it is of {answer.body['report_day']!r}, asked was {day}")
    return answer


class UserDay(NamedTuple):
    """A row, and the day that it was asked for."""

    row: Row
    day: str


class UserActivity(AccountStream):
    name = "github_copilot_user_activity"
    about = (
        "What one person did with Copilot on one day, in IDEs and, apart from them, on the command line; of an "
        "enterprise by organization. Credits are a trend, not the bill."
    )
    role = "activity"
    # counts_tokens stays false: the command line's tokens are in github_ai_usage too, where there is one
    step = days(1)
    lookback = days(7)
    open_day = False

    def earliest_available(self, today: DateTime) -> DateTime:
        return max(_FIRST_DAY, today.subtract(years=1).add(days=1))

    def path(self) -> str:
        return self.api.of.copilot("metrics", "reports", "users-1-day")

    def rows(self, window: Window) -> Iterator[UserDay]:
        found = users_of_day(self.api, window.first_day)
        if found is None and window.start > clock.now().start_of("day").subtract(days=_SETTLES):
            self.no_data_from(window.start)
        return (UserDay(row, window.first_day) for row in found or ())

    def usages(self, item: UserDay) -> Iterator[Usage]:
        row = item.row
        if (day := text(row.get("day"))) and day[:10] != item.day:
            raise ValueError(f"it is of {day}, asked was {item.day}")
        id, organization = text(row["user_id"]), text(row.get("organization_id"))
        if id is None:
            raise ValueError("no user_id")
        yield usage(
            id=self.id(item.day, organization, id),
            product={"id": "copilot"},
            resources=[{"id": organization}] if organization and self.api.of.enterprise else None,
            organization={"id": self.api.of.id},
            user=compact(id=id, name=text(row.get("user_login"))),
            usage=_usage(row),
            **day_period(item.day),
            remote_data=row,
        )


def _usage(row: Row) -> Mapping[str, Any]:
    cli = nested(row, "totals_by_cli")
    return compact(
        **measured(quantity(row.get("ai_credits_used")), "credit"),
        requests=compact(
            total=quantity(row.get("user_initiated_interaction_count")),
            chat=total(*(row.get(f"chat_panel_{mode}_mode") for mode in _CHATS)),
            agent=quantity(row.get("chat_panel_agent_mode")),
        ),
        sessions=compact(distinct=quantity(cli.get("session_count"))),
        code=compact(
            lines_added=quantity(row.get("loc_suggested_to_add_sum")),
            lines_removed=quantity(row.get("loc_suggested_to_delete_sum")),
            lines_accepted_added=quantity(row.get("loc_added_sum")),
            lines_accepted_removed=quantity(row.get("loc_deleted_sum")),
            accepts=quantity(row.get("code_acceptance_activity_count")),
        ),
        tokens=_tokens(nested(cli, "token_usage")),
        activity=compact(is_active=_is_active(row, cli), client_version=_newest_version(row)),
    )


def _tokens(cli: Row) -> Mapping[str, Any]:
    sent, received = cli.get("prompt_tokens_sum"), cli.get("output_tokens_sum")
    return compact(input=quantity(sent), output=quantity(received), total=total(sent, received))


def _is_active(row: Row, cli: Row) -> bool:
    """Any count above zero, or anything used. Credits are no count: GitHub books them by another clock."""
    counts = (decimal(value) for name, value in (*row.items(), *cli.items()) if _COUNT.search(name))
    used = (value is True for name, value in row.items() if name.startswith("used_"))
    return any(count is not None and count > 0 for count in counts) or any(used)


def _newest_version(row: Row) -> str | None:
    """Of the IDE that was seen last, as far as GitHub says when."""
    if "totals_by_ide" not in row:
        return None
    seen = [nested(ide, "last_known_ide_version") for ide in listed(row, "totals_by_ide")]
    dated = [
        (parse_time(at), text(version.get("ide_version")) or "")
        for version in seen
        if (at := text(version.get("sampled_at")))
    ]
    return max(dated)[1] if dated else None
