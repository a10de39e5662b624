"""What an organization has: a name, environments and clusters. The first two are read once per sync."""

from collections.abc import Iterator, Mapping

from source_unified_usage.core.lookup import Lookup, by_id, texts
from source_unified_usage.core.usage import Row, compact
from source_unified_usage.vendors.confluent.api import LOOK_UP_SIZE, ConfluentApi

Named = Mapping[str, str]


class Lookups:
    """The lists that both streams read: costs for names, metrics to know what there is."""

    def __init__(self, api: ConfluentApi) -> None:
        self.environments = Lookup(api, "environment names", _environments)
        self.organizations = Lookup(api, "organization name", _organizations)


def _environments(api: ConfluentApi) -> Iterator[Mapping[str, Named]]:
    """The environments that the key may see."""
    pages = api.pages("/org/v2/environments", {"page_size": LOOK_UP_SIZE})
    return (texts(rows, "display_name") for rows in pages)


def _organizations(api: ConfluentApi) -> Iterator[Mapping[str, Named]]:
    """All of them at once: the only one of the first page would be taken for the key's own, though others follow."""
    yield texts(api.listing("/org/v2/organizations", {"page_size": LOOK_UP_SIZE}), "display_name")


def organization(rows: Mapping[str, Named]) -> Mapping[str, str]:
    """The key's organization as a record carries it; empty unless there is exactly one."""
    if len(rows) != 1:
        return {}
    (id,) = rows
    return compact(id=id, name=name_of(rows, id))


def clusters(api: ConfluentApi, environment: str) -> Mapping[str, Row]:
    """The Kafka clusters of one environment, by id."""
    return by_id(api.listing("/cmk/v2/clusters", {"environment": environment, "page_size": LOOK_UP_SIZE}))


def name_of(rows: Mapping[str, Named], id: str | None) -> str | None:
    return rows.get(id, {}).get("display_name") if id else None
