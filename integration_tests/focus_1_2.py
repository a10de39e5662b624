"""The columns of FOCUS 1.2 and their rules, from the text of the specification (focus.finops.org).

Independent of the model on purpose: this is what holds the model where focus-validator cannot run.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

DECIMAL, STRING, TIME = "decimal", "string", "time"
MANDATORY = {
    **dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "PricingQuantity"), DECIMAL),
    **dict.fromkeys(("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"), TIME),
    **dict.fromkeys(
        (
            "BillingAccountId",
            "BillingAccountName",
            "BillingCurrency",
            "ChargeCategory",
            "ChargeClass",
            "ChargeDescription",
            "InvoiceIssuerName",
            "PricingUnit",
            "ProviderName",
            "PublisherName",
            "ServiceCategory",
            "ServiceName",
        ),
        STRING,
    ),
}
CONDITIONAL = {
    **dict.fromkeys(
        (
            "ConsumedQuantity",
            "CommitmentDiscountQuantity",
            "ContractedUnitPrice",
            "ListUnitPrice",
            "PricingCurrencyContractedUnitPrice",
            "PricingCurrencyEffectiveCost",
            "PricingCurrencyListUnitPrice",
        ),
        DECIMAL,
    ),
    **dict.fromkeys(
        (
            "AvailabilityZone",
            "BillingAccountType",
            "CapacityReservationId",
            "CapacityReservationStatus",
            "ChargeFrequency",
            "CommitmentDiscountCategory",
            "CommitmentDiscountId",
            "CommitmentDiscountName",
            "CommitmentDiscountStatus",
            "CommitmentDiscountType",
            "CommitmentDiscountUnit",
            "ConsumedUnit",
            "InvoiceId",
            "PricingCategory",
            "PricingCurrency",
            "RegionId",
            "RegionName",
            "ResourceId",
            "ResourceName",
            "ResourceType",
            "ServiceSubcategory",
            "SkuId",
            "SkuMeter",
            "SkuPriceDetails",
            "SkuPriceId",
            "SubAccountId",
            "SubAccountName",
            "SubAccountType",
            "Tags",
        ),
        STRING,
    ),
}
NOT_NULL = {
    *(MANDATORY.keys() - {"ChargeClass", "PricingQuantity", "PricingUnit"}),
    *("ChargeFrequency", "PricingCurrency", "PricingCurrencyEffectiveCost", "ServiceSubcategory"),
}
ALLOWED = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"Correction"},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "PricingCategory": {"Standard", "Dynamic", "Committed", "Other"},
}
# of each category those that our vendors can have
SUBCATEGORIES = {
    "AI and Machine Learning": {"AI Platforms", "Bots", "Generative AI", "Machine Learning"},
    "Analytics": {"Analytics Platforms", "Data Processing", "Search", "Streaming Analytics", "Other (Analytics)"},
    "Databases": {"Relational Databases", "NoSQL Databases", "Time Series Databases", "Other (Databases)"},
    "Developer Tools": {
        *("Developer Platforms", "Continuous Integration and Deployment", "Development Environments"),
        *("Source Code Management", "Quality Assurance", "Other (Developer Tools)"),
    },
    "Integration": {"API Management", "Messaging", "Workflow Orchestration", "Other (Integration)"},
    "Management and Governance": {"Compliance", "Cost Management", "Data Governance", "Observability", "Support"},
    "Security": {"Secret Management", "Security Posture Management", "Other (Security)"},
    "Other": {"Other (Other)"},
}
_PRICED = ("PricingQuantity", "ListUnitPrice", "ContractedUnitPrice", "PricingCategory", "SkuId", "SkuPriceId")
_PRODUCTS = {"ListUnitPrice": "ListCost", "ContractedUnitPrice": "ContractedCost"}
# (a column, another that has a value exactly when the first has one)
_TOGETHER = [
    *(("PricingQuantity", "PricingUnit"), ("ConsumedQuantity", "ConsumedUnit"), ("SkuId", "SkuMeter")),
    *(("SubAccountId", "SubAccountName"), ("SubAccountId", "SubAccountType"), ("ResourceId", "ResourceType")),
    *(("RegionId", "RegionName"), ("BillingAccountId", "BillingAccountType")),
]


def faults(row: Mapping[str, Any]) -> Iterator[str]:
    """The rules of FOCUS 1.2 that a row breaks."""
    yield from (f"{name} is null" for name in NOT_NULL if row[name] is None)
    yield from (f"{name} is empty" for name, value in row.items() if isinstance(value, str) and not value.strip())
    yield from (f"{name}: {row[name]}" for name, values in ALLOWED.items() if row[name] not in {None, *values})
    yield from (f"{one} without {other}" for one, other in _TOGETHER if (row[one] is None) != (row[other] is None))
    yield from _money(row)
    yield from _category(row)
    if row["ServiceSubcategory"] not in SUBCATEGORIES.get(row["ServiceCategory"], ()):
        yield f"{row['ServiceCategory']} has no {row['ServiceSubcategory']}"
    if not row["ChargePeriodStart"] < row["ChargePeriodEnd"]:
        yield "the period of the charge is empty"
    if not row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["BillingPeriodEnd"]:
        yield "the charge begins outside the billing period"


def _money(row: Mapping[str, Any]) -> Iterator[str]:
    if not (len(row["BillingCurrency"]) == 3 and row["BillingCurrency"].isupper()):
        yield f"{row['BillingCurrency']} is no national currency"
    for price, cost in _PRODUCTS.items():
        if row[price] is None:
            continue
        if row[price] < 0:
            yield f"{price} is negative"
        if abs(row[price] * row["PricingQuantity"] - row[cost]) > Decimal("1e-9") * max(abs(row[cost]), 1):
            yield f"{price} times PricingQuantity is not {cost}"


def _category(row: Mapping[str, Any]) -> Iterator[str]:
    category = row["ChargeCategory"]
    for name in _PRICED:
        if (row[name] is not None) != (category in ("Usage", "Purchase")):
            yield f"{name} of a {category}: {row[name]}"
    if (row["ConsumedQuantity"] is not None) != (category == "Usage"):
        yield f"ConsumedQuantity of a {category}: {row['ConsumedQuantity']}"
    if category == "Purchase" and (row["EffectiveCost"] or row["ChargeFrequency"] == "Usage-Based"):
        yield "a purchase has an effective cost or is charged by use"
    if category == "Credit" and len({row["BilledCost"], row["EffectiveCost"], row["ListCost"]}) > 1:
        yield "a credit has different costs"
