"""What becomes of the money and the line items of OpenAI's costs."""

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit_tests.vendors.openai.answers import record
from unit_tests.vendors.samples import sample

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=10)


def cost(row: dict[str, Any]) -> dict[str, Any]:
    return record("openai_costs", row)


@given(AMOUNTS, st.randoms(use_true_random=False))
def test_amounts_in_every_spelling_are_the_same_money(amount: Decimal, draw: random.Random) -> None:
    spell = (
        lambda d: f"{d:f}",
        lambda d: f"{d:E}",
        str,
        lambda d: float(d) if Decimal(repr(float(d))) == d else str(d),
    )
    charges = cost({"line_item": "x", "amount": {"value": draw.choice(spell)(amount), "currency": "usd"}})["charges"]
    assert [charge["type"] for charge in charges] == ["net", "total", *(["credit"] if amount < 0 else [])]
    assert {charge["amount"] for charge in charges} == {float(amount)}
    assert {charge["currency"] for charge in charges} == {"USD"}


def test_the_sum_of_net_is_the_vendors_own() -> None:
    pages = ["costs.page1", "costs.page2"]
    rows = [row for name in pages for bucket in sample("openai", name)["data"] for row in bucket["results"]]
    own = sum(Decimal(str((row.get("amount") or {}).get("value") or 0)) for row in rows)
    found = [c["amount"] for row in rows for c in cost(row).get("charges", ()) if c["type"] == "net"]
    assert sum(Decimal(repr(amount)) for amount in found) == own


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ({"value": "NaN", "currency": "usd"}, "not a finite number"),
        ({"value": "Infinity", "currency": "usd"}, "not a finite number"),
        ({"value": "1e999", "currency": "usd"}, "beyond a JSON number"),
        ({"value": "12 dollars", "currency": "usd"}, "not a number"),
        ({"value": 1, "currency": None}, "an amount without currency"),
        ({"value": 1}, "an amount without currency"),
    ],
)
def test_an_amount_that_is_no_money_is_refused(amount: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        cost({"line_item": "x", "amount": amount})


@pytest.mark.parametrize("amount", [None, {}, {"value": None, "currency": "usd"}, {"value": "", "currency": "usd"}])
def test_an_unknown_amount_makes_no_charge(amount: Any) -> None:
    found = cost({"line_item": "x", "amount": amount})
    assert "charges" not in found


@pytest.mark.parametrize(
    ("line_item", "model"),
    [
        ("gpt-5.4-2026-03-05, cached input", "gpt-5.4-2026-03-05"),
        ("ft:gpt-4o:acme, inc:tag:x, output", "ft:gpt-4o:acme, inc:tag:x"),
        ("gpt-realtime, cached audio input", "gpt-realtime"),
        ("gpt-image-2, image output", "gpt-image-2"),
        ("gpt-5.4, cache write", "gpt-5.4"),
        ("gpt-realtime, audio cache write", "gpt-realtime"),
        ("gpt-image-1 image, output", "gpt-image-1"),
        ("gpt-image-2-2026-04-21 text, input", "gpt-image-2-2026-04-21"),
        ("gpt-realtime audio, cached input", "gpt-realtime"),
        ("gpt-5.6-terra, cache writes", "gpt-5.6-terra"),
        ("gpt-5.6-terra, cache writes - 12hr", "gpt-5.6-terra"),
        ("gpt-6-astra, input_tokens", "gpt-6-astra"),
        ("gpt-6-astra, output_tokens", "gpt-6-astra"),
        ("gpt-6-astra, cached_input_tokens", "gpt-6-astra"),
        ("gpt-5.6-terra, cache writes - 30m", "gpt-5.6-terra"),
        ("gpt-5.6-terra, fine-tuning - input", None),
        ("chat-latest, input", "chat-latest"),
        ("text-embedding-3-small, input", "text-embedding-3-small"),
        ("image, output", None),
        ("gpt-5.4, training", None),
        ("gpt-5.4, ", None),
        ("whisper", None),
        ("Text tokens", None),
        ("Image models", None),
        ("web search tool calls", None),
        ("input", None),
        ("null", None),
        (None, None),
    ],
)
def test_the_model_of_a_line_item(line_item: str | None, model: str | None) -> None:
    found = cost({"line_item": line_item, "amount": None})
    assert found.get("model") == (model and {"id": model, "provider": "openai"})


@given(st.text(max_size=40) | st.text(" ,-aegimtuxnpo_", max_size=40))
def test_any_line_item_keeps_its_row_and_its_money(line_item: str) -> None:
    amount = {"value": "0.25", "currency": "usd"}
    row = {"line_item": line_item, "amount": amount, "quantity": 3, "quantity_unit": "calls"}
    found = cost(row)
    assert found["charges"] == [{"amount": 0.25, "currency": "USD", "type": kind} for kind in ("net", "total")]
    assert found["usage"] == {"quantity": 3, "unit": "calls"}
    assert found.get("metric_name") == (None if line_item in ("", "null") else line_item)
    if "model" in found:
        assert line_item.startswith(found["model"]["id"])


@pytest.mark.parametrize("amount", [{"value": "0.5", "currency": "null"}, {"value": "0.5", "currency": ["usd"]}, "0.5"])
def test_money_without_a_currency_is_an_error(amount: Any) -> None:
    with pytest.raises(ValueError, match=r"amount|no text"):
        cost({"line_item": "x", "amount": amount})


def test_charges_are_added_to_trutos_fields() -> None:
    row = {"amount": {"value": "0.5", "currency": "usd"}, "line_item": "gpt-4o, input", "api_key_id": "k"}
    found = cost(row)
    assert {charge["type"] for charge in found["charges"]} == {"net", "total"}
