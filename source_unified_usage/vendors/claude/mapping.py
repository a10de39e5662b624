"""What both Claude APIs express alike: products, models, tokens, cents."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from source_unified_usage.core.errors import reason_of
from source_unified_usage.core.progress import logger
from source_unified_usage.core.times import Period, parse_time, rfc3339
from source_unified_usage.core.usage import Number, Row, canonical_json, compact, from_cents, number, quantity, total
from source_unified_usage.core.validator import preview

CLAUDE = {"id": "claude", "name": "Claude"}

_NAMES = {
    "chat": "Claude Chat",
    "claude_code": "Claude Code",
    "cowork": "Cowork",
    "chat_cowork_unified": "Claude Chat and Cowork",
    "office_agent": "Claude in Office",
    "claude_design": "Claude Design",
    "science": "Claude Science",
    "claude_in_chrome": "Claude in Chrome",
    "claude_tag": "Claude Tag",
}
_DECIMAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?").fullmatch
# the same product before and after September 2026 (reference); claude_in_slack with underscores is another
_RENAMED = {"claude-in-slack": "claude_tag", "claude-tag": "claude_tag"}


def product_id(product: str | None) -> str | None:
    """A report's product as ids and records name it; a renamed product keeps one name."""
    return _RENAMED.get(product, product) if product else None


def surface_of(product: str | None) -> str | None:
    """In lower snake case, as all surfaces are; new products come in any spelling."""
    return re.sub(r"\W+", "_", product.lower()) if product else None


def product_of(id: str | None) -> Mapping[str, str]:
    return compact(id=id, name=_NAMES.get(id)) if id else CLAUDE


@cache
def model_of(model: str | None) -> Mapping[str, str]:
    return {"id": model, "provider": "anthropic"} if model else {}


def tokens(row: Row) -> dict[str, Number]:
    """The row's token counts; they add up to the total."""
    created = row.get("cache_creation") or {}
    five, hour = (quantity(created.get(f"ephemeral_{age}_input_tokens")) for age in ("5m", "1h"))
    # the flat count instead of the two: as clients report
    write = quantity(row.get("cache_creation_input_tokens")) if five is None and hour is None else total(five, hour)
    parts = {
        "input": quantity(row.get("uncached_input_tokens")),
        "cache_read": quantity(row.get("cache_read_input_tokens")),
        "cache_write": write,
        "output": quantity(row.get("output_tokens")),
    }
    # the vendor's own total counts only where a part is missing: it would not be the sum of the others
    whole = quantity(row.get("total_tokens")) if None in parts.values() else None
    return compact(
        **parts,
        cache_write_ephemeral_5m=five,
        cache_write_ephemeral_1h=hour,
        total=total(*parts.values()) if whole is None else whole,
    )


def unified(row: Row, part: str) -> Row:
    """The `chat` or `sessions` of members whose chat and Cowork are one; no plain block counts them (reference)."""
    return (row.get("chat_cowork_unified_metrics") or {}).get(part) or {}


def searches(row: Row) -> Number | None:
    return quantity((row.get("server_tool_use") or {}).get("web_search_requests"))


def tool_actions(row: Row, accepted: str, rejected: str) -> dict[str, Any]:
    """What became of suggestions, by tool and in sum. Tools come and go; each counts under these two names."""
    actions = {
        tool: compact(accepted=quantity(action.get(accepted)), rejected=quantity(action.get(rejected)))
        for tool, action in (row.get("tool_actions") or {}).items()
        if action
    }
    return {
        "accepts": total(*(action.get("accepted") for action in actions.values())),
        "rejects": total(*(action.get("rejected") for action in actions.values())),
        "tool_actions": compact(**actions),
    }


def amounts(row: Row) -> Iterable[Number]:
    """Every number of a block, however deep it lies."""
    for value in row.values():
        if isinstance(value, Mapping):
            yield from amounts(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield value


def dollars(stream: str, row: Row, field: str) -> Decimal | None:
    """A field in cents as whole units. One that is no amount is left out with a warning: its row still counts."""
    try:
        amount = from_cents(row.get(field))
        if amount is not None:
            number(amount)
        return amount
    except (ValueError, ArithmeticError) as error:  # an exponent beyond what Decimal computes with
        instead = "net is taken for it" if field == "list_amount" else "the charge is left out"
        logger.warning(f"{stream}: {field} is no amount ({reason_of(error)}), {instead}: {preview(row)}")
        return None


def order(row: Row) -> tuple[str, str]:
    """Of rows that agree in their key: what they are before what they count, which may be restated."""
    return canonical_json(_without_figures(row)), canonical_json(row)


def _without_figures(value: Any) -> Any:
    """A row without its figures; amounts of money are figures in text."""
    if isinstance(value, Mapping):
        return {name: rest for name, part in value.items() if (rest := _without_figures(part)) is not None}
    figure = type(value) in (int, float) or (isinstance(value, str) and _DECIMAL(value))
    return None if figure else value


def currency(row: Row) -> str:
    """US dollars are the only one documented, and are meant where none is named (reference: cost_report)."""
    return (row.get("currency") or "USD").upper()


def bucket_period(row: Row) -> Period:
    """The bucket of a row. Raises KeyError or ValueError."""
    return {"start_date": moment(row["starting_at"]), "end_date": moment(row["ending_at"])}


@cache
def moment(text: str) -> str:
    """A time as all records write it. Raises ValueError."""
    return rfc3339(parse_time(text))
