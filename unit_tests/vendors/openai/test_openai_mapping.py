"""What the OpenAI streams make of sample answers."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core.errors import Unmappable
from source_unified_usage.core.window import days
from source_unified_usage.vendors.openai.usage import CACHING, ENDPOINTS
from unit_tests.vendors.openai.answers import record
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
SOME_DAYS = ("2026-09-01", "2026-09-05")
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


def costs_by_user(*pages: Any) -> Case:
    answers = {"GET /v1/organization/costs": pages or ["costs.by_user.page1", "costs.by_user.page2"], **NAMES}
    return Case("openai_costs_by_user", answers, *SOME_DAYS)


def codex(split: str = "", *pages: Any, name: str = "") -> Case:
    answers = {CODEX_USAGE: pages or ["codex_usage.page1", "codex_usage.page2"]}
    return Case(f"openai_codex_usage{split}", answers, *SOME_DAYS, name=name)


CASES = [
    usage("completions", "usage_completions.page1", "usage_completions.page2"),
    usage("completions", "usage_completions.ungrouped", name="openai_usage_completions.ungrouped"),
    usage("completions", "usage_completions.cache_writes", name="openai_usage_completions.cache_writes"),
    *(usage(endpoint.name) for endpoint in (*CACHING[1:], *ENDPOINTS)),
    costs("costs.page1", "costs.page2"),
    costs("costs.line_items", name="openai_costs.line_items"),
    costs_by_user(),
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
    assert len({case.stream for case in CASES}) == 19


COMPLETIONS = [
    row
    for page in ("usage_completions.page1", "usage_completions.page2", "usage_completions.ungrouped")
    for bucket in sample("openai", page)["data"]
    for row in bucket["results"]
]
ROWS = [*COMPLETIONS, *({**COMPLETIONS[-1], "user_id": ""} for _ in range(2)), {**COMPLETIONS[-1], "project_id": ""}]


@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_ids_depend_neither_on_the_order_of_the_rows_nor_on_the_pages(draw: random.Random, size: int) -> None:
    expected = ids_of([page_of(*map(bucket_of, range(3)))])
    assert len(expected) == 3 * len(ROWS)
    buckets = [bucket_of(day, draw) for day in range(3)]
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
    "openai_usage_decisions": ("api_source",),
    "openai_costs": ("project_id", "api_key_id", "line_item", "quantity_unit", "organization_id"),
    "openai_costs_by_user": ("user_id",),
}


@pytest.mark.parametrize(("stream", "field"), [(stream, field) for stream, fields in TEXTS.items() for field in fields])
def test_a_text_of_null_is_none_and_a_number_its_digits(stream: str, field: str) -> None:
    figures = {"input_tokens": 1, "output_tokens": 1, "num_requests": 1, "quantity": 1}

    def of(value: Any) -> dict[str, Any]:
        return {**record(stream, {**figures, field: value}), "remote_data": None}

    assert of("null") == of(None)
    assert of(7) == of("7") != of(None)


def test_models_with_colons_stay_whole_in_the_id() -> None:
    def key(model: str, project: str | None = None) -> str:
        found = record("openai_usage_moderations", {"input_tokens": 1, "model": model, "project_id": project})
        return str(found["id"]).removeprefix("openai_usage_moderations/2026-09-01/")

    assert [key("a:b"), key("b", "a")] == ["~/~/~/a:b/0", "a/~/~/b/0"]
    assert key("ft:gpt-4o/x:acme:tag") == "~/~/~/ft:gpt-4o%2Fx:acme:tag/0"


def test_bounds_sent_as_text_are_the_same_day() -> None:
    row = {"input_tokens": 1, "output_tokens": 1}
    number = record("openai_usage_completions", row)
    text = record("openai_usage_completions", {**row, "start_time": "1788220800", "end_time": "1788307200"})
    assert {**text, "remote_data": None} == {**number, "remote_data": None}


def test_an_unaligned_bucket_is_refused() -> None:
    with pytest.raises(Unmappable, match="1788253860 is no UTC midnight"):
        mapped(usage("completions", "usage_completions.unaligned_first_bucket"))


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


@pytest.mark.parametrize("stream", ["openai_usage_completions", "openai_costs", "openai_costs_by_user"])
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
