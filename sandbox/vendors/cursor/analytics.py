"""The Enterprise APIs of one team: AI code tracking, analytics by user, Bugbot."""

from datetime import date

from starlette.requests import Request

from sandbox.kit import Json
from sandbox.times import DAY, days_between
from sandbox.vendors.cursor.customer import Customer
from sandbox.vendors.cursor.enterprise import METRICS, Enterprise, user_id
from sandbox.vendors.cursor.events import HOME_TEAM
from sandbox.vendors.cursor.knobs import Knobs
from sandbox.vendors.cursor.query import Asked, cut, date_of, page_of, pagination
from sandbox.vendors.cursor.refusals import not_found, refuse


class Analytics:
    """Pages of days, members, commits, changes and pull requests."""

    def __init__(self, customer: Customer, enterprise: Enterprise, knobs: Knobs) -> None:
        self._customer, self._clock, self._enterprise, self._knobs = customer, customer.clock, enterprise, knobs

    def ai_code(self, request: Request, asked: Asked) -> Json:
        what = request.path_params["what"]
        if what not in ("commits", "changes"):
            raise not_found()
        page, size = page_of(asked, self._knobs, default=100, most=1000)
        size = min(size, 500)  # the server serves no more, as a client reports
        first, last = asked.get("startDate", ""), asked.get("endDate", "")
        days = self._days(asked)
        make = self._enterprise.commits if what == "commits" else self._enterprise.changes
        items = [row for day in days for row in make(day, HOME_TEAM)]
        now = self._clock.now().isoformat()
        items = [row for row in items if first <= row["createdAt"] <= last and row["createdAt"][:19] <= now[:19]]
        return {"items": cut(items, page, size, self._knobs), "totalCount": len(items), "page": page, "pageSize": size}

    def by_user(self, request: Request, asked: Asked) -> Json:
        metric = request.path_params["metric"]
        if metric not in METRICS:
            raise not_found()
        page, size = page_of(asked, self._knobs, default=100, most=500)
        days = self._days(asked)
        people = [p for p in self._customer.teams[HOME_TEAM] if not self._customer.gone(p)]
        shown = cut(people, page, size, self._knobs)
        mappings = [{"id": user_id(p), "email": p.email} for p in shown]
        return {
            "data": {p.email: [row for day in days for row in self._enterprise.by_user(metric, day, p)] for p in shown},
            "pagination": pagination(page, size, totalUsers=len(people)),
            "params": {"metric": metric, "teamId": HOME_TEAM, **asked, "userMappings": mappings},
        }

    def bugbot(self, _: Request, asked: Asked) -> Json:
        every = asked.get("prState", "merged") == "all"
        rows = [row for day in self._days(asked) for row in self._enterprise.bugbot(day)]
        shown = [
            {name: value for name, value in row.items() if name != "merged"} for row in rows if every or row["merged"]
        ]
        return self._page("bugbot", shown, asked)

    def reviews(self, _: Request, asked: Asked) -> Json:
        rows = [row for day in self._days(asked) for row in self._enterprise.reviews(day)]
        return self._page("bugbot-reviews", rows, asked)

    def _page(self, metric: str, rows: list[Json], asked: Asked) -> Json:
        page, size = page_of(asked, self._knobs, default=100, most=250)
        return {
            "data": cut(rows, page, size, self._knobs),
            "pagination": pagination(page, size, least=1, totalItems=len(rows)),
            "params": {"metric": metric, "teamId": HOME_TEAM, **asked},
        }

    def _days(self, asked: Asked) -> list[date]:
        begin, end = date_of(asked.get("startDate", "")), date_of(asked.get("endDate", ""))
        if (end - begin).days >= 30:
            raise refuse(400, "Date range cannot exceed 30 days")
        return days_between(begin, min(end, self._clock.today()) + DAY)
