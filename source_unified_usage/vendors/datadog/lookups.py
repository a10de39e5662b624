"""What Datadog calls its products, and the usage types that it attributes to tags."""

from collections.abc import Iterator, Mapping, Sequence

from source_unified_usage.vendors.datadog.api import DatadogApi

LABELS = "/api/v2/usage/billing_dimension_mapping"
TYPES = "/api/v2/usage/usage-attribution-types"


def labels(api: DatadogApi) -> Iterator[Mapping[str, str]]:
    """What the billing dimensions are called in Datadog's own pages, by id."""
    rows = api.ask(LABELS, {"filter[view]": "all"}).rows("data")
    found = {row.get("id"): (row.get("attributes") or {}).get("in_app_label") for row in rows}
    yield {str(id): str(label) for id, label in found.items() if id and label}


def usage_types(api: DatadogApi) -> Sequence[str]:
    """The usage types of attribution, mostly without the suffix that the other endpoints give them."""
    answer = api.ask(TYPES)
    names = (answer.object("data").get("attributes") or {}).get("values")
    if not isinstance(names, list):
        raise answer.broken("no list of names under 'values'")
    return names
