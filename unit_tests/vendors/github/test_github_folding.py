"""One spelling in ids for all that GitHub writes, and different things never become one."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.vendors.github.ai_credits import FIGURES, remainder
from source_unified_usage.vendors.github.mapping import Field, fold, model_of
from unit_tests.vendors.samples import sample


@pytest.mark.parametrize(
    ("field", "spellings", "folded"),
    [
        ("product", ["Actions", "actions"], "actions"),
        ("product", ["Copilot", "copilot", "Copilot AI Credits", "copilot_ai_credit", "AI Credit"], "copilot"),
        ("product", ["Git LFS", "git-lfs", "git_lfs"], "git_lfs"),
        ("sku", ["Actions Linux", "actions_linux", "Actions-Linux"], "actions_linux"),
        (
            "sku",
            ["copilot_ai_credit", "Copilot AI Credits", "AI Credit", "ai-credits", "credits", "Credit"],
            "copilot_ai_credit",
        ),
        ("sku", ["coding_agent_ai_credit", "Coding Agent AI Credits"], "coding_agent_ai_credit"),
        ("sku", ["copilot_premium_request", "Copilot Premium Requests", "Premium Request"], "copilot_premium_request"),
        ("model", ["GPT-5", "gpt 5"], "gpt_5"),
        ("model", ["Auto: Claude Haiku 4.5"], "auto:_claude_haiku_4.5"),
    ],
)
def test_recorded_spellings_are_one(field: Field, spellings: list[str], folded: str) -> None:
    assert {fold(field, spelling) for spelling in spellings} == {folded}


@pytest.mark.parametrize("value", [None, "", "null"])
def test_nothing_stays_nothing(value: Any) -> None:
    assert fold("sku", value) is None


WORDS = st.lists(st.text("abcdefgh0123456789", min_size=1, max_size=6), min_size=1, max_size=4)


@given(st.sampled_from(["product", "sku", "model"]), WORDS, st.lists(st.sampled_from(" -_"), min_size=3, max_size=3))
def test_an_unknown_value_has_one_spelling_too(field: Field, words: list[str], gaps: list[str]) -> None:
    spelled = words[0] + "".join(gap + word for gap, word in zip(gaps, words[1:], strict=False))
    assert fold(field, spelled) == fold(field, f" {spelled.title()} ") == "_".join(words)


@given(st.sampled_from(["product", "sku", "model"]), st.text(max_size=20))
def test_a_folded_value_stays_as_it_is(field: Field, value: str) -> None:
    folded = fold(field, value)
    assert folded is None or fold(field, folded) in (folded, None)


@given(st.lists(WORDS, min_size=2, max_size=2, unique_by=tuple))
def test_different_words_stay_different(values: list[list[str]]) -> None:
    one, other = (fold("sku", " ".join(words)) for words in values)
    assert one != other


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("Claude Sonnet 5", "anthropic"),
        ("Auto: Claude Haiku 4.5", "anthropic"),
        ("auto:GPT-5", "openai"),
        ("o3", "openai"),
        ("Gemini 3 Pro", "google"),
        ("Grok Code Fast 1", "xai"),
        ("Code Review", "github"),
        ("Coding Agent", "github"),
    ],
)
def test_who_makes_a_model(model: str, provider: str) -> None:
    assert model_of(model) == {"id": model, "provider": provider}


def test_recorded_rows_of_a_month_have_their_money_and_skus() -> None:
    rows = sample("github", "usage_summary_recorded_2026-10")["usageItems"]
    assert [fold("sku", row["sku"]) for row in rows] == ["actions_linux", "actions_storage", "actions_windows"]
    kinds = [{charge["type"]: charge["amount"] for charge in FIGURES.charges(row)} for row in rows]
    assert [found["total"] for found in kinds] == [13.152, 0.000273846, 1.14]
    assert all(found["net"] == found["usage_based"] == 0 and "included" not in found for found in kinds)
    assert not any(map(FIGURES.contradicts, rows))


AMOUNTS = st.lists(
    st.tuples(st.sampled_from("AB"), st.decimals("0.01", 9, places=2).map(float)), min_size=1, max_size=6
)


@given(AMOUNTS, AMOUNTS)
def test_parts_and_what_they_leave_are_the_whole(parts: list[tuple[str, float]], rest: list[tuple[str, float]]) -> None:
    """Whatever twins the undivided answer has, and however it spells the models."""

    def row(model: str, amount: float) -> dict[str, Any]:
        return {"product": "Copilot", "sku": "ai_credit", "model": model, "grossAmount": amount, "netAmount": amount}

    of_parts = [row(*part) for part in parts]
    whole = [row(model.lower(), amount) for model, amount in [*parts, *rest]]
    left = [figures for _, figures in remainder(whole, of_parts)]
    assert sum(map(FIGURES.gross, [*of_parts, *left]), Decimal(0)) == sum(map(FIGURES.gross, whole), Decimal(0))
    assert len(left) == len({model for model, _ in rest})


def test_what_parts_leave_is_kept_apart_by_price() -> None:
    def row(price: float, amount: float) -> dict[str, Any]:
        named = {"product": "Copilot", "sku": "ai_credit", "model": "Code Review"}
        return {**named, "pricePerUnit": price, "grossAmount": amount, "netAmount": amount}

    whole = [row(0.01, 3.0), row(0.008, 2.0)]
    left = [figures for _, figures in remainder(whole, [row(0.01, 1.0)])]
    assert [(figures["pricePerUnit"], figures["grossAmount"]) for figures in left] == [(0.01, 2), (0.008, 2)]
    (mixed,) = [figures for _, figures in remainder(whole, [row(0.009, 1.0)])]
    assert mixed["grossAmount"] == 4
