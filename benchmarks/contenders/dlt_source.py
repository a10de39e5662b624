"""The same stream as a dlt rest_api source, extract step alone. Arguments: URL, first day, days, folder."""

import sys
from datetime import datetime, timezone

import dlt
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
from dlt.sources.rest_api import rest_api_source

url, first, days = sys.argv[1], datetime.fromisoformat(sys.argv[2]).replace(tzinfo=timezone.utc), int(sys.argv[3])


def day(number: int) -> dict[str, object]:
    start = int(first.timestamp() * 1000) + number * 86_400_000
    paginator = PageNumberPaginator(
        base_page=1, page_body_path="page", total_path=None, has_more_path="pagination.hasNextPage"
    )
    return {
        "name": f"usage_events_{number}",
        "table_name": "usage_events",
        "endpoint": {
            "path": "teams/filtered-usage-events",
            "method": "POST",
            "json": {"startDate": start, "endDate": start + 86_399_999, "pageSize": 1000},
            "data_selector": "usageEvents",
            "paginator": paginator,
        },
    }


source = rest_api_source({"client": {"base_url": f"{url}/"}, "resources": [day(number) for number in range(days)]})
pipeline = dlt.pipeline("bench", pipelines_dir=sys.argv[4], destination="duckdb")
pipeline.extract(source)
