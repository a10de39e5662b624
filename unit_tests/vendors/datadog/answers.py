"""Questions and made-up answers of the Datadog tests."""

from collections.abc import Mapping
from typing import Any

import pendulum
import requests_mock

from unit_tests.vendors.samples import records, records_of, sample, stream_of, window

NOW = pendulum.datetime(2025, 8, 14, 9, 30)
KEYS = {"api_key": "not-a-real-api-key", "application_key": "not-a-real-application-key"}
CONFIG = {**KEYS, "include_attribution": True, "include_projected_cost": True}
HOST = "https://api.datadoghq.com"
HISTORICAL, ESTIMATED, PROJECTED = (
    f"{HOST}/api/v2/usage/{kind}_cost" for kind in ("historical", "estimated", "projected")
)
HOURLY = f"{HOST}/api/v2/usage/hourly_usage"
BILLABLE = f"{HOST}/api/v1/usage/billable-summary"
LABELS = f"{HOST}/api/v2/usage/billing_dimension_mapping"
MONTHLY_COST = f"{HOST}/api/v2/cost_by_tag/monthly_cost_attribution"
MONTHLY_USAGE = f"{HOST}/api/v1/usage/monthly-attribution"
HOURLY_ATTRIBUTION = f"{HOST}/api/v1/usage/hourly-attribution"
TYPES = f"{HOST}/api/v2/usage/usage-attribution-types"
EMPTY: dict[str, Any] = {"json": {"data": []}}
JUNE, JULY, AUGUST, SEPTEMBER = (f"2025-{month:02}-01" for month in (6, 7, 8, 9))
EDGE, SCOPE, CHILD = "edge_403_bad_or_missing_keys", "app_403_missing_scope", "child_org_400_plain"


def read(stream: str, start: str, end: str, **config: Any) -> list[dict[str, Any]]:
    return records(stream_of("datadog", {**CONFIG, **config}, stream), window(start, end))


def mapped(stream: str, item: Any, **config: Any) -> list[dict[str, Any]]:
    """The records of one item, which needs no answers."""
    return records_of(stream_of("datadog", {**CONFIG, **config}, stream), [item])


def asked(server: requests_mock.Mocker, url: str) -> list[dict[str, str]]:
    path = url.removeprefix(HOST)
    return [
        {name: values[0] for name, values in request.qs.items()}
        for request in server.request_history
        if request.path == path
    ]


def error(case: str, **changes: Any) -> dict[str, Any]:
    found = {**sample("datadog", "errors")[case], **changes}
    return {"status_code": found["status"], "headers": found["headers"], "json": found["body"]}


def entry(*lines: Any, **attributes: Any) -> dict[str, Any]:
    known = {"public_id": "org1", "org_name": "Org", "date": "2025-06-01T00:00:00Z", "charges": list(lines)}
    sent = {name: value for name, value in {**known, **attributes}.items() if value is not ...}
    return {"type": "cost_by_org", "id": "x", "attributes": sent}


def line(kind: Any, cost: Any, product: Any = "infra_host") -> dict[str, Any]:
    sent = {"product_name": product, "charge_type": kind, "cost": cost}
    return {name: value for name, value in sent.items() if value is not ...}


def data(*entries: Any) -> dict[str, Any]:
    return {"json": {"data": list(entries)}}


def views(record: Mapping[str, Any]) -> dict[str, Any]:
    return {charge.get("type", ""): charge["amount"] for charge in record.get("charges", ())}


def hours(*rows: Any, **meta: Any) -> dict[str, Any]:
    return {"json": {"data": list(rows), **meta}}


def measured(*values: Any, **attributes: Any) -> dict[str, Any]:
    measurements = [{"usage_type": f"type{n}_count", "value": value} for n, value in enumerate(values)]
    known = {"public_id": "org1", "product_family": "logs", "timestamp": "2025-08-10T05:00:00+00:00"}
    return {"attributes": {**known, "measurements": measurements, **attributes}}
