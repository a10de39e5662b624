"""Which of two APIs bills: the reports of before, or the Usage and Cost Analytics API that replaces them."""

from source_unified_usage.core.stream import Role

# While it is a beta the reports of before are the bill, and theirs are the tokens that count; False swaps all of it
SPEND_IS_BETA = True

LEGACY_BILL: Role = "bill" if SPEND_IS_BETA else "restates"
RESTATED_BY_LEGACY = () if SPEND_IS_BETA else ("claude_spend",)
SPEND_ROLE: Role = "restates" if SPEND_IS_BETA else "bill"
