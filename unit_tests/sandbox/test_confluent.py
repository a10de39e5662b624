"""The simulated Confluent Cloud keeps the rules of its sheet."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sandbox import Sandbox
from sandbox.clock import Clock
from sandbox.ledger import Entry
from sandbox.limits import Limit
from sandbox.vendors.confluent import (
    ADMIN_KEY,
    ADMIN_SECRET,
    BILLING_KEY,
    BILLING_METRICS_KEY,
    BILLING_METRICS_SECRET,
    BILLING_SECRET,
    ENVIRONMENT_ADMIN_KEY,
    ENVIRONMENT_ADMIN_SECRET,
    KAFKA_KEY,
    KAFKA_SECRET,
    METRICS_KEY,
    METRICS_SECRET,
    ConfluentSandbox,
)
from sandbox.vendors.confluent.credentials import ORGANIZATION_ADMIN, Key
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.world import World

NOW = datetime(2026, 9, 16, 10, 30, tzinfo=timezone.utc)
TODAY = NOW.date()
COSTS = "billing/v1/costs"
ENVIRONMENTS = "org/v2/environments"
ORGANIZATIONS = "org/v2/organizations"
CLUSTERS = "cmk/v2/clusters"
METRICS = "v2/metrics/cloud/query"
REQUEST_BYTES = "io.confluent.kafka.server/request_bytes"
ADMIN = (ADMIN_KEY, ADMIN_SECRET)
BILLING = (BILLING_KEY, BILLING_SECRET)
BILLING_METRICS = (BILLING_METRICS_KEY, BILLING_METRICS_SECRET)
VIEWER = (METRICS_KEY, METRICS_SECRET)
ENVIRONMENT_ADMIN = (ENVIRONMENT_ADMIN_KEY, ENVIRONMENT_ADMIN_SECRET)
KAFKA = (KAFKA_KEY, KAFKA_SECRET)

Call = Callable[..., requests.Response]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.server.VENDORS", (ConfluentSandbox,))
        with Sandbox(now=NOW) as running:
            yield running


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    """One server for the module; every test finds its knobs and its clock untouched."""
    served.confluent.limit = Limit(None)
    yield served
    Knobs.__init__(served.confluent)
    served.clock.advance(seconds=(NOW - served.clock.now()).total_seconds())


@pytest.fixture
def get(sandbox: Sandbox) -> Iterator[Call]:
    with requests.Session() as session:

        def send(path: str, auth: tuple[str, str] | None = ADMIN, **query: Any) -> requests.Response:
            url = f"{sandbox.url('confluent')}/{path}"
            return session.get(url, params=query, auth=auth, timeout=10)

        yield send


@pytest.fixture
def post(sandbox: Sandbox) -> Call:
    def send(body: Any, auth: tuple[str, str] = BILLING_METRICS, **query: Any) -> requests.Response:
        url = f"{sandbox.url('confluent')}/{METRICS}"
        return requests.post(url, params=query, json=body, auth=auth, timeout=10)

    return send


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def window(first: int, last: int) -> dict[str, str]:
    """The parameters of the days from `first` days ago to before `last` days ago."""
    return {"start_date": str(days_ago(first)), "end_date": str(days_ago(last))}


def walk(get: Call, path: str, **query: Any) -> list[Any]:
    """The items of every page; a token must never come twice."""
    items: list[Any] = []
    seen: set[str] = set()
    while True:
        page = get(path, **query).json()
        items += page["data"] or []
        url = page.get("metadata", {}).get("next")
        if not url:
            return items
        (token,) = parse_qs(urlsplit(url).query)["page_token"]
        assert token not in seen and len(token) <= 255
        seen.add(token)
        query["page_token"] = token


def rows(get: Call, first: int, last: int, **query: Any) -> list[Row]:
    return walk(get, COSTS, **window(first, last), **query)


def error(answer: requests.Response) -> Any:
    (found,) = answer.json()["errors"]
    return found


def natural_key(row: Row) -> str:
    """Spelled apart from the sandbox's own code."""
    resource = row.get("resource") or {}
    parts = (
        row["start_date"][:10],
        row.get("product"),
        row["line_type"],
        (resource.get("environment") or {}).get("id"),
        resource.get("id"),
        row.get("network_access_type"),
        row.get("tier_dimensions"),
        row.get("description"),
    )
    return json.dumps(parts, sort_keys=True)


def exact(value: Any) -> Decimal:
    return Decimal(str(value))


def total(entries: list[Entry], kind: str) -> Decimal:
    return sum((e.charges.get((kind, "USD"), Decimal(0)) for e in entries), Decimal(0))


# --- keys, limits, refusals ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "status", "code"),
    [
        (None, 401, "user_unauthenticated"),
        (("NOBODY", "nothing"), 401, "user_unauthenticated"),
        ((ADMIN_KEY, "wrong"), 401, "user_unauthenticated"),
        (KAFKA, 401, "user_unauthenticated"),
        (VIEWER, 403, "user_unauthorized"),
        (ENVIRONMENT_ADMIN, 403, "user_unauthorized"),
    ],
)
def test_refused_keys(get: Call, auth: tuple[str, str] | None, status: int, code: str) -> None:
    answer = get(COSTS, auth, **window(4, 3))
    assert (answer.status_code, error(answer)["code"]) == (status, code)
    assert error(answer)["id"] == answer.headers["X-Request-Id"]
    assert error(answer)["status"] == str(status)
    challenge = 'Basic error="invalid_key", error_description="The API Key is invalid"'
    assert answer.headers.get("WWW-Authenticate") == (challenge if status == 401 else None)


@pytest.mark.parametrize("auth", [ADMIN, BILLING, BILLING_METRICS])
def test_good_keys(get: Call, auth: tuple[str, str]) -> None:
    assert get(COSTS, auth, **window(4, 3), page_size=1).status_code == 200


def test_malformed_credentials(sandbox: Sandbox) -> None:
    url = f"{sandbox.url('confluent')}/{COSTS}"
    for value in ("Bearer token", "Basic", "Basic !!!", "Basic /////w=="):
        answer = requests.get(url, headers={"Authorization": value}, timeout=10)
        assert answer.status_code == 401


def test_keys_are_a_table(sandbox: Sandbox, get: Call) -> None:
    del sandbox.confluent.keys[ADMIN_KEY]
    assert get(COSTS, **window(4, 3)).status_code == 401


def test_unknown_path_is_404(get: Call, sandbox: Sandbox) -> None:
    assert error(get("billing/v2/costs"))["status"] == "404"
    url = f"{sandbox.url('confluent')}/{COSTS}"
    assert requests.post(url, auth=ADMIN, timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("query", "parameter", "detail"),
    [
        ({"start_date": None}, "start_date", "start_date must be formatted as YYYY-MM-DD"),
        ({"end_date": None}, "end_date", "end_date must be formatted as YYYY-MM-DD"),
        ({"start_date": "2026-9-01"}, "start_date", "start_date must be formatted as YYYY-MM-DD"),
        ({"start_date": "2026-02-30"}, "start_date", "start_date must be formatted as YYYY-MM-DD"),
        (
            {"end_date": "2026-09-02T00:00:00Z"},
            "end_date",
            "end_date must be formatted as YYYY-MM-DD",
        ),
        ({"end_date": "2026-09-01"}, "end_date", "end date must be after start date"),
        ({"end_date": "2026-08-31"}, "end_date", "end date must be after start date"),
        ({"end_date": "2026-10-03"}, "end_date", "date range exceeds one month"),
        ({"page_size": "0"}, "page_size", "page_size must be between 1 and 10000"),
        ({"page_size": "10001"}, "page_size", "page_size must be between 1 and 10000"),
        ({"page_size": "many"}, "page_size", "page_size must be between 1 and 10000"),
        ({"page_token": "made-up"}, "page_token", "invalid page token"),
        ({"page_token": ""}, "page_token", "invalid page token"),
    ],
)
def test_bad_parameters(get: Call, query: dict[str, Any], parameter: str, detail: str) -> None:
    answer = get(COSTS, **{"start_date": "2026-09-01", "end_date": "2026-09-02", **query})
    assert answer.status_code == 400
    found = error(answer)
    assert (found["source"], found["detail"]) == ({"parameter": parameter}, detail)


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        ("2026-08-01", "2026-09-01", 200),
        ("2026-09-01", "2026-10-02", 200),
        ("2026-01-31", "2026-03-03", 200),
        ("2026-01-31", "2026-03-04", 400),
        ("2026-02-01", "2026-03-04", 200),
        ("2026-02-01", "2026-03-05", 400),
        ("2025-09-16", "2025-09-17", 200),
        ("2027-01-01", "2027-02-01", 200),
        ("9999-12-01", "9999-12-31", 200),
    ],
)
def test_one_month_within_a_year(get: Call, start: str, end: str, status: int) -> None:
    assert get(COSTS, start_date=start, end_date=end).status_code == status


def test_start_more_than_a_year_ago(get: Call) -> None:
    answer = get(COSTS, start_date="2025-09-15", end_date="2025-09-20")
    assert (answer.status_code, set(error(answer))) == (400, {"id", "status", "detail"})
    assert error(answer)["detail"] == "start date is too far in the past"


def test_transient_400_hits_calls_in_range(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.transient_400 = 1
    answers = [get(COSTS, **window(4, 3)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [400, 200]
    assert error(answers[0])["detail"] == "start date is too far in the past"


def test_ten_calls_a_minute_for_the_whole_organization(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.limit = Limit(10, 60)
    answers = [get(COSTS, auth, **window(4, 3)) for auth in (ADMIN, BILLING) for _ in range(5)]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == [str(left) for left in range(9, -1, -1)]
    sandbox.clock.advance(seconds=7)
    refused = get(COSTS, **window(4, 3))
    assert refused.status_code == 429
    assert refused.json() == {"errors": [{"status": "429", "detail": "Exceeded rate limit"}]}
    names = ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
    assert [refused.headers[name] for name in names] == ["53", "10", "0", "53"]
    assert refused.headers["X-Request-Id"]
    sandbox.clock.advance(seconds=53)
    assert get(COSTS, **window(4, 3)).status_code == 200


def test_default_limit_is_ten_a_minute() -> None:
    limit = Knobs().limit
    assert (limit.requests, limit.seconds) == (10, 60)


def test_silent_throttling(sandbox: Sandbox, get: Call) -> None:
    vendor = sandbox.confluent
    vendor.limit, vendor.retry_after, vendor.throttle_body = Limit(1, 60), False, "empty"
    vendor.rate_headers, vendor.reset_as_epoch = ("l", "r", "RateLimit-Reset"), True
    get(COSTS, **window(4, 3))
    refused = get(COSTS, **window(4, 3))
    assert (refused.status_code, refused.content) == (429, b"")
    assert "Retry-After" not in refused.headers
    assert int(refused.headers["RateLimit-Reset"]) == int(NOW.timestamp()) + 60


def test_errors_carry_the_rate_headers_too(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.limit = Limit(10, 60)
    for answer in (get(COSTS, None), get(COSTS, VIEWER), get(COSTS)):
        assert answer.headers["X-RateLimit-Limit"] == "10"


# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [7, 95, 500, 10_000])
def test_any_page_size_cuts_the_same_rows(get: Call, size: int) -> None:
    assert rows(get, 8, 4, page_size=size) == rows(get, 8, 4)


def test_any_window_cuts_the_same_rows(get: Call) -> None:
    days = [row for day in range(8, 0, -1) for row in rows(get, day, day - 1)]
    assert days == rows(get, 8, 0)


def test_window_is_half_open(get: Call) -> None:
    dates = {(row["start_date"], row["end_date"]) for row in rows(get, 8, 6)}
    assert dates == {(str(days_ago(8)), str(days_ago(7))), (str(days_ago(7)), str(days_ago(6)))}


def test_next_holds_the_token_alone(sandbox: Sandbox, get: Call) -> None:
    url = get(COSTS, **window(8, 4), page_size=50).json()["metadata"]["next"]
    assert url.startswith(f"{sandbox.url('confluent')}/{COSTS}?page_token=")
    assert set(parse_qs(urlsplit(url).query)) == {"page_token"}
    assert requests.get(url, auth=ADMIN, timeout=10).status_code == 400
    sandbox.confluent.next_base = "https://proxy.example/x"
    url = get(COSTS, **window(8, 4), page_size=50).json()["metadata"]["next"]
    assert url.startswith(f"https://proxy.example/x/{COSTS}?page_token=")


def test_token_belongs_to_its_request(get: Call) -> None:
    url = get(COSTS, **window(8, 4), page_size=50).json()["metadata"]["next"]
    (token,) = parse_qs(urlsplit(url).query)["page_token"]
    statuses = [
        get(COSTS, **window(first, last), page_size=size, page_token=token).status_code
        for first, last, size in ((8, 4, 50), (8, 5, 50), (9, 4, 50), (8, 4, 51))
    ]
    assert statuses == [200, 400, 400, 400]


def test_tokens_may_expire(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.token_lifetime = timedelta(minutes=5)
    url = get(COSTS, **window(8, 4), page_size=50).json()["metadata"]["next"]
    (token,) = parse_qs(urlsplit(url).query)["page_token"]
    assert get(COSTS, **window(8, 4), page_size=50, page_token=token).status_code == 200
    sandbox.clock.advance(minutes=6)
    answer = get(COSTS, **window(8, 4), page_size=50, page_token=token)
    assert (answer.status_code, error(answer)["detail"]) == (400, "invalid page token")


@pytest.mark.parametrize(
    ("style", "metadata"),
    [
        ("missing", {"metadata": {}}),
        ("null", {"metadata": {"next": None}}),
        ("empty", {"metadata": {"next": ""}}),
        ("no metadata", {}),
    ],
)
def test_last_page(sandbox: Sandbox, get: Call, style: str, metadata: dict[str, Any]) -> None:
    sandbox.confluent.last_page = style
    page = get(COSTS, **window(4, 3)).json()
    del page["data"]
    assert page == {"api_version": "v1", "kind": "CostList", **metadata}


def test_page_cap_and_empty_pages(sandbox: Sandbox, get: Call) -> None:
    whole = rows(get, 8, 4)
    sandbox.confluent.page_cap, sandbox.confluent.empty_pages = 100, True
    before = sandbox.requests[f"GET /confluent/{COSTS}"]
    assert rows(get, 8, 4) == whole
    full = -(-len(whole) // 100)
    assert sandbox.requests[f"GET /confluent/{COSTS}"] - before == 2 * full - 1


@pytest.mark.parametrize("style", ["tokenless", "repeated"])
def test_broken_next(sandbox: Sandbox, get: Call, style: str) -> None:
    sandbox.confluent.broken_next = style
    query: dict[str, Any] = {**window(8, 4), "page_size": 20}
    url = get(COSTS, **query).json()["metadata"]["next"]
    found = parse_qs(urlsplit(url).query)
    if style == "tokenless":
        assert found == {}
    else:
        again = get(COSTS, **query, page_token=found["page_token"][0]).json()["metadata"]["next"]
        assert again == url


def test_days_without_data(sandbox: Sandbox, get: Call) -> None:
    assert get(COSTS, **window(150, 140)).json()["data"] == []
    assert get(COSTS, start_date=str(TODAY), end_date="2026-09-20").json()["data"] == []
    sandbox.confluent.null_data = True
    assert get(COSTS, **window(150, 140)).json()["data"] is None


# --- rows -----------------------------------------------------------------------------------------


def test_same_seed_gives_the_same_rows() -> None:
    """Whatever was asked before."""
    clock = Clock(NOW)
    twin = ConfluentSandbox(World(7, 120, TODAY), clock)
    fresh = ConfluentSandbox(World(7, 120, TODAY), clock)
    fresh.ledger(days_ago(90), days_ago(80))
    assert fresh.ledger(days_ago(3), TODAY) == twin.ledger(days_ago(3), TODAY)
    other = ConfluentSandbox(World(8, 120, TODAY), clock)
    assert other.ledger(days_ago(3), TODAY) != twin.ledger(days_ago(3), TODAY)


def test_oddities_that_real_bills_have(get: Call) -> None:
    found = rows(get, 31, 4)
    by_type: dict[str, list[Row]] = {}
    for row in found:
        by_type.setdefault(row["line_type"], []).append(row)
    groups = Counter(natural_key(row) for row in found)
    assert "id" not in found[0]
    # tiers, twins, two access types, one id in two environments
    rules = [r for r in by_type["NUM_RULES"] if r["start_date"] == str(days_ago(6))]
    assert sorted(row["price"] for row in rules) == [0.023, 0.023, 0.0345, 0.0345]
    assert max(groups.values()) == 3
    tasks = Counter(json.dumps(row) for row in by_type["CONNECT_NUM_TASKS"])
    assert max(tasks.values()) == 2
    assert {row["network_access_type"] for row in by_type["KAFKA_NETWORK_READ"]} == {
        "PRIVATE_LINK",
        "INTERNET",
    }
    # rows without resource, price, quantity, product or discount
    support = by_type["SUPPORT"][0]
    assert not {"resource", "price", "quantity", "discount_amount"} & set(support)
    assert all("resource" not in row for row in by_type["AUDIT_LOG_READ"])
    assert all("price" not in row for row in by_type["USM_CONNECTED_NODE"])
    credits = {row["description"]: row for row in by_type["PROMO_CREDIT"]}
    assert set(credits) == {"KAFKA101", "STREAM25", "Refund Kafka usage"}
    assert all(row["amount"] < 0 and row.get("product") is None for row in credits.values())
    assert "product" not in credits["KAFKA101"] and credits["KAFKA101"]["unit"] == ""
    assert credits["Refund Kafka usage"]["resource"] is None
    storage = [row for row in by_type["KAFKA_STORAGE"] if "discount_amount" not in row]
    assert storage and all(row["amount"] < row["original_amount"] for row in storage)
    # an unknown product, a resource of no environment, a row of nothing, spellings of numbers
    (unknown, *_) = by_type["RTCE_NUM_UNITS"]
    assert unknown["resource"] == {"id": "rtce-1", "display_name": "", "environment": None}
    assert any(0 < row["quantity"] < 1e-4 for row in by_type["CONNECT_THROUGHPUT"])
    assert any(row["amount"] < 1e-5 for row in by_type["CONNECT_THROUGHPUT"])
    assert {type(row["quantity"]) for row in by_type["KSQL_NUM_CSUS"]} == {int}
    assert any(row["amount"] < 0 for row in by_type["KAFKA_NUM_CKUS"])
    ratios = [
        exact(row["price"]) * exact(row["quantity"]) == exact(row["original_amount"])
        for row in by_type["KAFKA_STORAGE"]
    ]
    assert not all(ratios)


def test_deleted_environment_and_renamed_cluster(sandbox: Sandbox, get: Call) -> None:
    old = rows(get, 110, 109)
    listed = {environment["id"] for environment in walk(get, ENVIRONMENTS)}
    places: dict[str, set[str]] = {}
    for row in old:
        resource = row.get("resource") or {}
        if resource.get("environment"):
            places.setdefault(resource["id"], set()).add(resource["environment"]["id"])
    assert [len(found) for found in places.values() if len(found) > 1] == [2]
    assert set.union(*places.values()) - listed
    lead = sandbox.confluent.estate.clusters[0].id
    names = {
        row["resource"]["display_name"]
        for row in old + rows(get, 5, 4)
        if (row.get("resource") or {}).get("id") == lead
    }
    assert len(names) == 2


def test_ids_given_and_repeated(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.ids = "given"
    ids = [row["id"] for row in rows(get, 8, 4)]
    assert len(set(ids)) == len(ids)
    sandbox.confluent.ids = "repeated"
    ids = [row["id"] for row in rows(get, 8, 4)]
    assert max(Counter(ids).values()) == 2


def test_spellings(sandbox: Sandbox, get: Call) -> None:
    plain = rows(get, 8, 7)
    vendor = sandbox.confluent
    vendor.numbers, vendor.dates, vendor.api_version = "string", "midnight", "billing/v1"
    vendor.missing_date = "end_date"
    page = get(COSTS, **window(8, 7)).json()
    assert page["api_version"] == "billing/v1"
    assert {row["start_date"] for row in page["data"]} == {f"{days_ago(8)} 00:00:00"}
    assert {row["line_type"] for row in page["data"] if "end_date" not in row} == {"AUDIT_LOG_READ"}
    assert [exact(row["amount"]) for row in page["data"]] == [exact(r["amount"]) for r in plain]
    units = next(row for row in page["data"] if row["line_type"] == "KSQL_NUM_CSUS")
    assert units["quantity"] == "24.0000"


def test_legacy_shape(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.shape = "legacy"
    page = get(COSTS, **window(8, 7)).json()
    found = page["data"]
    assert set(page["metadata"]) == {"first", "last", "prev", "next", "total_size"}
    assert not any("amount" in row for row in found)
    assert {"discount_amount" in row for row in found} == {True, False}
    assert not any("original_amount" in r for r in found if r["line_type"] == "CONNECT_NUM_TASKS")
    placed = [row for row in found if "environment" in row]
    assert placed and {type(row["environment"]) for row in placed} == {dict}
    texts = {row["resource"].get("environment") == row["environment"]["id"] for row in placed}
    assert texts == {True, False}
    assert all(type(row["resource"].get("environment", "")) is str for row in placed)


# --- time -----------------------------------------------------------------------------------------


def test_recent_days_grow_and_settle(sandbox: Sandbox, get: Call) -> None:
    before, settled = rows(get, 2, 1), rows(get, 6, 5)
    sandbox.clock.advance(days=1)
    after = rows(get, 2, 1)
    early, late = (Counter(map(natural_key, found)) for found in (before, after))
    assert early < late
    assert sum(row["amount"] for row in before) < sum(row["amount"] for row in after)
    assert rows(get, 6, 5) == settled
    sandbox.clock.advance(days=1)
    final = rows(get, 2, 1)
    assert sum(row["amount"] for row in after) != sum(row["amount"] for row in final)
    sandbox.clock.advance(days=9)
    assert rows(get, 2, 1) == final


def test_open_day_shows_a_part_at_most(sandbox: Sandbox, get: Call) -> None:
    tomorrow = str(days_ago(-1))
    today = {"start_date": str(TODAY), "end_date": tomorrow}
    assert walk(get, COSTS, **today) == []
    sandbox.clock.advance(hours=12)
    shown = walk(get, COSTS, **today)
    hours = [row["quantity"] for row in shown if row["line_type"] == "CONNECT_NUM_TASKS"]
    assert hours and max(hours) < 12
    assert walk(get, COSTS, start_date=tomorrow, end_date=str(days_ago(-2))) == []


def test_settle_is_a_knob(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.settle = timedelta()
    yesterday = rows(get, 1, 0)
    sandbox.clock.advance(days=5)
    assert rows(get, 1, 0) == yesterday


# --- look-ups -------------------------------------------------------------------------------------


def test_environments(sandbox: Sandbox, get: Call) -> None:
    found = walk(get, ENVIRONMENTS, page_size=99)
    assert [item["display_name"] for item in found] == ["production", "staging", "analytics"]
    assert walk(get, ENVIRONMENTS, page_size=1) == found
    sandbox.confluent.lookup_page_cap = 2
    assert walk(get, ENVIRONMENTS, page_size=99) == found
    assert get(ENVIRONMENTS, BILLING).json()["data"] == []


@pytest.mark.parametrize("path", [ENVIRONMENTS, ORGANIZATIONS])
def test_look_ups_refuse(sandbox: Sandbox, get: Call, path: str) -> None:
    assert get(path, page_size=100).status_code == 200
    assert get(path, page_size=101).status_code == 400
    assert get(path, page_token="made-up").status_code == 400
    assert get(path, None).status_code == 401
    assert get(path, KAFKA).status_code == 401
    sandbox.confluent.denied.add(path.rpartition("/")[2])
    assert get(path).status_code == 403


def test_organization(get: Call) -> None:
    (item,) = get(ORGANIZATIONS, BILLING, page_size=99).json()["data"]
    assert (item["kind"], item["display_name"]) == ("Organization", "Acme Streaming")


def test_clusters_by_environment(sandbox: Sandbox, get: Call) -> None:
    counts = [
        len(walk(get, CLUSTERS, environment=environment.id, page_size=99))
        for environment in sandbox.confluent.estate.environments
    ]
    assert counts == [6, 2, 0]
    empty = sandbox.confluent.estate.analytics.id
    assert get(CLUSTERS, environment=empty).json()["data"] is None
    sandbox.confluent.null_clusters = False
    assert get(CLUSTERS, environment=empty).json()["data"] == []
    assert get(CLUSTERS).status_code == 400
    assert get(CLUSTERS, environment="env-unknown").status_code == 404
    assert get(CLUSTERS, BILLING, environment=empty).status_code == 403


# --- metrics --------------------------------------------------------------------------------------


def query(cluster: str, first: int = 8, last: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "aggregations": [{"metric": REQUEST_BYTES}],
        "filter": {"field": "resource.kafka.id", "op": "EQ", "value": cluster},
        "granularity": "P1D",
        "group_by": ["metric.principal_id"],
        "intervals": [f"{days_ago(first)}T00:00:00Z/{days_ago(last)}T00:00:00Z"],
        "limit": 1000,
        "format": "FLAT",
        **more,
    }


@pytest.fixture
def cluster(sandbox: Sandbox) -> str:
    id: str = sandbox.confluent.estate.clusters[0].id
    return id


@pytest.mark.parametrize(
    ("auth", "status"),
    [(ADMIN, 200), (BILLING_METRICS, 200), (VIEWER, 200), (BILLING, 403), (KAFKA, 401)],
)
def test_metrics_need_the_viewer(post: Call, cluster: str, auth: tuple[str, str], status: int) -> None:
    assert post(query(cluster), auth).status_code == status


def test_an_organization_admin_is_no_viewer(sandbox: Sandbox, post: Call, cluster: str) -> None:
    sandbox.confluent.keys[ADMIN_KEY] = Key(ADMIN_SECRET, frozenset({ORGANIZATION_ADMIN}))
    assert post(query(cluster), ADMIN).status_code == 403


def test_points_are_daily_newest_first_and_seven_days_old_at_most(post: Call, cluster: str) -> None:
    points = post(query(cluster, first=30)).json()["data"]
    timestamps = [point["timestamp"] for point in points]
    assert timestamps == sorted(timestamps, reverse=True)
    assert (timestamps[-1], timestamps[0]) == (
        f"{days_ago(7)}T00:00:00Z",
        f"{days_ago(1)}T00:00:00Z",
    )
    keys = [(point["timestamp"], point.get("metric.principal_id")) for point in points]
    assert len(set(keys)) == len(keys)
    assert None in {principal for _, principal in keys}


def test_some_points_have_no_value_and_principals_repeat(sandbox: Sandbox, post: Call) -> None:
    points = {cluster.id: post(query(cluster.id)).json()["data"] for cluster in sandbox.confluent.estate.clusters}
    assert any("value" not in point for found in points.values() for point in found)
    principals = [{p.get("metric.principal_id") for p in found} for found in points.values()]
    assert set.intersection(*principals) - {None}


def test_metrics_pages(sandbox: Sandbox, post: Call, cluster: str) -> None:
    whole = post(query(cluster)).json()["data"]
    points, token = [], None
    while True:
        page = post(query(cluster, limit=3), page_token=token).json()
        points += page["data"]
        token = page["meta"]["pagination"].get("next_page_token")
        if token is None:
            break
    assert sorted(points, key=str) == sorted(whole, key=str)
    token = post(query(cluster, limit=3)).json()["meta"]["pagination"]["next_page_token"]
    assert post(query(cluster, limit=4), page_token=token).status_code == 400
    assert post(query(cluster, limit=3, group_by=[]), page_token=token).status_code == 400
    sandbox.clock.advance(minutes=6)
    assert post(query(cluster, limit=3), page_token=token).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"aggregations": []},
        {"aggregations": [{"metric": REQUEST_BYTES}] * 2},
        {"aggregations": [{}]},
        {"aggregations": [{"metric": "io.confluent.kafka.server/nothing"}]},
        {"filter": None},
        {"filter": {"field": "metric.topic", "op": "EQ", "value": "orders"}},
        {"filter": {"field": "resource.kafka.id", "op": "GT", "value": "lkc-1"}},
        {"granularity": "PT2M"},
        {"granularity": "PT1M"},
        {"intervals": []},
        {"intervals": ["yesterday/today"]},
        {"intervals": ["2026-09-02T00:00:00Z/2026-09-01T00:00:00Z"]},
        {"limit": 0},
        {"limit": 1001},
        {"group_by": "metric.principal_id"},
        {"format": "TABLE"},
    ],
)
def test_metrics_refuse(post: Call, cluster: str, change: dict[str, Any]) -> None:
    answer = post({**query(cluster), **change})
    assert (answer.status_code, set(error(answer))) == (400, {"status", "detail"})


def test_metrics_filters_and_labels(post: Call, cluster: str) -> None:
    simple = query(cluster)
    compound = {**simple, "filter": {"op": "AND", "filters": [simple["filter"]]}}
    assert post(compound).json()["data"] == post(simple).json()["data"]
    assert post(query(cluster, group_by=["metric.principal"])).json()["data"] == []
    silent = [{"metric": "io.confluent.kafka.server/received_bytes"}]
    assert post(query(cluster, aggregations=silent)).json()["data"] == []
    assert post(query("lkc-elsewhere")).status_code == 403
    assert post([1]).status_code == 400


def test_sums_without_grouping(post: Call, cluster: str) -> None:
    grouped = post(query(cluster, first=2)).json()["data"]
    summed = post(query(cluster, first=2, group_by=[])).json()["data"]
    assert len(summed) == 2
    values = sum(exact(point["value"]) for point in grouped if "value" in point)
    assert sum(exact(point["value"]) for point in summed) == values


def test_sixty_queries_a_minute(sandbox: Sandbox, post: Call, cluster: str) -> None:
    sandbox.confluent.metrics_limit = Limit(2, 60)
    answers = [post(query(cluster)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["rateLimit-reset"] == answers[2].headers["Retry-After"] == "60"
    assert answers[2].json() == {"errors": [{"status": "429", "detail": "Exceeded rate limit"}]}


def test_metrics_of_yesterday_grow(sandbox: Sandbox, post: Call, cluster: str) -> None:
    asked = query(cluster, first=1)
    before = post(asked).json()["data"]
    sandbox.clock.advance(days=1)
    after = {point.get("metric.principal_id"): point for point in post(asked).json()["data"]}
    for point in before:
        grown = after[point.get("metric.principal_id")]
        assert point.get("value", 0) < grown.get("value", 1)
    assert len(after) == len(before) + 1


# --- ledger ---------------------------------------------------------------------------------------


def charged(row: Row) -> tuple[Decimal, Decimal]:
    """Net and total by the contract's rule, from the row as served."""
    off = exact(row.get("discount_amount") or 0)
    if row.get("amount") is not None:
        net = exact(row["amount"])
    elif row.get("original_amount") is not None:
        net = exact(row["original_amount"]) - off
    else:
        net = exact(row["quantity"]) * exact(row["price"])
    original = row.get("original_amount")
    return net, net + off if original is None else exact(original)


@pytest.mark.parametrize("shape", ["current", "legacy"])
def test_ledger_equals_the_served_costs(sandbox: Sandbox, get: Call, shape: str) -> None:
    sandbox.confluent.shape = shape
    entries = sandbox.confluent.ledger(days_ago(20), TODAY)["confluent_costs"]
    found = rows(get, 20, 0)
    assert len(found) == len(entries)
    pairs = [charged(row) for row in found]
    assert sum(net for net, _ in pairs) == total(entries, "net")
    assert sum(gross for _, gross in pairs) == total(entries, "total")
    assert total(entries, "total") - total(entries, "net") == total(entries, "discount")
    credits = [r for r in found if r["line_type"] == "PROMO_CREDIT"]
    assert sum(charged(row)[0] for row in credits) == total(entries, "credit")
    quantities = sum(exact(row["quantity"]) for row in found if row.get("quantity") is not None)
    assert quantities == sum(e.usage.get("quantity", Decimal(0)) for e in entries)


def test_ledger_keys_count_the_dearest_first(sandbox: Sandbox, get: Call) -> None:
    entries = sandbox.confluent.ledger(days_ago(20), TODAY)["confluent_costs"]
    by_key = {json.dumps(entry.key, sort_keys=True): entry for entry in entries}
    assert len(by_key) == len(entries)
    groups: dict[str, list[Row]] = {}
    for row in rows(get, 20, 0):
        groups.setdefault(natural_key(row), []).append(row)
    for key, group in groups.items():
        group.sort(key=lambda r: (-r.get("price", 0) if r.get("price") else 0, r["original_amount"]))
        for ordinal, row in enumerate(group):
            entry = by_key[json.dumps([*json.loads(key), ordinal], sort_keys=True)]
            assert entry.start == f"{row['start_date']}T00:00:00Z"
            assert entry.charges["net", "USD"] == exact(row["amount"])


def test_later_rows_keep_the_keys_of_earlier_ones(sandbox: Sandbox) -> None:
    before = sandbox.confluent.ledger(days_ago(4), TODAY)["confluent_costs"]
    sandbox.clock.advance(days=2)
    after = sandbox.confluent.ledger(days_ago(4), TODAY)["confluent_costs"]
    keys = [{json.dumps(e.key, sort_keys=True) for e in found} for found in (before, after)]
    assert keys[0] < keys[1]


def test_ledger_equals_the_served_metrics(sandbox: Sandbox, post: Call) -> None:
    entries = sandbox.confluent.ledger(days_ago(30), TODAY)["confluent_metrics_usage"]
    served: dict[tuple[Any, ...], Decimal] = {}
    for metric in (REQUEST_BYTES, REQUEST_BYTES.replace("request", "response")):
        for cluster in sandbox.confluent.estate.clusters:
            asked = query(cluster.id, first=30, aggregations=[{"metric": metric}])
            for point in post(asked).json()["data"]:
                if "value" in point:
                    principal = point.get("metric.principal_id")
                    key = (point["timestamp"][:10], metric, cluster.id, principal)
                    served[key] = exact(point["value"])
    assert served == {entry.key: entry.usage["quantity"] for entry in entries}
    assert {entry.start for entry in entries} == {f"{key[0]}T00:00:00Z" for key in served}


def test_ledger_leaves_out_what_is_no_longer_served() -> None:
    vendor = ConfluentSandbox(World(7, 500, TODAY), Clock(NOW))
    entries = vendor.ledger(days_ago(400), days_ago(350))["confluent_costs"]
    assert min(entry.start for entry in entries) == f"{days_ago(364)}T00:00:00Z"
