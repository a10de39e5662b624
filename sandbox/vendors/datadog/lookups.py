"""The labels of the billing dimensions, and the types that attribution knows."""

from sandbox.kit import Json
from sandbox.times import day_stamp
from sandbox.vendors.datadog.catalog import ATTRIBUTED, PRODUCTS
from sandbox.vendors.datadog.query import Query, identifier
from sandbox.vendors.datadog.refusals import json_api


def dimension_mapping(query: Query) -> Json:
    """Labels of the billing dimensions, of which the vendor does not know every one."""
    view = query.text("filter[view]") or "active"
    if view not in ("active", "all"):
        raise json_api("filter[view] must be one of active, all")
    month = query.now.date().replace(day=1)
    data = []
    for product in PRODUCTS.values():
        if product.label is None or (view == "active" and not product.base):
            continue
        known = product.name != "logs_ingested"
        endpoint = {
            "id": "api/v1/usage/billable-summary",
            "keys": [product.key] if known else [],
            "status": "OK" if known else "NOT_FOUND",
        }
        attributes = {"in_app_label": product.label, "timestamp": day_stamp(month), "endpoints": [endpoint]}
        data.append({"type": "billing_dimensions", "id": product.name, "attributes": attributes})
    return {"data": data}


def attribution_types(_: Query) -> Json:
    values = sorted(ATTRIBUTED)
    identity = identifier("usage_attribution_types", *values)
    return {"data": {"type": "usage_attribution_types", "id": identity, "attributes": {"values": values}}}
