"""The workspace analytics over HTTP: Codex usage and reviews, daily usage of all products."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from starlette.datastructures import QueryParams

from sandbox.kit import Json, cursor, cut, number, offset_of
from sandbox.times import day_at, epoch
from sandbox.vendors.openai import codex_activity
from sandbox.vendors.openai.codex_activity import CHATGPT, CODEX, CodexActivity, Figures, Review, Row
from sandbox.vendors.openai.directory import Directory
from sandbox.vendors.openai.knobs import Knobs
from sandbox.vendors.openai.refusals import validation
from sandbox.vendors.openai.usage_events import DAY

CODEX_ONLY = (CODEX,)
ALL_PRODUCTS = (CODEX, CHATGPT)
_LIMIT = 30_000


class Analytics:
    """The pages of the reports of one workspace."""

    def __init__(self, activity: CodexActivity, directory: Directory, knobs: Knobs) -> None:
        self._activity, self._directory, self._knobs = activity, directory, knobs

    def usage(self, query: QueryParams, now: datetime, *, all_products: bool) -> Json:
        """One row per member and day, or per day with `group=workspace`."""
        group = query.get("group")
        if group not in (None, "workspace"):
            raise validation("group", "Input should be 'workspace'", "literal_error", group, expected="'workspace'")
        of = self._activity.workspace_rows if group else self._activity.rows
        products = ALL_PRODUCTS if all_products else CODEX_ONLY
        rows = [
            self._usage_row(row, all_products)
            for day in self._days(query, now)
            for row in of(day, now.timestamp(), products)
        ]
        return self._page(query, rows)

    def reviews(self, query: QueryParams, now: datetime, *, responses: bool) -> Json:
        """One row per day with reviews."""
        rows = [
            _responses_row(day, reviews) if responses else _reviews_row(day, reviews)
            for day in self._days(query, now)
            if (reviews := self._activity.reviews(day, now.timestamp()))
        ]
        return self._page(query, rows)

    def earliest(self, now: datetime) -> date:
        """The oldest day that is served."""
        return now.date() - timedelta(days=self._knobs.codex_lookback_days)

    def _days(self, query: QueryParams, now: datetime) -> list[date]:
        """The days that begin within [start_time, end_time); by default the last 30 with today."""
        tomorrow = epoch(now.date()) + DAY
        end = _integer(query, "end_time", tomorrow)
        start = _integer(query, "start_time", tomorrow - 30 * DAY)
        if start < epoch(self.earliest(now)):
            days = self._knobs.codex_lookback_days
            message = f"Value error, start_time must be within the last {days} days"
            raise validation("start_time", message, "value_error", str(start))
        if end <= start:
            message = "Value error, end_time must be after start_time"
            raise validation("end_time", message, "value_error", str(end))
        first = -(-start // DAY) * DAY
        return [day_at(at) for at in range(first, min(end, tomorrow), DAY)]

    def _page(self, query: QueryParams, rows: list[Json]) -> Json:
        limit = _integer(query, "limit", 1000)
        for wrong, side, kind, bound in (
            (limit > _LIMIT, "less", "less_than_equal", {"le": _LIMIT}),
            (limit < 1, "greater", "greater_than_equal", {"ge": 1}),
        ):
            if wrong:
                (edge,) = bound.values()
                message = f"Input should be {side} than or equal to {edge}"
                raise validation("limit", message, kind, str(limit), **bound)
        limit = min(limit, self._knobs.page_cap or limit)
        text = query.get("page")
        invalid = validation("page", "Value error, invalid page token", "value_error", text or "")
        offset = offset_of(text, _asked(query), invalid)
        data, more = cut(rows, offset, limit)
        following = None if more is None else cursor(_asked(query), more)
        if following and self._knobs.broken_cursor:
            following = None if self._knobs.broken_cursor == "missing" else cursor(_asked(query), offset)
        return {"object": "page", "data": data, "has_more": more is not None, "next_page": following}

    def _usage_row(self, row: Row, all_products: bool) -> Json:
        person = row.person
        user = self._directory.workspace_user_id(person) if person else None
        actor: Json | None = None
        # the e-mail of some members is withheld
        email = person.email if person and person.number % 7 != 3 else None
        if person:
            actor = {"type": "ACCOUNT_USER", "user_id": user, "email": email}
        answer: Json = {
            "object": f"workspace.{'usage' if all_products else 'codex.usage'}.result",
            **_bounds(row.day),
            "user_id": user,
            "actor": actor,
        }
        if person and codex_activity.has_flat_attribution(person):
            answer["email"] = email
        if all_products:
            totals = _figures(row.totals)
            if row.totals.total is None:
                totals = {name: n for name, n in totals.items() if not name.endswith("tokens")}
            clients = [{"client_id": client, "credits": number(figures.credits)} for client, figures in row.clients]
            return {**answer, "totals": totals, "clients": clients, "models": None}
        return {
            **answer,
            "totals": _counted(row.totals),
            "clients": [client_entry(client, figures) for client, figures in row.clients],
            "models": None if row.models is None else [model_entry(*model) for model in row.models],
            "code_attribution": _attribution(row),
        }


def client_entry(client: str, figures: Figures) -> Json:
    if figures.total is None:
        counted = _counted(figures)
        short = ["threads", "turns", "credits"]
        if figures.cost is not None:
            short.append("cost_usd")
        return {"client_id": client, **{name: counted[name] for name in short}}
    return {"client_id": client, **_counted(figures)}


def model_entry(model: str, speed: str | None, figures: Figures) -> Json:
    return {"model": model, "speed": speed, **_figures(figures)}


def _attribution(row: Row) -> Json | None:
    if not row.person or row.totals.total is None or not row.totals.turns:
        return None
    if codex_activity.has_flat_attribution(row.person):
        return {"lines_added": row.added, "lines_removed": row.removed}
    return {
        "lines_of_code": {
            "added": row.added,
            "removed": row.removed,
            "committed": row.added * 3 // 4,
            "committed_percentage": 41.5,
        },
        "commits": {"with_codex_contribution": row.totals.threads // 2, "with_codex_contribution_percentage": 54.5},
    }


def _counted(figures: Figures) -> Json:
    return {"threads": figures.threads, "turns": figures.turns, **_figures(figures)}


def _figures(figures: Figures) -> Json:
    return {
        "credits": number(figures.credits),
        "cost_usd": known(figures.cost),
        "estimated_cost_usd": known(figures.estimated),
        "uncached_text_input_tokens": figures.uncached,
        "cached_text_input_tokens": figures.cached,
        "text_output_tokens": figures.output,
        "text_total_tokens": figures.total,
    }


def known(value: Decimal | None) -> int | float | None:
    return None if value is None else number(value)


def _reviews_row(day: date, reviews: list[Review]) -> Json:
    p0, p1, p2 = (sum(counts) for counts in zip(*(r.comments for r in reviews), strict=True))
    return {
        "object": "workspace.codex.code_reviews.result",
        **_bounds(day),
        "pull_request_reviews": len(reviews),
        "comments": p0 + p1 + p2,
        "comment_details": {"p0": p0, "p1": p1, "p2": p2},
    }


def _responses_row(day: date, reviews: list[Review]) -> Json:
    replies, upvotes, downvotes, other = (
        sum(getattr(review, name) for review in reviews) for name in ("replies", "upvotes", "downvotes", "other")
    )
    return {
        "object": "workspace.codex.code_review_responses.result",
        **_bounds(day),
        "pull_request_reviews": len(reviews),
        "comments": sum(sum(review.comments) for review in reviews),
        "replies": replies,
        "reactions": upvotes + downvotes + other,
        "comment_response_details": {
            "engaged": engaged(reviews),
            "reacted": upvotes + downvotes + other,
            "upvoted": upvotes,
            "downvoted": downvotes,
            "reacted_other": other,
            "replied": replies,
        },
        "reaction_details": {"upvotes": upvotes, "downvotes": downvotes, "other": other},
    }


def engaged(reviews: list[Review]) -> int:
    """Comments that got a reply or a reaction."""
    return sum(
        min(sum(review.comments), review.replies + review.upvotes + review.downvotes + review.other)
        for review in reviews
    )


def _bounds(day: date) -> Json:
    return {"start_time": epoch(day), "end_time": epoch(day) + DAY}


def _integer(query: QueryParams, name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        message = "Input should be a valid integer, unable to parse string as an integer"
        raise validation(name, message, "int_parsing", text)
    return int(text)


def _asked(query: QueryParams) -> list[tuple[str, str]]:
    """The query that a cursor belongs to."""
    return sorted(item for item in query.multi_items() if item[0] != "page")
