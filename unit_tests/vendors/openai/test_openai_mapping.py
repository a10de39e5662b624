"""What the OpenAI streams make of sample answers."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core.errors import Unmappable
from source_unified_usage.core.window import days
from source_unified_usage.vendors.openai.usage import ENDPOINTS
from unit_tests.vendors.samples import Case, assert_mapped, mock_answers, records, sample, stream_of, window

WORKSPACE = "5a0db0c5-0000-4000-8000-acce00000001"
CONFIG: dict[str, Any] = {
    "admin_api_key": "sk-admin-not-a-real-key",
    "codex": {"api_key": "not-a-real-key-either", "workspace_id": WORKSPACE, "include_workspace_usage": True},
}
NAMES: dict[str, Sequence[Any]] = {
    "GET /v1/organization/projects": ["organization_projects.page1", "organization_projects.page2"],
    "GET /v1/organization/users": ["organization_users.page1", "organization_users.page2"],
    "GET /v1/organization/projects/proj_Qx7atlasChatProd0001/api_keys": ["project_api_keys"],
    "GET /v1/organization/projects/proj_Zk2evalNightlyRun002/api_keys": [
        {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    ],
}
SOME_DAYS = ("2026-09-01", "2026-09-06")
CODEX = f"GET /v1/analytics/codex/workspaces/{WORKSPACE}"
CODEX_USAGE = f"{CODEX}/usage"
# answers that no stream asks for: the legacy API, other look-ups, and a page that only an unaligned request would get
NOT_READ = {
    "admin_api_keys",
    "project_service_accounts",
    "legacy_usage",
    "legacy_usage.empty",
    "usage_completions.unaligned_first_bucket",
    "errors/errors",
}


def usage(endpoint: str, *pages: Any, name: str = "") -> Case:
    answers: dict[str, Sequence[Any]] = {
        f"GET /v1/organization/usage/{endpoint}": pages or [f"usage_{endpoint}"],
        **NAMES,
    }
    return Case(f"openai_usage_{endpoint}", answers, *SOME_DAYS, name=name)


def costs(*pages: Any, name: str = "") -> Case:
    return Case("openai_costs", {"GET /v1/organization/costs": pages, **NAMES}, *SOME_DAYS, name=name)


def codex(split: str = "", *pages: Any, name: str = "") -> Case:
    answers = {CODEX_USAGE: pages or ["codex_usage.page1", "codex_usage.page2"]}
    return Case(f"openai_codex_usage{split}", answers, *SOME_DAYS, name=name)


CASES = [
    usage("completions", "usage_completions.page1", "usage_completions.page2"),
    usage("completions", "usage_completions.ungrouped", name="openai_usage_completions.ungrouped"),
    usage("completions", "usage_completions.cache_writes", name="openai_usage_completions.cache_writes"),
    *(usage(endpoint.name) for endpoint in ENDPOINTS),
    costs("costs.page1", "costs.page2"),
    costs("costs.line_items", name="openai_costs.line_items"),
    codex(),
    codex("_by_client"),
    codex("_by_model"),
    codex("", "codex_usage.workspace", name="openai_codex_usage.workspace"),
    Case("openai_codex_code_reviews", {f"{CODEX}/code_reviews": ["codex_code_reviews"]}, *SOME_DAYS),
    Case(
        "openai_codex_code_review_responses",
        {f"{CODEX}/code_review_responses": ["codex_code_review_responses"]},
        *SOME_DAYS,
    ),
    Case(
        "openai_workspace_usage",
        {f"GET /v1/analytics/workspaces/{WORKSPACE}/usage": ["workspace_daily_usage"]},
        *SOME_DAYS,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_records(case: Case) -> None:
    assert_mapped("openai", case, CONFIG)


def test_every_stream_and_every_sample_has_a_case() -> None:
    folder = Path(__file__).parent / "samples"
    files = {str(path.relative_to(folder))[: -len(".json")] for path in folder.rglob("*.json")}
    used = {
        answer for case in CASES for bodies in case.answers.values() for answer in bodies if isinstance(answer, str)
    }
    assert files - used == NOT_READ
    assert len({case.stream for case in CASES}) == 17


COMPLETIONS = [
    row
    for page in ("usage_completions.page1", "usage_completions.page2", "usage_completions.ungrouped")
    for bucket in sample("openai", page)["data"]
    for row in bucket["results"]
]


@pytest.mark.parametrize("row", COMPLETIONS, ids=lambda row: str(row["input_tokens"]))
def test_inclusive_tokens_become_classes_that_add_up(row: dict[str, Any]) -> None:
    (record,) = mapped(usage("completions", page(row)))
    tokens = record["usage"]["tokens"]
    assert sum(tokens.get(name, 0) for name in ("input", "cache_read", "cache_write", "output")) == tokens["total"]
    assert tokens["total"] == row["input_tokens"] + row["output_tokens"]
    assert tokens["input"] == row.get("input_uncached_tokens", 1000)


@pytest.mark.parametrize("row", [row for row in COMPLETIONS if "input_uncached_tokens" in row], ids=lambda row: "")
def test_the_identities_of_the_vendors_parts(row: dict[str, int]) -> None:
    def parts(start: str, *kinds: str) -> int:
        return sum(row[f"{start}_{kind}_tokens"] for kind in kinds)

    assert row["input_tokens"] == parts("input", "uncached", "cached", "cache_write")
    assert row["input_uncached_tokens"] == parts("input", "text", "audio", "image")
    assert row["input_cached_tokens"] == parts("input_cached", "text", "audio", "image")
    assert row["output_tokens"] == parts("output", "text", "audio", "image")


counts = st.integers(0, 2**53)


@given(counts, counts, counts, counts)
def test_any_split_of_tokens_adds_up(fresh: int, read: int, written: int, output: int) -> None:
    row = {
        "input_tokens": fresh + read + written,
        "input_cached_tokens": read,
        "input_cache_write_tokens": written,
        "output_tokens": output,
    }
    (record,) = mapped(usage("completions", page(row)))
    total = fresh + read + written + output
    assert record["usage"]["tokens"] == {
        "input": fresh,
        "cache_read": read,
        "cache_write": written,
        "output": output,
        "total": total,
    }


WRITES = {"cached": 400, "cache_write": 50, "cache_write_12h": 150, "uncached": 400}
SPLIT = {"cached": 400, "cache_write": 200, "cache_write_30m": 50, "cache_write_12h": 150, "uncached": 400}


@pytest.mark.parametrize(
    ("parts", "classes", "warned"),
    [
        (WRITES, (400, 400, 200), False),
        (SPLIT, (400, 400, 200), False),
        ({name: str(n) for name, n in WRITES.items()}, (400, 400, 200), False),
        # the sum without one of its classes, or the classes without their sum
        ({**SPLIT, "cache_write_30m": None}, (400, 400, 200), False),
        ({**SPLIT, "cache_write": None}, (400, 400, 200), False),
        # nothing to hold them against
        ({**WRITES, "uncached": None}, (400, 400, 200), False),
        ({**SPLIT, "uncached": None}, (400, 400, 200), False),
        ({"cache_write_12h": 150}, (850, None, 150), False),
        ({**SPLIT, "cache_write": 90, "uncached": None}, (400, 400, 200), True),
        # only as the sum can it be part of the input
        ({"cached": 750, "cache_write": 200, "cache_write_12h": 150}, (50, 750, 200), False),
        # no identity holds
        ({"cached": 900, "cache_write": 200, "uncached": -100}, None, True),
        ({**WRITES, "uncached": 399}, (400, 400, 200), True),
        ({**SPLIT, "uncached": 550}, (400, 400, 200), True),
        ({**SPLIT, "cache_write": 7, "uncached": 393}, (400, 400, 200), True),
        ({**WRITES, "cached": 900}, None, True),
    ],
)
def test_cache_writes_in_both_spellings(
    parts: dict[str, Any], classes: tuple[Any, ...] | None, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    row = {f"input_{name}_tokens": value for name, value in parts.items()}
    row |= {"input_tokens": 1000, "output_tokens": 10, "num_model_requests": 5}
    (record,) = mapped(usage("completions", page(row)))
    told = dict(zip(("input", "cache_read", "cache_write"), classes or (None, None, None), strict=True))
    expected = {**{name: n for name, n in told.items() if n is not None}, "output": 10, "total": 1010}
    assert record["usage"]["tokens"] == expected
    assert ("do not add up" in caplog.text) is warned


@given(st.lists(st.none() | st.integers(0, 9), min_size=5, max_size=5), st.integers(0, 50))
def test_tokens_add_up_whatever_classes_are_told(told: list[int | None], entered: int) -> None:
    names = ("cached", "uncached", "cache_write", "cache_write_30m", "cache_write_12h")
    row = {f"input_{name}_tokens": value for name, value in zip(names, told, strict=True)}
    (record,) = mapped(usage("completions", page({**row, "input_tokens": entered, "output_tokens": 10})))
    tokens = record["usage"]["tokens"]
    assert tokens["total"] == entered + 10
    if "input" in tokens:
        assert sum(tokens.get(name, 0) for name in ("input", "cache_read", "cache_write", "output")) == tokens["total"]
        assert min(tokens.values()) >= 0


AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=10)


@given(st.lists(AMOUNTS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_amounts_in_every_spelling_are_the_same_money(amounts: list[Decimal], draw: random.Random) -> None:
    spell = (
        lambda d: f"{d:f}",
        lambda d: f"{d:E}",
        str,
        lambda d: float(d) if Decimal(repr(float(d))) == d else str(d),
    )
    rows = [
        {"line_item": str(n), "amount": {"value": draw.choice(spell)(amount), "currency": "usd"}}
        for n, amount in enumerate(amounts)
    ]
    for record, amount in zip(mapped(costs(page(*rows))), amounts, strict=True):
        kinds = ["net", "total", "credit"] if amount < 0 else ["net", "total"]
        assert [charge["type"] for charge in record["charges"]] == kinds
        assert {charge["amount"] for charge in record["charges"]} == {float(amount)}
        assert {charge["currency"] for charge in record["charges"]} == {"USD"}


def test_the_sum_of_net_is_the_vendors_own() -> None:
    pages = ["costs.page1", "costs.page2"]
    rows = [row for name in pages for bucket in sample("openai", name)["data"] for row in bucket["results"]]
    own = sum(Decimal(str((row.get("amount") or {}).get("value") or 0)) for row in rows)
    found = [c["amount"] for r in mapped(costs(*pages)) for c in r.get("charges", ()) if c["type"] == "net"]
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
        mapped(costs(page({"line_item": "x", "amount": amount})))


@pytest.mark.parametrize("amount", [None, {}, {"value": None, "currency": "usd"}, {"value": "", "currency": "usd"}])
def test_an_unknown_amount_makes_no_charge(amount: Any) -> None:
    (record,) = mapped(costs(page({"line_item": "x", "amount": amount})))
    assert "charges" not in record


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
    (record,) = mapped(costs(page({"line_item": line_item, "amount": None})))
    assert record.get("model") == (model and {"id": model, "provider": "openai"})


@given(st.text(max_size=40) | st.text(" ,-aegimtuxnpo_", max_size=40))
def test_any_line_item_keeps_its_row_and_its_money(line_item: str) -> None:
    amount = {"value": "0.25", "currency": "usd"}
    row = {"line_item": line_item, "amount": amount, "quantity": 3, "quantity_unit": "calls"}
    (record,) = mapped(costs(page(row)))
    assert record["charges"] == [{"amount": 0.25, "currency": "USD", "type": kind} for kind in ("net", "total")]
    assert record["usage"] == {"quantity": 3, "unit": "calls"}
    assert record.get("metric_name") == (None if line_item in ("", "null") else line_item)
    if "model" in record:
        assert line_item.startswith(record["model"]["id"])


ROWS = [*COMPLETIONS, *({**COMPLETIONS[-1], "user_id": ""} for _ in range(2)), {**COMPLETIONS[-1], "project_id": ""}]


@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_ids_depend_neither_on_the_order_of_the_rows_nor_on_the_pages(draw: random.Random, size: int) -> None:
    expected = ids_of([page_of(*map(bucket_of, range(4)))])
    assert len(expected) == 4 * len(ROWS)
    buckets = [bucket_of(day, draw) for day in range(4)]
    draw.shuffle(buckets)
    pages = [page_of(*buckets[at : at + size], next=f"after {at}") for at in range(0, len(buckets), size)]
    assert ids_of([*pages, page_of()]) == expected


def test_a_bucket_that_comes_again_on_the_next_page_counts_once() -> None:
    buckets = [bucket_of(day) for day in range(3)]
    again = [page_of(*buckets[:2], next="after 2"), page_of(*buckets[1:])]
    assert ids_of(again) == ids_of([page_of(*buckets)])


def bucket_of(day: int, draw: random.Random | None = None) -> dict[str, Any]:
    """All rows on a day of September, in any order; a page counts buckets, so a bucket is never split."""
    start = 1788220800 + day * 86_400
    rows = draw.sample(ROWS, len(ROWS)) if draw else ROWS
    return {"start_time": start, "end_time": start + 86_400, "results": rows}


def ids_of(pages: list[Any]) -> dict[str, Any]:
    return {record["id"]: record["remote_data"] for record in mapped(usage("completions", *pages))}


TEXTS = {
    "openai_usage_completions": ("project_id", "user_id", "api_key_id", "model", "service_tier", "organization_id"),
    "openai_usage_file_search_calls": ("vector_store_id",),
    "openai_costs": ("project_id", "api_key_id", "line_item", "quantity_unit", "organization_id"),
}


@pytest.mark.parametrize(("stream", "field"), [(stream, field) for stream, fields in TEXTS.items() for field in fields])
def test_a_text_of_null_is_none_and_a_number_its_digits(stream: str, field: str) -> None:
    figures = {"input_tokens": 1, "output_tokens": 1, "num_requests": 1, "quantity": 1}
    route = "costs" if stream == "openai_costs" else f"usage/{stream.removeprefix('openai_usage_')}"

    def record(value: Any) -> dict[str, Any]:
        answers = {f"GET /v1/organization/{route}": [page({**figures, field: value})], **NAMES}
        (found,) = mapped(Case(stream, answers, *SOME_DAYS))
        del found["remote_data"]
        return found

    assert record("null") == record(None)
    assert record(7) == record("7") != record(None)


@pytest.mark.parametrize("amount", [{"value": "0.5", "currency": "null"}, {"value": "0.5", "currency": ["usd"]}, "0.5"])
def test_money_whose_currency_is_not_told_is_an_error(amount: Any) -> None:
    with pytest.raises((Unmappable, ValueError), match=r"amount|no text"):
        mapped(costs(page({"line_item": "x", "amount": amount})))


def test_nobody_and_nothing_in_the_words_of_codex() -> None:
    named = {"start_time": 1788220800, "actor": {"user_id": 7, "email": "null"}, "email": "a@example.com"}
    figures = {"credits": "null", "turns": "3"}
    (member,) = mapped(codex("", page_of({**named, "totals": figures, "code_attribution": "null"})))
    assert (member["user"], member["usage"]["conversations"]) == (
        {"id": "7", "email": "a@example.com"},
        {"turn_count": 3},
    )
    assert "quantity" not in member["usage"]
    (nobody,) = mapped(
        codex("", page_of({**named, "email": None, "actor": "null", "user_id": "null", "totals": figures}))
    )
    assert ("user" in nobody, nobody["id"].rsplit("/", 1)[1]) == (False, "~")


@pytest.mark.parametrize("split", ["client", "model"])
def test_entries_without_a_name_are_kept(split: str) -> None:
    entries = [{"credits": 1}, {"credits": 2, "client_id": "null", "model": "null"}]
    row = {"start_time": 1788220800, "user_id": "u", f"{split}s": entries}
    found = mapped(codex(f"_by_{split}", page_of(row)))
    assert [(r["id"].rsplit("/", 1)[1], r["usage"]["quantity"]) for r in found] == [("0", 2), ("1", 1)]
    assert not any("surface" in r or "model" in r for r in found)


@pytest.mark.parametrize("details", [None, "null", {}])
def test_a_day_whose_responses_are_not_told_has_no_figure(details: Any) -> None:
    answers = {
        f"{CODEX}/code_review_responses": [page_of({"start_time": 1788220800, "comment_response_details": details})]
    }
    (record,) = mapped(Case("openai_codex_code_review_responses", answers, *SOME_DAYS))
    assert "quantity" not in record["usage"]


def test_models_with_colons_stay_whole_in_the_id() -> None:
    first, second = ({"input_tokens": 1, "model": m, "project_id": p} for m, p in (("a:b", None), ("b", "a")))
    found = mapped(usage("moderations", page(first, second)))
    assert [record["id"].split("/")[2:] for record in found] == [["~", "~", "~", "a:b", "0"], ["a", "~", "~", "b", "0"]]
    (fine_tuned,) = mapped(usage("moderations", page({"input_tokens": 1, "model": "ft:gpt-4o/x:acme:tag"})))
    assert fine_tuned["id"].endswith("/ft:gpt-4o%2Fx:acme:tag/0")


def test_bounds_sent_as_text_are_the_same_day() -> None:
    spelled = page({"input_tokens": 1, "output_tokens": 1})
    (number,) = mapped(usage("completions", spelled))
    spelled["data"][0] |= {"start_time": "1788220800", "end_time": "1788307200"}
    (text,) = mapped(usage("completions", spelled))
    assert {**text, "remote_data": None} == {**number, "remote_data": None}


def test_an_unaligned_bucket_is_refused() -> None:
    with pytest.raises(Unmappable, match="1788253860 is no UTC midnight"):
        mapped(usage("completions", "usage_completions.unaligned_first_bucket"))


def test_entries_that_the_vendor_cannot_name_are_numbered() -> None:
    entries = [{"model": "other", "speed": speed, "credits": n} for n, speed in enumerate((None, "fast", None))]
    row = {"start_time": 1788220800, "user_id": "u", "models": entries}
    orders = (entries, entries[::-1])
    found = [
        {r["id"]: r["usage"]["quantity"] for r in mapped(codex("_by_model", page_of({**row, "models": order})))}
        for order in orders
    ]
    base = f"openai_codex_usage_by_model/{WORKSPACE}/2026-09-01/u/other"
    assert found == [{f"{base}/~/0": 0, f"{base}/fast/0": 1, f"{base}/~/1": 2}] * 2


def test_days_without_a_member_are_told_apart() -> None:
    row = {"start_time": 1788220800, "user_id": None, "actor": None}
    rows = [{**row, "totals": {"credits": n}} for n in (2, 1)]
    found = mapped(codex("", page_of(*rows)))
    assert [(r["id"].rsplit("/", 2)[1:], r["usage"]["quantity"]) for r in found] == [
        (["2026-09-01", "~"], 1),
        (["~", "1"], 2),
    ]


def test_a_members_day_that_comes_on_two_pages_is_one() -> None:
    row = {"start_time": 1788220800, "user_id": "u", "totals": {"credits": 2}, "clients": [{"client_id": "WORK"}]}
    nobody = {**row, "user_id": None}
    pages = [page_of(row, nobody, next="page 2"), page_of(row, nobody)]
    for split, ids in (("", ["u", "~", "~/1"]), ("_by_client", ["u/WORK/0", "~/WORK/0", "~/WORK/1"])):
        found = mapped(codex(split, *pages))
        assert [record["id"].split("/2026-09-01/")[1] for record in found] == ids


@pytest.mark.parametrize(
    "attribution",
    [
        {"lines_added": 4, "lines_removed": 0},
        {"lines_of_code": {"added": 4, "removed": 0, "committed_percentage": 50.0}, "commits": None},
    ],
)
def test_both_layouts_of_code_attribution(attribution: dict[str, Any]) -> None:
    row = {"start_time": 1788220800, "user_id": "u", "totals": {}, "code_attribution": attribution}
    (record,) = mapped(codex("", page_of(row)))
    assert record["usage"] == {"code": {"lines_accepted_added": 4, "lines_accepted_removed": 0}}


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        ((1, 2, 3, 6), {"input": 1, "cache_read": 2, "output": 3, "total": 6}),
        ((1, 2, 3, 9), {"input": 1, "cache_read": 2, "output": 3, "total": 6}),
        ((1, None, 3, 6), {"input": 1, "output": 3, "total": 6}),
        ((0, 0, 0, None), {"input": 0, "cache_read": 0, "output": 0, "total": 0}),
        ((None, None, None, None), None),
    ],
)
def test_tokens_of_codex(told: tuple[int | None, ...], tokens: Any) -> None:
    names = ("uncached_text_input_tokens", "cached_text_input_tokens", "text_output_tokens", "text_total_tokens")
    totals = dict(zip(names, told, strict=True))
    (record,) = mapped(codex("", page_of({"start_time": 1788220800, "user_id": "u", "totals": totals})))
    assert record.get("usage", {}).get("tokens") == tokens


def test_dollars_of_codex_are_charges_and_estimates_are_not() -> None:
    totals = {"credits": 5, "cost_usd": "0.20", "estimated_cost_usd": 0.2}
    row = {
        "start_time": 1788220800,
        "user_id": "u",
        "totals": totals,
        "clients": [{"client_id": "CODEX_CLI", **totals}],
    }
    for split in ("", "_by_client"):
        (record,) = mapped(codex(split, page_of(row)))
        assert record["charges"] == [
            {"amount": 0.2, "currency": "USD", "type": kind} for kind in ("net", "total", "usage_based")
        ]
    totals["cost_usd"] = None
    (record,) = mapped(codex("", page_of(row)))
    assert "charges" not in record


# Truto's fields of its OpenAI usage, the fields of the API it reads, and where ours has the same
TRUTO = [
    ("product", None, "product.id", "completions"),
    ("metric_name", "operation", "metric_name", "tokens"),
    ("resources.id", "api_key_id", "resources.0.id", ...),
    ("resources.name", "api_key_name", "resources.0.name", ...),
    ("resources.workspace.id", "project_id", "resources.0.workspace.id", ...),
    ("resources.workspace.name", "project_name", "resources.0.workspace.name", ...),
    ("organization.id", "organization_id", "organization.id", ...),
    ("user.id", "user_id", "user.id", ...),
    ("user.email", "email", "user.email", ...),
    ("model.id", "snapshot_id", "model.id", ...),
    ("usage.requests", "n_requests", "usage.requests.total", ...),
    ("usage.tokens.output", "n_generated_tokens_total", "usage.tokens.output", ...),
    ("usage.tokens.cache_read", "n_cached_context_tokens_total", "usage.tokens.cache_read", ...),
    # inclusive there, additive here
    ("usage.tokens.input", "n_context_tokens_total", "usage.tokens.input", 7786 - 1024),
    ("date", "aggregation_timestamp", "start_date", "2026-09-01T00:00:00Z"),
]


def parity() -> dict[str, Any]:
    """Our record of the same traffic as the legacy row."""
    old = sample("openai", "legacy_usage")["data"][0]
    row = {
        "input_tokens": old["n_context_tokens_total"],
        "input_cached_tokens": old["n_cached_context_tokens_total"],
        "output_tokens": old["n_generated_tokens_total"],
        "num_model_requests": old["n_requests"],
        "model": old["snapshot_id"],
        **{name: old[name] for name in ("project_id", "user_id", "api_key_id", "organization_id")},
    }
    (record,) = mapped(usage("completions", page(row)))
    return record


@pytest.mark.parametrize(("theirs", "field", "ours", "value"), TRUTO, ids=[row[0] for row in TRUTO])
def test_every_field_of_truto_is_matched(theirs: str, field: str | None, ours: str, value: Any) -> None:
    found: Any = parity()
    for part in ours.split("."):
        found = found[int(part)] if part.isdigit() else found[part]
    assert found == (sample("openai", "legacy_usage")["data"][0][field] if value is ... else value)


def test_charges_are_added_to_trutos_fields() -> None:
    row = {"amount": {"value": "0.5", "currency": "usd"}, "line_item": "gpt-4o, input", "api_key_id": "k"}
    (record,) = mapped(costs(page(row)))
    assert {charge["type"] for charge in record["charges"]} == {"net", "total"}


@pytest.mark.parametrize("stream", ["openai_usage_completions", "openai_costs"])
def test_windows_are_no_longer_than_a_page(stream: str) -> None:
    step = stream_of("openai", CONFIG, stream).step
    found = list(step.cut(window("2025-09-22", "2026-09-22")))
    assert [w.start for w in found[1:]] == [w.end for w in found[:-1]]
    assert max((w.end - w.start).days for w in found) == step.count == {days(31): 31, days(180): 180}[step]


def test_a_name_is_never_part_of_an_id() -> None:
    refused = {path: [{"data": [], "has_more": False}] for path in NAMES}
    with_names = usage("completions", "usage_completions.page1", "usage_completions.page2")
    without = Case(with_names.stream, {**with_names.answers, **refused}, *SOME_DAYS)
    assert Counter(r["id"] for r in mapped(with_names)) == Counter(r["id"] for r in mapped(without))


def page(*rows: Mapping[str, Any], next: str | None = None) -> dict[str, Any]:
    """One day's bucket."""
    bucket = {"start_time": 1788220800, "end_time": 1788307200, "results": list(rows)}
    return {"object": "page", "data": [bucket], "has_more": next is not None, "next_page": next}


def page_of(*rows: Mapping[str, Any], next: str | None = None) -> dict[str, Any]:
    return {"object": "page", "data": list(rows), "has_more": next is not None, "next_page": next}


def mapped(case: Case) -> list[dict[str, Any]]:
    with requests_mock.Mocker() as server:
        mock_answers(server, "openai", case.answers)
        return records(stream_of("openai", CONFIG, case.stream), window(case.start, case.end))
