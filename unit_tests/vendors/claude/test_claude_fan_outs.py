"""Rows of Claude that make several records: what goes in comes out once."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core.errors import Unmappable
from unit_tests.vendors.claude.answers import BASE, NAMES, SPAN, mapped, read
from unit_tests.vendors.samples import sample

COUNT = st.none() | st.integers(0, 10**6)


def block(*names: str) -> st.SearchStrategy[dict[str, Any] | None]:
    return st.none() | st.fixed_dictionaries({}, optional=dict.fromkeys(names, COUNT))


CHAT = ("distinct_conversation_count", "message_count", "thinking_message_count", "connectors_used_count")
WORK = ("distinct_session_count", "message_count", "action_count", "skills_used_count", "distinct_skills_used_count")
TOOL = block("accepted_count", "rejected_count")
CODE = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "core_metrics": st.none()
        | st.fixed_dictionaries(
            {"distinct_session_count": COUNT, "commit_count": COUNT, "pull_request_count": COUNT},
            optional={"lines_of_code": block("added_count", "removed_count")},
        ),
        "tool_actions": st.none() | st.dictionaries(st.sampled_from(["edit_tool", "write_tool", "new_tool"]), TOOL),
    },
)
PERSON = st.fixed_dictionaries(
    {"user": st.just({"id": "user_1", "email_address": "a@acme.test"})},
    optional={
        "web_search_count": COUNT,
        "chat_metrics": block(*CHAT),
        "claude_code_metrics": CODE,
        "cowork_metrics": block(*WORK),
        "design_metrics": block("distinct_session_count", "message_count"),
        "science_metrics": block("distinct_session_count", "message_count", "skills_used_count"),
        "office_metrics": st.none() | st.dictionaries(st.sampled_from(["excel", "word", "new_app"]), block(*WORK[:2])),
    },
)


def numbers(value: Any) -> Iterator[int | float]:
    """Every number anywhere; booleans are none."""
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


@given(PERSON)
def test_a_person_is_cut_into_surfaces_without_loss(row: dict[str, Any]) -> None:
    found = mapped("claude_user_activity", row)
    whole, *surfaces = found
    assert whole["remote_data"] == row
    shown = [n for record in surfaces for n in numbers({**record["usage"], "code": _without_sums(record["usage"])})]
    put = [n for name, part in row.items() if name not in ("user", "web_search_count") for n in numbers(part)]
    # an idle surface has no row of its own for its zeros
    assert sorted(n for n in shown if n) == sorted(n for n in put if n)
    searched = row.get("web_search_count")
    assert whole.get("usage", {}).get("tools", {}).get("web_search_count") == searched
    known = [*put, *([] if searched is None else [searched])]
    assert whole.get("usage", {}).get("activity", {}).get("is_active") == (any(known) if known else None)


def _without_sums(usage: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in usage.get("code", {}).items() if name not in ("accepts", "rejects")}


ZEROS: dict[str, Any] = {
    "chat_metrics": {"message_count": 0},
    "claude_code_metrics": {"core_metrics": {"distinct_session_count": 0}},
    "cowork_metrics": {"message_count": 0},
    "design_metrics": {"message_count": 0},
    "office_metrics": {"excel": {"message_count": 0}},
    "science_metrics": {"message_count": 0},
    "web_search_count": 0,
}


@pytest.mark.parametrize(
    ("both", "usage"),
    [
        ({"chat": {"message_count": 17}}, {"conversations": {"message_count": 17}}),
        ({"chat": {"message_count": 17}, "sessions": None}, {"conversations": {"message_count": 17}}),
        (
            {
                "chat": {"distinct_conversation_count": 4, "message_count": 17, "connectors_used_count": 2},
                "sessions": {
                    "distinct_session_count": 3,
                    "message_count": 5,
                    "action_count": 9,
                    "connectors_used_count": 1,
                    "skills_used_count": 6,
                },
            },
            {
                "sessions": {"distinct": 3},
                "conversations": {"distinct": 4, "message_count": 22},
                "tools": {"action_count": 9, "connectors_used_count": 3, "skills_used_count": 6},
            },
        ),
        (
            {
                "chat": {"distinct_skills_used_count": 2, "distinct_connectors_used_count": 1},
                "sessions": {"distinct_skills_used_count": 3, "distinct_connectors_used_count": 0},
            },
            {"tools": {"distinct_connectors_used_count": 1}},
        ),
    ],
)
def test_chat_and_cowork_in_one_are_a_surface_of_their_own(both: dict[str, Any], usage: dict[str, Any]) -> None:
    row = {"user": {"id": "user_1"}, **ZEROS, "chat_cowork_unified_metrics": both}
    whole, surface = mapped("claude_user_activity", row)
    assert whole["usage"]["activity"] == {"is_active": True}
    assert surface["id"] == "claude_user_activity/2026-07-14/user_1/chat_cowork_unified/~"
    assert surface["product"] == {"id": "chat_cowork_unified", "name": "Claude Chat and Cowork"}
    assert surface["surface"] == "chat_cowork_unified"
    assert surface["usage"] == usage
    assert surface["remote_data"] == {"chat_cowork_unified_metrics": both}


@pytest.mark.parametrize("both", [None, {}, {"chat": None, "sessions": {}}, {"chat": {"message_count": 0}}])
def test_unused_chat_and_cowork_in_one_are_no_surface(both: Any) -> None:
    (whole,) = mapped("claude_user_activity", {"user": {"id": "u"}, **ZEROS, "chat_cowork_unified_metrics": both})
    assert whole["usage"]["activity"] == {"is_active": False}


def test_active_users_of_chat_and_cowork_in_one_are_not_those_of_chat() -> None:
    names = [f"chat_cowork_unified_{period}_active_user_count" for period in ("daily", "weekly", "monthly")]
    found = mapped("claude_activity_summary", {**SPAN, **dict.fromkeys(names, 3), "chat_daily_active_user_count": 2})
    assert [(record["metric_name"], record["surface"], record["usage"]["unit"]) for record in found] == [
        *((name, "chat_cowork_unified", "users") for name in names),
        ("chat_daily_active_user_count", "chat", "users"),
    ]
    assert {record["product"]["name"] for record in found[:3]} == {"Claude Chat and Cowork"}


@pytest.mark.parametrize(
    ("stream", "key", "what"),
    [
        ("claude_skills", "skill_name", "skill"),
        ("claude_connectors", "connector_name", "connector"),
        ("claude_plugins", "plugin_name", "plugin"),
    ],
)
def test_things_used_in_chat_and_cowork_in_one_are_counted(stream: str, key: str, what: str) -> None:
    chats, sessions = f"distinct_conversation_{what}_used_count", f"distinct_session_{what}_used_count"
    row = {key: "x", "chat_metrics": {chats: 2}, "cowork_metrics": {sessions: 3}, "claude_code_metrics": None}
    (plain,) = mapped(stream, row)
    assert plain["usage"]["sessions"] == {"distinct": 3}
    (record,) = mapped(
        stream, {**row, "chat_cowork_unified_metrics": {"chat": {chats: 10}, "sessions": {sessions: 20}}}
    )
    assert record["usage"]["sessions"] == {"distinct": 23}
    if what != "plugin":
        assert record["usage"]["conversations"] == {"distinct": 12}


@given(
    st.dictionaries(
        st.from_regex(r"(chat_|cowork_|science_)?[a-z]{1,8}_(count|rate)", fullmatch=True),
        st.none() | st.integers(0, 10**6) | st.decimals(0, 100, places=4).map(float),
    )
)
def test_a_summary_is_cut_into_figures_without_loss(figures: dict[str, Any]) -> None:
    found = mapped("claude_activity_summary", {**SPAN, **figures})
    assert {record["metric_name"]: record["usage"]["quantity"] for record in found} == {
        name: value for name, value in figures.items() if value is not None
    }
    assert [record["remote_data"] == {**SPAN, **figures} for record in found[:1]] == [True] * bool(found)


NEW = {"plan": "team", "beta": True, "since": None, "regions": ["eu"], "by_plan": {"team": "yes"}}


def test_a_new_field_that_is_no_number_is_kept_in_remote_data_only() -> None:
    person: dict[str, Any] = {"user": {"id": "user_1"}, "chat_metrics": {"message_count": 3}}
    summary = {
        "starting_at": "2026-07-14T00:00:00Z",
        "ending_at": "2026-07-15T00:00:00Z",
        "pending_invite_count": 2,
        "new": 7,
    }
    for stream, row, more in (
        ("claude_user_activity", person, {**person, "chat_metrics": {**person["chat_metrics"], **NEW}}),
        ("claude_activity_summary", summary, {**summary, **NEW}),
    ):
        found = mapped(stream, more)
        assert len(found) == 2
        assert found[0]["remote_data"] == more
        assert [{**record, "remote_data": 1} for record in found] == [
            {**record, "remote_data": 1} for record in mapped(stream, row)
        ]


@pytest.mark.parametrize("value", ["many", True, ["eu"]])
def test_a_documented_figure_that_is_no_number_is_an_error(value: Any) -> None:
    with pytest.raises(ValueError, match="not a number"):
        mapped("claude_activity_summary", {**SPAN, "pending_invite_count": value})
    with pytest.raises(ValueError, match="not a number"):
        mapped("claude_user_activity", {"user": {"id": "u"}, "cowork_metrics": {"message_count": value, "x": 1}})


TOKENS = st.fixed_dictionaries(
    {name: st.integers(0, 10**9) for name in ("input", "output", "cache_read", "cache_creation")}
)
MODELS = st.lists(
    st.fixed_dictionaries(
        {
            "model": st.sampled_from(["claude-opus-4-8", "claude-sonnet-5", "claude-haiku-4-5"]),
            "tokens": TOKENS,
            "estimated_cost": st.fixed_dictionaries({"amount": st.integers(0, 10**8), "currency": st.just("USD")}),
        }
    ),
    unique_by=lambda used: str(used["model"]),
)


@given(MODELS, st.dictionaries(st.text("abc_", min_size=1), block("accepted", "rejected")))
def test_claude_code_is_cut_into_models_without_loss(models: list[Any], tools: dict[str, Any]) -> None:
    row = {**sample("claude", "admin_claude_code_p1")["data"][0], "model_breakdown": models, "tool_actions": tools}
    core, *parts = mapped("claude_code_usage", row)
    assert core["remote_data"] == row
    assert "tokens" not in core["usage"]
    assert "charges" not in core
    assert core["usage"]["sessions"] == {"distinct": row["core_metrics"]["num_sessions"]}
    for place, name in (("accepts", "accepted"), ("rejects", "rejected")):
        known = [tool[name] for tool in tools.values() if tool and tool.get(name) is not None]
        assert core["usage"]["code"].get(place) == (sum(known) if known else None)
    assert [record["model"]["id"] for record in parts] == [used["model"] for used in models]
    for record, used in zip(parts, models, strict=True):
        assert record["usage"]["tokens"]["total"] == sum(used["tokens"].values())
        (estimate,) = record["charges"]
        assert estimate["type"] == "usage_based"
        assert Decimal(str(estimate["amount"])) * 100 == used["estimated_cost"]["amount"]
        assert set(record["usage"]) == {"tokens"}


@pytest.mark.parametrize("amount", ["n/a", {"cents": 1}, "1e9999999"])
def test_an_estimate_that_is_no_amount_is_left_out_and_said(amount: Any, caplog: pytest.LogCaptureFixture) -> None:
    row = sample("claude", "admin_claude_code_p1")["data"][0]
    used = {**row["model_breakdown"][0], "estimated_cost": {"amount": amount, "currency": "USD"}}
    _, part = mapped("claude_code_usage", {**row, "model_breakdown": [used]})
    assert "charges" not in part
    assert part["usage"]["tokens"]["input"] == used["tokens"]["input"]
    (warning,) = [text for text in caplog.messages if "the charge is left out" in text]
    assert all(word in warning for word in ("2026-07-14", "ben@acme.test", used["model"]))


@pytest.mark.parametrize(
    ("stream", "row"),
    [
        ("claude_user_activity", {"user": {"id": None}}),
        ("claude_skills", {"skill_name": ""}),
        ("claude_artifacts", {"artifact_type": "x"}),
        ("claude_code_usage", {"date": "2026-07-14", "actor": {"type": "user_actor"}}),
    ],
)
def test_a_row_without_its_key_is_an_error(stream: str, row: dict[str, Any]) -> None:
    with pytest.raises((Unmappable, ValueError)):
        mapped(stream, row)


def test_a_missing_remote_flag_is_local() -> None:
    row = sample("claude", "admin_claude_code_p1")["data"][0]
    ids = {mapped("claude_code_usage", {**row, "is_remote": flag})[0]["id"] for flag in (None, False)}
    absent = {name: value for name, value in row.items() if name != "is_remote"}
    assert ids == {mapped("claude_code_usage", absent)[0]["id"]}
    assert mapped("claude_code_usage", {**row, "is_remote": True})[0]["id"] not in ids


def test_claude_code_compares_addresses_without_spaces_and_case() -> None:
    day = sample("claude", "admin_claude_code_p1")
    row = {**day["data"][0], "actor": {"type": "user_actor", "email_address": " BEN@acme.test "}}
    answers: dict[str, Any] = {**NAMES, f"{BASE}/usage_report/claude_code": [{**day, "data": [row], "has_more": False}]}
    record, *_ = read("claude_code_usage", answers)
    (known,) = [user for user in sample("claude", "admin_users")["data"] if user["email"] == "ben@acme.test"]
    assert record["user"] == {"id": known["id"], "email": " BEN@acme.test ", "name": known["name"]}
