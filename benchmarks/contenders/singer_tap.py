"""The same stream as a tap on the singer-sdk. Arguments: URL, first day, days, and any of

`msgspec`: its faster writer; `unified`: every row mapped to the unified record.
"""

import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.pagination import BasePageNumberPaginator
from unified import record as unified
from unified import schema as unified_schema

URL, FIRST, DAYS = sys.argv[1], datetime.fromisoformat(sys.argv[2]).replace(tzinfo=timezone.utc), int(sys.argv[3])

OPTIONS = sys.argv[4:]


class Pages(BasePageNumberPaginator):
    def has_more(self, response: Any) -> bool:
        return bool(response.json()["pagination"]["hasNextPage"])


class UsageEvents(RESTStream):
    name = "usage_events"
    url_base = URL
    path = "/teams/filtered-usage-events"
    rest_method = "POST"
    http_method = "POST"
    records_jsonpath = "$.usageEvents[*]"
    schema = th.PropertiesList(
        th.Property("timestamp", th.StringType),
        th.Property("userEmail", th.StringType),
        th.Property("conversationId", th.StringType),
        th.Property("model", th.StringType),
        th.Property("kind", th.StringType),
        th.Property("maxMode", th.BooleanType),
        th.Property("requestsCosts", th.NumberType),
        th.Property("isTokenBasedCall", th.BooleanType),
        th.Property("isChargeable", th.BooleanType),
        th.Property("isHeadless", th.BooleanType),
        th.Property("tokenUsage", th.ObjectType(additional_properties=True)),
        th.Property("chargedCents", th.NumberType),
        th.Property("cursorTokenFee", th.NumberType),
    ).to_dict()
    if "unified" in OPTIONS:
        schema = unified_schema()

    def post_process(self, row: dict[str, Any], context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return unified(row) if "unified" in OPTIONS else row

    @property
    def partitions(self) -> list[dict[str, Any]]:
        first = int(FIRST.timestamp() * 1000)
        return [{"start": first + number * 86_400_000} for number in range(DAYS)]

    def get_new_paginator(self) -> Pages:
        return Pages(start_value=1)

    def prepare_request_payload(self, context: Mapping[str, Any] | None, next_page_token: Any) -> dict[str, Any]:
        start = (context or {})["start"]
        return {"startDate": start, "endDate": start + 86_399_999, "page": next_page_token or 1, "pageSize": 1000}


class TapCursor(Tap):
    name = "tap-cursor"
    config_jsonschema = th.PropertiesList().to_dict()
    if "msgspec" in OPTIONS:
        message_writer_class = MsgSpecWriter

    def discover_streams(self) -> list[RESTStream]:
        return [UsageEvents(self)]


if __name__ == "__main__":
    TapCursor(config={}).sync_all()
