"""Costs of the API: the only money of the platform, by project, and once more by user."""

from collections.abc import Iterator

from source_unified_usage.core.errors import mapping
from source_unified_usage.core.stream import Role
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Charge, Row, Usage, charges, compact, decimal, nested, quantity, text, usage
from source_unified_usage.core.window import days
from source_unified_usage.vendors.openai.buckets import BucketItem, BucketStream
from source_unified_usage.vendors.openai.mapping import dimension, model, utc_day

# "<model>[ <modality>], <kind>", as in "gpt-image-1 image, output"; a modality may also stand within the kind, "tokens"
# and a time ("cache writes - 12hr") behind it (line items recorded in August and September 2026; OpenAI Python SDK)
_MODALITIES = ("audio", "image", "text")
_KINDS = frozenset({"input", "cached input", "cache write", "cache writes", "output"})


class Costs(BucketStream):
    name = "openai_costs"
    about = (
        "What one line item cost on one day, by project and API key, credits included. The sum of net is the bill of "
        "the API platform."
    )
    role: Role = "bill"
    step = days(180)  # the most buckets of a page (OpenAI API reference: Costs)
    lookback = days(7)  # how long costs are corrected is not documented; a margin over the usage that they follow
    route = "costs"
    dimensions = ("project_id", "line_item", "api_key_id")

    def key(self, row: Row) -> str:
        return self.id(
            utc_day(row["start_time"]),
            *(dimension(row, name) for name in self.dimensions),
            text(nested(row, "amount").get("currency")),
        )

    def usages(self, item: BucketItem) -> Iterator[Usage]:
        cost = item.row
        line_item = text(cost.get("line_item"))
        yield usage(
            id=f"{self.key(cost)}/{item.ordinal}",
            product={"id": "openai_api", "name": "OpenAI API"},
            metric_name=line_item,
            resources=item.names.resources(cost),
            organization=compact(id=text(cost.get("organization_id"))),
            user=item.names.user(cost),
            model=model(_model_of(line_item)),
            charges=_charges(nested(cost, "amount")),
            usage=compact(quantity=quantity(cost.get("quantity")), unit=text(cost.get("quantity_unit"))),
            **day_period(utc_day(cost["start_time"])),
            surface="api",
            remote_data=cost,
        )


class CostsByUser(Costs):
    name = "openai_costs_by_user"
    about = (
        "What one line item cost on one day, by user and API key, all projects together; what no user caused is a row "
        "without a user. Restates openai_costs."
    )
    role = "restates"
    restates = ("openai_costs",)
    # never with project_id: whether that is answered depends on the organization and the days (OpenAI Python SDK 3.57)
    dimensions = ("user_id", "line_item", "api_key_id")

    def keeps(self, row: Row) -> bool:
        """Of the configured users alone: costs have no filter by user (OpenAI API reference: Costs)."""
        with mapping(row):
            return not self.user_ids or text(row.get("user_id")) in self.user_ids


def _model_of(line_item: str | None) -> str | None:
    """The model that a line item names; None where no rule knows the line item."""
    found, _, kind = (line_item or "").rpartition(", ")
    if _plain(kind) not in _KINDS:
        return None
    for modality in _MODALITIES:
        found = found.removesuffix(f" {modality}")
    return found if found not in ("", *_MODALITIES) else None


def _plain(kind: str) -> str:
    """`cached_input_tokens` and `cached text input` are `cached input`, `cache writes - 12hr` are `cache writes`."""
    words = kind.partition(" - ")[0].replace("_", " ").removesuffix(" tokens").split(" ")
    return " ".join(word for word in words if word not in _MODALITIES)


def _charges(amount: Row) -> list[Charge]:
    """Whole units, sent as number or text. Raises ValueError for an amount that is no money."""
    value = decimal(amount.get("value"))
    if value is None:
        return []
    currency = text(amount.get("currency"))
    if not currency:
        raise ValueError("an amount without currency")
    return charges(currency.upper(), net=value, credit=value if value < 0 else None)
