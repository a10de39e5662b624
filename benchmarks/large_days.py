"""Answers of very large days for the streams that hold a day or more before they emit, made from sample rows."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

PEOPLE = 20_000  # a day, of every vendor
ROWS = 5_000  # a day, of reports in day buckets
COMMITS, CHANGES = 3, 20  # of a person and day
MODELS = 3  # of a person and day
ACTIONS = 90_000  # a day, of one team: more than one a second
POINTS = 5_000  # principals and clusters
_DAY = 86_400
_SAMPLES = Path(__file__).parent.parent / "unit_tests" / "vendors"


@cache
def _sample(name: str) -> Any:
    return json.loads((_SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


def _page(request: Request, total: int, most: int) -> tuple[range, str | None]:
    """Which rows the page has, and its cursor."""
    query = request.query_params
    first, limit = int(query.get("page") or 0), int(query.get("limit") or most)
    return range(first, min(total, first + limit)), str(first + limit) if first + limit < total else None


# --- Claude


async def claude_users(request: Request) -> Response:
    numbers, following = _page(request, PEOPLE, 1000)
    row = _sample("claude/samples/analytics_users_p1")["data"][0]
    user = {"type": "user"}
    rows = [
        {**row, "user": {**user, "id": f"user_{n:024}", "email_address": f"person{n:06}@acme.example"}} for n in numbers
    ]
    return _json({"data": rows, "next_page": following})


async def claude_names(request: Request) -> Response:
    first = int((request.query_params.get("after_id") or "user_-1")[5:]) + 1
    numbers = range(first, min(PEOPLE, first + 1000))
    rows = [
        {"id": f"user_{n:024}", "email": f"person{n:06}@acme.example", "name": f"Person {n}", "type": "user"}
        for n in numbers
    ]
    return _json({"data": rows, "has_more": numbers.stop < PEOPLE, "last_id": rows[-1]["id"] if rows else None})


async def claude_projects(request: Request) -> Response:
    numbers, following = _page(request, PEOPLE, 1000)
    row = _sample("claude/samples/analytics_chat_projects")["data"][0]
    return _json({"data": [{**row, "project_id": f"claude_proj_{n:024}"} for n in numbers], "next_page": following})


async def claude_code(request: Request) -> Response:
    numbers, following = _page(request, PEOPLE, 1000)
    row = _sample("claude/samples/admin_claude_code_p1")["data"][0]
    day = f"{request.query_params['starting_at'][:10]}T00:00:00Z"
    actor = {"type": "user_actor"}
    rows = [{**row, "date": day, "actor": {**actor, "email_address": f"person{n:06}@acme.example"}} for n in numbers]
    return _json({"data": rows, "has_more": bool(following), "next_page": following})


async def claude_buckets(request: Request) -> Response:
    """Tokens by key or costs by workspace, `limit` days in an answer."""
    costs = request.url.path.endswith("cost_report")
    name = "claude/samples/admin_cost_report_p1" if costs else "claude/samples/admin_usage_report_messages_p1"
    row = next(row for bucket in _sample(name)["data"] for row in bucket["results"])
    field = "workspace_id" if costs else "api_key_id"
    results = [{**row, field: f"{field}_{n:020}"} for n in range(ROWS)]
    query = request.query_params
    first = datetime.fromisoformat((query.get("page") or query["starting_at"]).replace("Z", "+00:00"))
    end = datetime.fromisoformat(query["ending_at"].replace("Z", "+00:00"))
    days = [first + timedelta(days=n) for n in range(min((end - first).days, int(query["limit"])))]
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    buckets = [
        {
            "starting_at": day.strftime(stamp),
            "ending_at": (day + timedelta(days=1)).strftime(stamp),
            "results": results,
        }
        for day in days
    ]
    after = first + timedelta(days=len(days))
    following = after.strftime(stamp) if after < end else None
    return _json({"data": buckets, "has_more": bool(following), "next_page": following})


# --- OpenAI


async def openai_costs(request: Request) -> Response:
    query = request.query_params
    start, end, limit = int(query["start_time"]), int(query["end_time"]), int(query["limit"])
    begin = int(query.get("page") or start)
    row = _sample("openai/samples/costs.page1")["data"][0]["results"][0]
    field = "user_id" if "user_id" in query.getlist("group_by") else "project_id"
    results = [{**row, "api_key_id": f"key_{n:024}", field: f"{field}_{n % 999:020}"} for n in range(ROWS)]
    days = range(begin, min(end, begin + limit * _DAY), _DAY)
    buckets = [{"object": "bucket", "start_time": day, "end_time": day + _DAY, "results": results} for day in days]
    following = days[-1] + _DAY if days and days[-1] + _DAY < end else None
    return _json({"data": buckets, "has_more": bool(following), "next_page": following and str(following)})


async def openai_codex(request: Request) -> Response:
    """A row for each member and day, in the order of time."""
    query = request.query_params
    start, end = int(query["start_time"]), int(query["end_time"])
    numbers, following = _page(request, (end - start) // _DAY * PEOPLE, 30_000)
    row = _sample("openai/samples/codex_usage.page1")["data"][0]

    def one(number: int) -> dict[str, Any]:
        begin, user = start + number // PEOPLE * _DAY, f"user-{number % PEOPLE:024}"
        actor = {"type": "ACCOUNT_USER", "user_id": user, "email": f"person{number % PEOPLE}@acme.example"}
        return {**row, "start_time": begin, "end_time": begin + _DAY, "user_id": user, "actor": actor}

    rows = [one(number) for number in numbers]
    return _json({"object": "page", "data": rows, "has_more": bool(following), "next_page": following})


# --- Cursor


def _pagination(page: int, size: int, total: int) -> dict[str, Any]:
    pages = -(-total // size)
    return {"page": page, "pageSize": size, "totalUsers": total, "totalPages": pages, "hasNextPage": page < pages}


async def cursor_daily(request: Request) -> Response:
    """Pages of members, each with all days that are asked for."""
    asked = orjson.loads(await request.body())
    page, size = asked["page"], asked["pageSize"]
    days = range(asked["startDate"], asked["endDate"], _DAY * 1000)
    row = _sample("cursor/samples/daily_usage_page1")["data"][0]

    def one(number: int, day: int) -> dict[str, Any]:
        date = f"{datetime.fromtimestamp(day / 1000, timezone.utc):%Y-%m-%d}"
        return {**row, "userId": number, "email": f"person{number}@acme.example", "date": day, "day": date}

    rows = [one(n, day) for n in range((page - 1) * size, min(PEOPLE, page * size)) for day in days]
    return _json({"data": rows, "pagination": _pagination(page, size, PEOPLE)})


async def cursor_models(request: Request) -> Response:
    query = request.query_params
    page, size = int(query["page"]), int(query["pageSize"])
    first, last = (datetime.fromisoformat(query[name]) for name in ("startDate", "endDate"))
    models = _sample("cursor/samples/analytics_by_user_models")["data"]["alice@example.com"][0]["model_breakdown"]
    days = [
        {"date": f"{first + timedelta(days=n):%Y-%m-%d}", "model_breakdown": models}
        for n in range((last - first).days + 1)
    ]
    people = range((page - 1) * size, min(PEOPLE, page * size))
    data = {f"person{n}@acme.example": days for n in people}
    mappings = [{"id": f"user_{n}", "email": f"person{n}@acme.example"} for n in people]
    params = {"teamId": 1, "userMappings": mappings}
    return _json({"data": data, "pagination": _pagination(page, size, PEOPLE), "params": params})


async def cursor_ai_code(request: Request) -> Response:
    query = request.query_params
    page, size = int(query["page"]), int(query["pageSize"])
    commits = request.url.path.endswith("commits")
    row = _sample(f"cursor/samples/ai_code_{'commits_page1' if commits else 'changes'}")["items"][0]
    name, a_day = ("commitHash", PEOPLE * COMMITS) if commits else ("changeId", PEOPLE * CHANGES)
    start, end = (
        datetime.fromisoformat(query[of].replace("Z", "+00:00")).timestamp() for of in ("startDate", "endDate")
    )
    # evenly spread over the day, newest first
    low, high = -(-int(start * 1000) * a_day // (_DAY * 1000)), int(end * 1000) * a_day // (_DAY * 1000)
    total = high - low + 1

    def one(number: int) -> dict[str, Any]:
        time = datetime.fromtimestamp(number * _DAY / a_day, timezone.utc)
        own = {name: f"{number:x}", "userEmail": f"person{number % PEOPLE}@acme.example"}
        stamp = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
        return {**row, **own, "createdAt": stamp, **({"commitTs": stamp} if commits else {})}

    numbers = range(high - (page - 1) * size, max(low - 1, high - page * size), -1)
    return _json({"items": [one(n) for n in numbers], "totalCount": total, "page": page, "pageSize": size})


# --- GitHub


async def github_export(request: Request) -> Response:
    """An order for the usage report, or what became of it."""
    if request.method == "POST":
        asked = orjson.loads(await request.body())
        id, status = f"{asked['start_date']}_{asked['end_date']}", 202
    else:
        id, status = request.path_params["id"], 200
    urls = [str(request.url_for("github_csv", span=id))]
    body = {"id": id, "report_type": "ai_credit", "status": "completed", "download_urls": urls}
    return Response(orjson.dumps(body), status, media_type="application/json")


async def github_csv(request: Request) -> Response:
    first, last = (datetime.fromisoformat(day) for day in request.path_params["span"].split("_"))
    head = (_SAMPLES / "github/samples/ai_usage_report_2026-09-01_2026-09-02.csv").read_text("utf-8-sig").splitlines()
    names, rest = head[0], head[1].partition('"octo-alice"')[2]

    def lines() -> Iterator[bytes]:
        yield names.encode() + b"\n"
        for number in range((last - first).days + 1):
            day = f"{first + timedelta(days=number):%Y-%m-%d}"
            for n in range(PEOPLE):
                own = [f'"{day}","person{n}"{rest.replace("Sonnet 5", f"Sonnet {model}")}\n' for model in range(MODELS)]
                yield "".join(own).encode()

    return StreamingResponse(lines(), media_type="text/csv")


async def github_metrics(request: Request) -> Response:
    day = request.query_params["day"]
    url = str(request.url_for("github_ndjson", day=day))
    return _json({"download_links": [url], "report_day": day})


async def github_ndjson(request: Request) -> Response:
    day = request.path_params["day"]
    row = json.loads((_SAMPLES / "github/samples/users_1_day_2026-09-02_part0.ndjson").read_text().splitlines()[0])
    line = orjson.dumps({**row, "day": day, "user_id": 0, "user_login": "person0"})

    def lines() -> Iterator[bytes]:
        for n in range(PEOPLE):
            own = line.replace(b'"user_id":0', b'"user_id":%d' % (n + 1)).replace(b'"person0"', b'"person%d"' % n)
            yield own + b"\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson")


async def github_bill(request: Request) -> Response:
    """Every SKU of every repository."""
    query = request.query_params
    day = f"{int(query['year'])}-{int(query['month']):02}-{int(query['day']):02}"
    row = _sample("github/samples/billing_usage_org_2026-09-02")["usageItems"][0]
    rows = [{**row, "date": day, "sku": f"sku_{n % 4}", "repositoryName": f"acme/{n // 4}"} for n in range(PEOPLE)]
    return _json({"usageItems": rows})


async def github_seats(request: Request) -> Response:
    """All seats of the organization, page after page until one is empty."""
    page, size = (int(request.query_params[name]) for name in ("page", "per_page"))
    people = range((page - 1) * size, min(PEOPLE, page * size))
    return _json({"total_seats": PEOPLE, "seats": [{"assignee": {"login": f"person{n}"}} for n in people]})


async def github_credits(request: Request) -> Response:
    """Of one person, by model."""
    query = request.query_params
    answer = _sample("github/samples/ai_credit_org_2026-09-02_user_octo-alice")
    period = {name: int(query[name]) for name in ("year", "month", "day")}
    items = [{**answer["usageItems"][0], "model": f"Claude Sonnet {model}"} for model in range(MODELS)]
    return _json({**answer, "timePeriod": period, "user": query["user"], "usageItems": items})


async def github_centers(_: Request) -> Response:
    return _json({"costCenters": []})


# --- Scenario, Confluent


async def scenario_activity(request: Request) -> Response:
    query = request.query_params
    offset = int(query.get("activityOffset") or 0)
    start, end = (datetime.fromisoformat(query[name].replace("Z", "+00:00")) for name in ("startDate", "endDate"))
    row = next(row for row in _sample("scenario/samples/activity_2026-08-31_offset0")["activity"] if row.get("data"))
    low, high = (int(moment.timestamp() * 1000) * ACTIONS // (_DAY * 1000) for moment in (start, end))
    numbers = range(high - offset, max(low, high - offset - 100), -1)

    def one(number: int) -> dict[str, Any]:
        time = datetime.fromtimestamp(number * _DAY / ACTIONS, timezone.utc)
        own = {"assetId": f"asset_{number:024}", "jobId": f"job_{number:024}"}
        stamp = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
        return {**row, "time": stamp, "data": {**row["data"], **own}, "creativeUnitsCost": 5}

    return _json({"activity": [one(n) for n in numbers], "entities": _described(numbers)})


def _described(numbers: range) -> dict[str, Any]:
    """What an answer says of the ids in it, which takes more room than its actions."""
    prompt = "a lighthouse in a storm, painted with few colours, seen from the sea " * 4
    return {
        "assets": [{"id": f"asset_{n:024}", "name": f"lighthouse {n}", "url": f"https://cdn/{n}"} for n in numbers],
        "jobs": [{"id": f"job_{n:024}", "metadata": {"input": {"prompt": prompt, "seed": n}}} for n in numbers],
        "users": _sample("scenario/samples/activity_2026-08-31_offset0")["entities"]["users"],
        "collections": [],
    }


async def scenario_lists(request: Request) -> Response:
    return _json({"teams": [], "projects": []})


async def confluent_lists(request: Request) -> Response:
    what = request.url.path.rsplit("/", 1)[1]
    count = {"organizations": 1, "environments": 1, "clusters": 50}[what]
    rows = [{"id": f"{what[:3]}-{n}", "display_name": f"{what} {n}", "spec": {}} for n in range(count)]
    return _json({"data": rows, "metadata": {"next": None}})


async def confluent_points(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    first, end = (datetime.fromisoformat(t.replace("Z", "+00:00")) for t in asked["intervals"][0].split("/"))
    total = (end - first).days * POINTS
    offset = int(request.query_params.get("page_token") or 0)

    def one(number: int) -> dict[str, Any]:
        day = first + timedelta(days=number // POINTS)
        own = {"resource.kafka.id": f"clu-{number % 50}", "metric.principal_id": f"sa-{number % POINTS // 50:06}"}
        return {"timestamp": f"{day:%Y-%m-%dT00:00:00Z}", "value": float(number), **own}

    rows = [one(n) for n in range(offset, min(total, offset + 1000))]
    following = {"next_page_token": str(offset + 1000)} if offset + 1000 < total else {}
    return _json({"data": rows, "meta": {"pagination": {"page_size": 1000, **following}}})


_ANALYTICS, _ENTERPRISE = "/v1/organizations/analytics", "/enterprises/acme"
ROUTES = [
    Route(f"{_ANALYTICS}/users", claude_users),
    Route("/v1/organizations/users", claude_names),
    Route(f"{_ANALYTICS}/apps/chat/projects", claude_projects),
    Route("/v1/organizations/usage_report/claude_code", claude_code),
    Route("/v1/organizations/usage_report/messages", claude_buckets),
    Route("/v1/organizations/cost_report", claude_buckets),
    Route("/v1/organization/costs", openai_costs),
    Route("/v1/analytics/codex/workspaces/{workspace}/usage", openai_codex),
    Route("/teams/daily-usage-data", cursor_daily, methods=["POST"]),
    Route("/analytics/by-user/models", cursor_models),
    Route("/analytics/ai-code/{what}", cursor_ai_code),
    Route(f"{_ENTERPRISE}/settings/billing/reports", github_export, methods=["POST"]),
    Route(_ENTERPRISE + "/settings/billing/reports/{id}", github_export),
    Route(f"{_ENTERPRISE}/settings/billing/usage", github_bill),
    Route(f"{_ENTERPRISE}/settings/billing/ai_credit/usage", github_credits),
    Route(f"{_ENTERPRISE}/settings/billing/cost-centers", github_centers),
    Route(f"{_ENTERPRISE}/copilot/billing/seats", github_seats),
    Route(f"{_ENTERPRISE}/copilot/metrics/reports/users-1-day", github_metrics),
    Route("/files/{span}.csv", github_csv, name="github_csv"),
    Route("/files/{day}.ndjson", github_ndjson, name="github_ndjson"),
    Route("/v1/usages", scenario_activity),
    Route("/v1/teams", scenario_lists),
    Route("/v1/projects", scenario_lists),
    Route("/org/v2/organizations", confluent_lists),
    Route("/org/v2/environments", confluent_lists),
    Route("/cmk/v2/clusters", confluent_lists),
    Route("/v2/metrics/cloud/query", confluent_points, methods=["POST"]),
]
