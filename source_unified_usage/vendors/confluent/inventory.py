"""What an organization owns: environments and clusters, and its own name."""

from collections.abc import Mapping

from source_unified_usage.core.lookup import by_id
from source_unified_usage.core.usage import Row, compact
from source_unified_usage.vendors.confluent.api import LOOK_UP_SIZE, ConfluentApi


def environments(api: ConfluentApi) -> Mapping[str, Row]:
    """The environments that the key may see, by id."""
    return by_id(api.listing("/org/v2/environments", {"page_size": LOOK_UP_SIZE}))


def organization(api: ConfluentApi) -> Mapping[str, str]:
    """The key's organization as a record carries it; empty unless there is exactly one."""
    rows = by_id(api.listing("/org/v2/organizations", {"page_size": LOOK_UP_SIZE}))
    if len(rows) != 1:
        return {}
    (id,) = rows
    return compact(id=id, name=name_of(rows, id))


def clusters(api: ConfluentApi, environment: str) -> Mapping[str, Row]:
    """The Kafka clusters of one environment, by id."""
    return by_id(api.listing("/cmk/v2/clusters", {"environment": environment, "page_size": LOOK_UP_SIZE}))


def name_of(rows: Mapping[str, Row], id: str | None) -> str | None:
    name = rows.get(id, {}).get("display_name") if id else None
    return str(name) if name else None
