"""The unified record of a Cursor usage event, as a user of another tool would write it: one function, nothing checked.

It imports nothing of this source, so that it runs in every contender's environment, and knows only what the events of
the benchmark's server hold.
"""

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

PROVIDERS = {"claude": "anthropic", "gpt": "openai", "gemini": "google"}


def record(event: dict[str, Any]) -> dict[str, Any]:
    milliseconds, model, tokens = int(event["timestamp"]), event["model"], event["tokenUsage"]
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    instant = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03}Z"
    input, output = tokens["inputTokens"], tokens["outputTokens"]
    read, write = tokens["cacheReadTokens"], tokens["cacheWriteTokens"]
    net, fee = dollars(event["chargedCents"]), dollars(event["cursorTokenFee"])
    amounts = {"net": net, "total": net, "usage_based": net, "platform_fee": fee}
    return {
        "id": f"cursor_usage_events/{milliseconds}/{model}/0",
        "product": {"id": "cursor", "name": "Cursor"},
        "metric_name": "usage_event",
        "resources": [{"id": event["conversationId"], "name": "conversation"}],
        "user": {"email": event["userEmail"]},
        "model": {"id": model, "provider": PROVIDERS.get(model.split("-")[0], "cursor")},
        "charges": [{"amount": amount, "currency": "USD", "type": type} for type, amount in amounts.items()],
        "usage": {
            "requests": {"total": 1, "usage_based": 1},
            "quantity": event["requestsCosts"],
            "unit": "request",
            "tokens": {
                "input": input,
                "output": output,
                "cache_read": read,
                "cache_write": write,
                "total": input + output + read + write,
            },
            "activity": {"max_mode": event["maxMode"]},
        },
        "start_date": instant,
        "end_date": instant,
        "remote_data": event,
    }


def dollars(cents: float | Decimal) -> float:
    """Exact, rounded to ten places. singer-sdk parses numbers as Decimal."""
    return float((Decimal(str(cents)) / 100).quantize(Decimal("1e-10")))


def schema() -> dict[str, Any]:
    """The fields of the unified record in JSON schema, as far as a tool needs them to pass a record on."""
    kinds = {
        "string": ("id", "metric_name", "start_date", "end_date"),
        "object": ("product", "user", "model", "usage", "remote_data"),
        "array": ("resources", "charges"),
    }
    properties = {name: {"type": [kind, "null"]} for kind, names in kinds.items() for name in names}
    return {"type": "object", "properties": properties}
