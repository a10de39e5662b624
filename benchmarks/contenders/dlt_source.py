"""The same stream in dlt, extract step alone. Arguments: URL, first day, days, folder, and any of

`plain`: files that are not compressed; `own`: a resource of one's own on requests and orjson instead of dlt's rest_api
source; `unified`: every row mapped to the unified record.
"""

import os
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

options = sys.argv[5:]
if "plain" in options:
    os.environ["DATA_WRITER__DISABLE_COMPRESSION"] = "true"

import dlt  # noqa: E402 - reads the environment
import orjson  # noqa: E402
import requests  # noqa: E402
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402
from unified import record as unified  # noqa: E402

url, first, days = sys.argv[1], datetime.fromisoformat(sys.argv[2]).replace(tzinfo=timezone.utc), int(sys.argv[3])
path = "teams/filtered-usage-events"


def body(number: int) -> dict[str, int]:
    start = int(first.timestamp() * 1000) + number * 86_400_000
    return {"startDate": start, "endDate": start + 86_399_999, "pageSize": 1000}


def day(number: int) -> dict[str, object]:
    paginator = PageNumberPaginator(
        base_page=1, page_body_path="page", total_path=None, has_more_path="pagination.hasNextPage"
    )
    return {
        "name": f"usage_events_{number}",
        "table_name": "usage_events",
        "endpoint": {
            "path": path,
            "method": "POST",
            "json": body(number),
            "data_selector": "usageEvents",
            "paginator": paginator,
        },
    }


@dlt.resource(name="usage_events")
def own() -> Iterator[list[Any]]:
    session = requests.Session()
    for number in range(days):
        page, more = 1, True
        while more:
            asked = {**body(number), "page": page}
            answer = orjson.loads(session.post(f"{url}/{path}", json=asked, timeout=60).content)
            yield answer["usageEvents"]
            more = answer["pagination"]["hasNextPage"]
            page += 1


if "own" in options:
    source = dlt.source(lambda: own, name="own")()
else:
    source = rest_api_source({"client": {"base_url": f"{url}/"}, "resources": [day(number) for number in range(days)]})
if "unified" in options:
    for resource in source.resources.values():
        resource.add_map(unified)
dlt.pipeline("bench", pipelines_dir=sys.argv[4], destination="duckdb").extract(source)
