"""The Usage and Cost Analytics API: both keys, who differs from whom by what, what its refusals stop."""

import copy
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import (
    BrokenContract,
    ConfigError,
    KeyRefused,
    SourceError,
    Unavailable,
    Unmappable,
)
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.vendors.claude.lookups import Line, Names
from unit_tests.vendors.claude.answers import BASE, CONFIG, NAMES
from unit_tests.vendors.samples import assert_valid, mock_answers, records, sample, stream_of, window

COST, USAGE = f"{BASE}/analytics/cost", f"{BASE}/analytics/usage"
WINDOW = window("2026-11-02", "2026-11-03")
ANALYTICS = {"analytics_api_key": CONFIG["analytics_api_key"]}
ADMIN = {"admin_api_key": CONFIG["admin_api_key"]}
PAGES = ["analytics_cost_ungrouped", "analytics_cost_page1", "analytics_cost_page2"]
ACTOR_TYPES = {"user_actor", "service_account_actor", "api_actor", "federated_actor"}


def row(**group: Any) -> dict[str, Any]:
    """One combination that cost a dollar on November 2nd."""
    whole: dict[str, Any] = copy.deepcopy(sample("claude", "analytics_cost_ungrouped")["data"][0])
    whole["group"] |= group
    whole["cost"] = {"amount": "100", "list_amount": "125.5", "currency": "USD", "requests": 1}
    return whole


def page(*rows: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"data": list(rows), "has_more": False, "next_page": None, **more}


def read(config: Mapping[str, Any], *bodies: Any, stream: str = "claude_spend") -> list[dict[str, Any]]:
    with requests_mock.Mocker() as server:
        mock_answers(server, "claude", {**NAMES, COST: bodies, USAGE: bodies})
        found = records(stream_of("claude", config, stream), WINDOW)
    assert_valid(found)
    return found


def net(found: Sequence[Mapping[str, Any]]) -> Decimal:
    return sum((Decimal(str(record["charges"][0]["amount"])) for record in found), Decimal(0))


def ids(found: Sequence[Mapping[str, Any]]) -> list[str]:
    return [record["id"] for record in found]


def test_what_is_asked() -> None:
    """First each day as a whole, then by five dimensions and no more; both name the beta."""
    with requests_mock.Mocker() as server:
        mock_answers(server, "claude", {COST: PAGES})
        records(stream_of("claude", ANALYTICS, "claude_spend"), WINDOW)
    whole, first, second = server.request_history
    assert {request.headers["anthropic-beta"] for request in server.request_history} == {
        "analytics-usage-cost-2026-08-24"
    }
    common = {
        "starting_at": ["2026-11-02t00:00:00z"],
        "ending_at": ["2026-11-03t00:00:00z"],
        "time_bucket_width": ["1d"],
        "order_by": ["time"],
        "order": ["asc"],
        "limit": ["1000"],
    }
    groups = {"group_by[]": ["actor", "api_key_id", "workspace_id", "model", "product"]}
    assert whole.qs == common
    assert first.qs == common | groups
    assert second.qs == common | groups | {"page": ["page_y29zda"]}


def test_the_rows_are_the_day_as_a_whole(caplog: pytest.LogCaptureFixture) -> None:
    found = read(ANALYTICS, *PAGES)
    assert net(found) == Decimal("2.34205")
    assert sum(Decimal(str(record["charges"][1]["amount"])) for record in found) == Decimal("2.55555")
    assert sum(record["usage"]["requests"]["total"] for record in found) == 345
    assert not [text for text in caplog.messages if "do not add up" in text]


@pytest.mark.parametrize(("amount", "warned"), [("235.205", False), ("235.206", True), ("233.204", True)])
def test_a_difference_beyond_a_cent_is_logged(caplog: pytest.LogCaptureFixture, amount: str, warned: bool) -> None:
    whole = copy.deepcopy(sample("claude", "analytics_cost_ungrouped"))
    whole["data"][0]["cost"]["amount"] = amount
    assert len(read(ANALYTICS, whole, *PAGES[1:])) == 8
    assert bool([text for text in caplog.messages if "2026-11-02 do not add up" in text]) == warned


def test_every_shape_of_the_report_has_the_same_cents() -> None:
    """By kind of cost and token the API-Prod row, the search, the code execution and what a session cost."""
    whole = net(read(ANALYTICS, "analytics_empty", "analytics_cost_by_cost_type_and_token_type"))
    assert whole == Decimal("1.369")


def test_without_any_use_there_are_no_records() -> None:
    assert read(ANALYTICS, "analytics_empty") == []


def test_with_both_keys_each_reads_its_own_organization() -> None:
    found = read(CONFIG, *PAGES, *PAGES)
    kinds = [id.split("/")[1] for id in ids(found)]
    assert kinds == ["enterprise"] * 8 + ["console"] * 8
    assert net(found) == 2 * Decimal("2.34205")
    assert {id.replace("/enterprise/", "/console/") for id in ids(found)} == set(ids(found[8:]))


@pytest.mark.parametrize("place", ["header", "body"])
def test_two_keys_of_one_organization_are_read_once(caplog: pytest.LogCaptureFixture, place: str) -> None:
    headers = {"anthropic-organization-id": "org_1"} if place == "header" else {}
    body = page(row(), **({"organization_id": "org_1"} if place == "body" else {}))
    stream = stream_of("claude", CONFIG, "claude_spend")
    with requests_mock.Mocker() as server:
        server.get("/v1/organizations/analytics/cost", json=body, headers=headers)
        first, second = records(stream, WINDOW), records(stream, window("2026-11-03", "2026-11-04"))
    assert [id.split("/")[1] for id in ids(first + second)] == ["enterprise"] * 2
    assert [request.headers["x-api-key"] for request in server.request_history] == [
        *[CONFIG["analytics_api_key"]] * 2,
        CONFIG["admin_api_key"],
        *[CONFIG["analytics_api_key"]] * 2,
    ]
    (said,) = [text for text in caplog.messages if "keys of one organization (org_1)" in text]
    assert "claude.analytics_api_key and claude.admin_api_key" in said


def test_names_are_those_of_the_console() -> None:
    lists = {
        f"{BASE}/api_keys": [{"data": [{"id": "key", "name": "CI"}], "has_more": False}],
        f"{BASE}/workspaces": [{"data": [{"id": "place", "name": "Prod"}], "has_more": False}],
    }
    grouped = row(api_key_id="key", workspace_id="place", actor={"type": "api_actor", "api_key_id": "key"})
    with requests_mock.Mocker() as server:
        mock_answers(server, "claude", {**NAMES, **lists, COST: [page(grouped)]})
        (record,) = records(stream_of("claude", ADMIN, "claude_spend"), WINDOW)
    assert record["resources"] == [{"id": "key", "name": "CI", "workspace": {"id": "place", "name": "Prod"}}]
    assert record["organization"] == {"id": "5f0c1d2e-7a34-4b1c-9a77-1c2d3e4f5a6b", "name": "Acme Test Org"}


def mapped(group: Mapping[str, Any]) -> dict[str, Any]:
    stream = stream_of("claude", ANALYTICS, "claude_spend")
    (record,) = stream.usages(Line(row(**group), "id", Names({})))
    return dict(record)


@pytest.mark.parametrize(
    ("actor", "user", "resources"),
    [
        (None, None, None),
        (
            {"type": "user_actor", "user_id": "u", "email_address": "a@b.c", "name": "A", "deleted": False},
            {"id": "u", "email": "a@b.c", "name": "A"},
            None,
        ),
        (
            {"type": "user_actor", "user_id": "u", "email_address": None, "name": "Deleted User", "deleted": True},
            {"id": "u", "name": "Deleted User"},
            None,
        ),
        ({"type": "service_account_actor", "service_account_id": "s"}, None, [{"id": "s"}]),
        (
            {"type": "federated_actor", "provider": {"type": "gcp", "project_number": "1"}, "subject": "sub"},
            None,
            [{"id": "sub"}],
        ),
        ({"type": "federated_actor", "provider": {"type": "gcp", "project_number": "1"}, "subject": None}, None, None),
        ({"type": "robot_actor", "robot_id": "r"}, None, None),
    ],
)
def test_who_it_was(actor: Any, user: Any, resources: Any) -> None:
    record = mapped({"actor": actor})
    assert (record.get("user"), record.get("resources")) == (user, resources)


def test_money_is_exact_and_in_one_view_of_each_kind() -> None:
    charged = {charge["type"]: charge["amount"] for charge in mapped({})["charges"]}
    assert charged == {"net": 1, "total": 1.255, "discount": 0.255, "usage_based": 1}
    assert "quantity" not in mapped({})["usage"]


@pytest.mark.parametrize(("product", "id", "surface"), [(None, "claude", None), ("New-One", "New-One", "new_one")])
def test_products_are_an_open_set(product: str | None, id: str, surface: str | None) -> None:
    record = mapped({"product": product})
    assert (record["product"]["id"], record.get("surface")) == (id, surface)


def user(**facts: Any) -> dict[str, Any]:
    return {"type": "user_actor", "user_id": "u", "email_address": "a@b.c", "name": "A", "deleted": False, **facts}


def federated(kind: str, **facts: Any) -> dict[str, Any]:
    return {"type": "federated_actor", "provider": {"type": kind, **facts}, "subject": facts.pop("subject", "s")}


@pytest.mark.parametrize(
    ("actor", "other"),
    [
        (user(), user(email_address=None, name="Deleted User", deleted=True)),
        (
            federated("aws", account_id="1", signed_principal="arn:one"),
            federated("aws", account_id="1", signed_principal="arn:two"),
        ),
    ],
)
def test_an_identity_keeps_its_id_whatever_it_is_called(actor: Any, other: Any) -> None:
    assert ids(read(ANALYTICS, page(row(actor=actor)))) == ids(read(ANALYTICS, page(row(actor=other))))


def test_federated_identities_of_one_subject_differ_by_their_provider() -> None:
    actors = [
        federated("aws", account_id="1"),
        federated("aws", account_id="2"),
        federated("azure", subscription_id="1"),
        federated("gcp", project_number="1"),
        federated("oidc", issuer="1"),
        federated("oidc", issuer="1", subject="t"),
    ]
    found = ids(read(ANALYTICS, page(*(row(actor=actor) for actor in actors))))
    assert len({*found}) == 6
    assert all(id.count("/") == 8 for id in found)


def test_rows_that_nothing_tells_apart_are_numbered_by_their_amount() -> None:
    robots = [row(actor={"type": "robot_actor", "robot_id": id}) for id in "abc"]
    for robot, amount in zip(robots, ("5", "70", "5"), strict=True):
        robot["cost"]["amount"] = amount
    expected = ["", "/1", "/2"]
    for order in (robots, robots[::-1]):
        found = read(ANALYTICS, page(*order))
        prefix = "claude_spend/enterprise/2026-11-02T00:00:00Z/robot_actor/~/~/~/~/~"
        assert ids(found) == [prefix + part for part in expected]
        assert [record["charges"][0]["amount"] for record in found] == [0.7, 0.05, 0.05]


@pytest.mark.parametrize("kind", sorted(ACTOR_TYPES - {"federated_actor"}))
def test_a_known_actor_without_its_key_is_no_row(kind: str) -> None:
    with pytest.raises(Unmappable, match="no actor"):
        read(ANALYTICS, page(row(actor={"type": kind})))


def test_tokens_that_are_not_their_sum_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    pages = [copy.deepcopy(sample("claude", f"analytics_usage_page{number}")) for number in (1, 2)]
    for one in pages[0]["data"][:2]:
        one["usage"]["total_tokens"] += 1
    found = read(ANALYTICS, "analytics_empty", *pages, stream="claude_tokens")
    assert [record["usage"]["tokens"]["total"] for record in found[:2]] == [1090000, 472000]
    assert len([text for text in caplog.messages if "total_tokens is 1090001" in text]) == 1
    assert not [text for text in caplog.messages if "total_tokens is 472001" in text]


def test_the_export_ends_what_counts_as_read_where_it_is_named() -> None:
    stream = stream_of("claude", ANALYTICS, "claude_spend")
    with requests_mock.Mocker() as server:
        body = page(row(), data_refreshed_at="2026-11-02T17:30:00Z")
        mock_answers(server, "claude", {COST: [body]})
        (record,) = records(stream, WINDOW)
    assert record["updated_at"] == "2026-11-02T17:30:00Z"
    assert str(stream.bounds.provisional_from)[:10] == "2026-11-02"
    assert stream_of("claude", ANALYTICS, "claude_spend").bounds.provisional_from is None


# --- refusals


ERRORS = sample("claude", "analytics_errors")
STOPS_ALONE = ["header missing", "organization with HIPAA", "organization without the beta"]


def refusal(when: str) -> dict[str, Any]:
    (found,) = [error for error in ERRORS if error["when"].startswith(when)]
    return {"status_code": found["status"], "headers": found["headers"], "json": found["body"]}


@pytest.fixture
def stream() -> UsageStream:
    return stream_of("claude", ANALYTICS, "claude_spend")


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as server:
        yield server


@pytest.mark.parametrize("when", STOPS_ALONE)
@pytest.mark.parametrize("prefix", ["sk-ant-api01-", "sk-ant-admin01-", "sk-ant-api03-"])
def test_without_the_beta_these_streams_stop_and_the_key_is_not_refused(
    server: requests_mock.Mocker, when: str, prefix: str
) -> None:
    stream = stream_of("claude", {"analytics_api_key": f"{prefix}unit"}, "claude_spend")
    server.get("/v1/organizations/analytics/cost", [refusal(when)])
    with pytest.raises(ConfigError, match="take claude_spend and claude_tokens out of the catalog"):
        records(stream, WINDOW)
    assert server.call_count == 1
    assert stream.api.credential.refused is None


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error["when"][:30])
def test_every_refusal_has_an_owner(
    server: requests_mock.Mocker, stream: UsageStream, waits: list[float], error: dict[str, Any]
) -> None:
    server.get("/v1/organizations/analytics/cost", [refusal(error["when"]), {"json": page()}])
    if error["status"] == 429:
        assert records(stream, WINDOW) == []
        assert waits == [21]
        return
    with pytest.raises(SourceError) as raised:
        records(stream, WINDOW)
    said = str(raised.value)
    assert error["body"]["error"]["message"] in said
    expected: dict[int, type[SourceError]] = {401: KeyRefused, 410: Unavailable}
    cursor = error["when"].startswith("cursor")
    assert isinstance(raised.value, BrokenContract if cursor else expected.get(error["status"], ConfigError))
    assert ("out of the catalog" in said) == any(error["when"].startswith(when) for when in STOPS_ALONE)
    if error["status"] == 403:
        assert "lacks the scope read:analytics. Scopes are fixed" in said


@pytest.mark.parametrize("when", ["data refreshed", "cursor replayed"])
def test_a_window_whose_data_was_refreshed_is_read_from_its_start(
    server: requests_mock.Mocker, stream: UsageStream, when: str
) -> None:
    whole, first, second = ({"json": sample("claude", name)} for name in PAGES)
    server.get("/v1/organizations/analytics/cost", [whole, first, refusal(when), first, second])
    assert net(records(stream, WINDOW)) == Decimal("2.34205")


def test_one_constant_swaps_the_bill() -> None:
    """When the API leaves beta: its money is the bill, its tokens count, and those of before do not."""
    program = """
import importlib, sys
from source_unified_usage.vendors.claude import roles
text = open(roles.__file__).read()
assert text.count("SPEND_IS_BETA = True") == 1
exec(compile(text.replace("SPEND_IS_BETA = True", "SPEND_IS_BETA = False"), roles.__file__, "exec"), vars(roles))
for name in ("console", "reports", "user_reports", "spend"):
    importlib.reload(sys.modules[f"source_unified_usage.vendors.claude.{name}"])
claude = importlib.reload(sys.modules["source_unified_usage.vendors.claude"])
for s in claude.Claude({"analytics_api_key": "a", "admin_api_key": "b"}).streams():
    if s.role in ("bill", "restates") or s.counts_tokens:
        print(s.name, s.role, *s.restates, s.counts_tokens)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "claude_user_cost restates claude_spend False",
        "claude_cost restates claude_spend False",
        "claude_api_cost restates claude_spend False",
        "claude_spend bill False",
        "claude_tokens activity True",
    ]
    now = [stream_of("claude", CONFIG, name) for name in ("claude_cost", "claude_api_cost", "claude_spend")]
    assert [(each.role, each.restates) for each in now] == [
        ("bill", ()),
        ("bill", ()),
        ("restates", ("claude_cost", "claude_api_cost")),
    ]
    assert stream_of("claude", ADMIN, "claude_spend").restates == ("claude_api_cost",)
