"""Costs of the API: the only money of the platform. It is never told by user."""

from collections.abc import Iterator
from typing import Any

from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Charge, Row, Usage, charges, compact, decimal, quantity, usage
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.openai.buckets import BucketStream
from source_unified_usage.vendors.openai.terms import utc_day

# "<model>[ <modality>], <kind>", as in "gpt-image-1 image, output"; a modality may also stand within the kind
_MODALITIES = ("audio", "image", "text")
_KINDS = frozenset(
    {
        "input",
        "input_tokens",
        "cached input",
        "cache write",
        "cache writes",
        "cache writes - 12hr",
        "output",
    }
)


class Costs(BucketStream):
    """The bill, day by day."""

    name = "openai_costs"
    about = (
        "What one line item cost on one day, by project and API key, credits included. The sum of net is the bill of "
        "the API platform."
    )
    step = days(180)  # the most buckets of a page
    lookback = days(7)
    route = "costs"
    dimensions = ("project_id", "line_item", "api_key_id")

    def key(self, row: Row) -> str:
        return self.id(
            utc_day(row["start_time"]),
            *(row.get(dimension) for dimension in self.dimensions),
            (row.get("amount") or {}).get("currency"),
        )

    def usages(self, row: tuple[Row, int], window: Window) -> Iterator[Usage]:
        cost, ordinal = row
        day = utc_day(cost["start_time"])
        yield usage(
            id=f"{self.key(cost)}/{ordinal}",
            product={"id": "openai_api", "name": "OpenAI API"},
            metric_name=cost.get("line_item"),
            resources=self.names.resources(cost),
            organization=compact(id=cost.get("organization_id")),
            model=_model(cost.get("line_item")),
            charges=_charges(cost.get("amount") or {}),
            usage=compact(quantity=quantity(cost.get("quantity")), unit=cost.get("quantity_unit")),
            **day_period(day),
            surface="api",
            remote_data=cost,
        )


def _model(line_item: str | None) -> dict[str, Any]:
    """The model that a line item names; none where no rule knows the line item."""
    model, _, kind = (line_item or "").rpartition(", ")
    if " ".join(word for word in kind.split(" ") if word not in _MODALITIES) not in _KINDS:
        return {}
    for modality in _MODALITIES:
        model = model.removesuffix(f" {modality}")
    return {"id": model, "provider": "openai"} if model not in ("", *_MODALITIES) else {}


def _charges(amount: Row) -> list[Charge]:
    """Whole units, sent as number or text. Raises ValueError for an amount that is no money."""
    value = decimal(amount.get("value"))
    if value is None:
        return []
    if not amount.get("currency"):
        raise ValueError("an amount without currency")
    return charges(amount["currency"].upper(), net=value, credit=value if value < 0 else None)
