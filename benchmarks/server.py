"""`python -m benchmarks.server PORT EVENTS_PER_DAY`: Cursor's usage events prepared, to be served fast."""

import sys
from functools import cache

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_MODELS = ("claude-4.5-sonnet", "gpt-5.2", "default", "gemini-3-pro", "composer-1")


def event(milliseconds: int, number: int) -> dict[str, object]:
    """A plausible event."""
    tokens = {
        "inputTokens": 126 + number % 911,
        "outputTokens": 450 + number % 613,
        "cacheWriteTokens": 6112,
        "cacheReadTokens": 11964 + number % 4001,
        "totalCents": 20.18232 + (number % 97) / 1000,
    }
    return {
        "timestamp": str(milliseconds),
        "userEmail": f"person{number % 40}@acme.example",
        "conversationId": f"8f2e4a1b-6c3d-4e5f-9a7b-{number:012d}",
        "model": _MODELS[number % len(_MODELS)],
        "kind": "Usage-based",
        "maxMode": number % 3 == 0,
        "requestsCosts": 5,
        "isTokenBasedCall": True,
        "isChargeable": True,
        "isHeadless": False,
        "tokenUsage": tokens,
        "chargedCents": round(tokens["totalCents"] + 1.18, 6),
        "cursorTokenFee": 1.18,
    }


@cache
def _page(events: int, start: int, page: int, size: int) -> bytes:
    first, last = (page - 1) * size, min(events, page * size)
    pages = -(-events // size)
    body = {
        "totalUsageEventsCount": events,
        "pagination": {
            "numPages": pages,
            "currentPage": page,
            "pageSize": size,
            "hasNextPage": page < pages,
            "hasPreviousPage": page > 1,
        },
        "usageEvents": [event(start + number * 4, number) for number in range(first, last)],
        "period": {"startDate": start, "endDate": start + 86_399_999},
    }
    return orjson.dumps(body)


def main() -> None:
    port, events = int(sys.argv[1]), int(sys.argv[2])

    async def usage(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        body = _page(events, int(asked["startDate"]), asked["page"], asked["pageSize"])
        return Response(body, media_type="application/json")

    async def members(_: Request) -> Response:
        return Response(b'{"teamMembers":[]}', media_type="application/json")

    routes = [
        Route("/teams/filtered-usage-events", usage, methods=["POST"]),
        Route("/teams/members", members),
    ]
    uvicorn.run(Starlette(routes=routes), host="localhost", port=port, log_level="warning")


if __name__ == "__main__":
    main()
