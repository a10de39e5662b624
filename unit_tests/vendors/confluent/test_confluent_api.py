"""How the Confluent streams page, wait and fail."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import BrokenContract, ConfigError, KeyRefused, Unavailable, Unmappable
from source_unified_usage.vendors.confluent import Confluent
from unit_tests.vendors.samples import records, sample, stream_of, window

CONFIG = {"api_key": "CLOUDAPIKEY", "api_secret": "not-a-real-secret"}
URL = "https://api.confluent.cloud/billing/v1/costs"
ROW = {"start_date": "2026-09-01", "end_date": "2026-09-02", "product": "KAFKA", "line_type": "KAFKA_BASE", "amount": 1}
ERRORS = {error["case"]: error for error in sample("confluent", "errors")}


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        mocker.get("https://api.confluent.cloud/org/v2/environments", json={"data": None})
        mocker.get("https://api.confluent.cloud/org/v2/organizations", json={"data": []})
        yield mocker


def read(start: str = "2026-09-01", end: str = "2026-10-01") -> list[dict[str, Any]]:
    return records(stream_of("confluent", CONFIG, "confluent_costs"), window(start, end))


def page(*rows: Any, next: Any = ...) -> dict[str, Any]:
    return {"json": {"data": list(rows), "metadata": {} if next is ... else {"next": next}}}


def error(case: str) -> dict[str, Any]:
    found = ERRORS[case]
    return {"status_code": found["status"], "headers": found["headers"], "json": found["body"]}


def costs_requests(server: requests_mock.Mocker) -> list[dict[str, list[str]]]:
    return [request.qs for request in server.request_history if request.path == "/billing/v1/costs"]


def test_the_bounds_and_the_size_of_a_request(server: requests_mock.Mocker) -> None:
    server.get(URL, **page(ROW))
    read("2026-09-01", "2026-10-01")
    assert costs_requests(server) == [
        {"start_date": ["2026-09-01"], "end_date": ["2026-10-01"], "page_size": ["10000"]}
    ]


@pytest.mark.parametrize("last", [..., None, ""])
def test_the_token_of_next_travels_with_the_same_dates(server: requests_mock.Mocker, last: Any) -> None:
    other = {**ROW, "line_type": "KAFKA_STORAGE"}
    server.get(URL, [page(ROW, next="https://elsewhere.example/?page_token=t%3D1"), page(other, next=last)])
    assert len(read()) == 2
    first, second = costs_requests(server)
    assert second == {**first, "page_token": ["t=1"]}
    assert {request.hostname for request in server.request_history} == {"api.confluent.cloud"}


def test_empty_page_is_not_the_end_and_a_repeated_cursor_is(server: requests_mock.Mocker) -> None:
    server.get(URL, [page(next="https://a/?page_token=1"), page(ROW)])
    assert len(read()) == 1
    server.get(URL, **page(ROW, next="https://a/?page_token=1"))
    with pytest.raises(BrokenContract, match="the cursor '1' came twice"):
        read()
    server.get(URL, [page(next=f"https://a/?page_token={number}") for number in range(51)])
    with pytest.raises(BrokenContract, match="50 empty pages one after another"):
        read()
    server.get(URL, **page(ROW, next="https://a/"))
    with pytest.raises(BrokenContract, match=r"metadata\.next has no page_token"):
        read()


@pytest.mark.parametrize("body", [{}, {"error": {"code": 503}}, {"data": [], "errors": [{"detail": "upstream"}]}])
@pytest.mark.parametrize("pages", [[], [page(ROW, next="https://api.confluent.cloud/billing/v1/costs?page_token=2")]])
def test_an_error_sent_as_200_is_no_empty_month(server: requests_mock.Mocker, pages: list[Any], body: Any) -> None:
    server.get(URL, [*pages, {"json": body}])
    with pytest.raises(BrokenContract, match="under 'data'"):
        read()


@pytest.mark.parametrize("refused", ["org/v2/organizations", "org/v2/environments", "cmk/v2/clusters"])
def test_a_list_that_the_metrics_need_is_not_empty_for_an_error(server: requests_mock.Mocker, refused: str) -> None:
    metrics(server)
    server.get(f"https://api.confluent.cloud/{refused}", json={"error": {"code": 503}})
    stream = stream_of("confluent", {**CONFIG, "include_metrics": True}, "confluent_metrics_usage")
    with pytest.raises(BrokenContract, match="under 'data'"):
        records(stream, window("2026-09-01", "2026-09-02"))


def test_an_expired_token_starts_the_month_again_once(server: requests_mock.Mocker) -> None:
    expired = {"status_code": 400, "json": {"errors": [{"detail": "invalid page token"}]}}
    first = page(ROW, next="https://a/?page_token=1")
    other = {**ROW, "line_type": "KAFKA_STORAGE"}
    server.get(URL, [first, expired, first, page(other)])
    assert len(read()) == 2
    server.get(URL, [first, expired, first, expired])
    with pytest.raises(Unavailable, match='costs: 400 "invalid page token"\\. The token of a page is no longer good'):
        read()
    server.get(URL, [expired])
    with pytest.raises(ConfigError, match='400 "invalid page token"'):
        read()


def test_the_transient_400_is_asked_again(server: requests_mock.Mocker, waits: list[float]) -> None:
    server.get(URL, [error("start_date_too_old"), page(ROW)])
    assert len(read()) == 1
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("case", "kind", "sentence"),
    [
        ("bad_or_missing_key", KeyRefused, '401 "Valid authentication credentials must be provided"'),
        ("role_missing", ConfigError, "OrganizationAdmin or BillingAdmin"),
        ("range_too_long", ConfigError, '400 "date range exceeds one month"'),
        ("server_error", Unavailable, "Oops, something went wrong!"),
    ],
)
def test_an_error_names_vendor_stream_and_what_to_do(
    server: requests_mock.Mocker, case: str, kind: type[Exception], sentence: str
) -> None:
    server.get(URL, **error(case))
    with pytest.raises(kind, match="Confluent, stream confluent_costs, /billing/v1/costs: ") as raised:
        read()
    assert sentence in str(raised.value)
    if kind is not Unavailable:
        assert "request id 6f0c2a51-6a1e-4f7a-9b7e-2f3f6b1b9a10" in str(raised.value)


@pytest.mark.parametrize("refused", ["org/v2/organizations", "org/v2/environments", "cmk/v2/clusters"])
def test_metrics_name_the_role_that_they_need(server: requests_mock.Mocker, refused: str) -> None:
    server.get("https://api.confluent.cloud/org/v2/environments", json={"data": [{"id": "env-1"}]})
    server.get(f"https://api.confluent.cloud/{refused}", **error("role_missing"))
    stream = stream_of("confluent", {**CONFIG, "include_metrics": True}, "confluent_metrics_usage")
    with pytest.raises(ConfigError, match="the role MetricsViewer on the organization"):
        records(stream, window("2026-09-01", "2026-09-02"))


def test_waits_exactly_as_the_answer_says(server: requests_mock.Mocker, waits: list[float]) -> None:
    empty = {"status_code": 429, "headers": {"ratelimit-reset": "7"}}
    server.get(URL, [error("rate_limited"), empty, page(ROW)])
    assert len(read()) == 1
    assert waits == [53.0, 7.0]


@pytest.mark.parametrize("case", ["server_error", "start_date_too_old"])
def test_the_reset_on_every_answer_does_not_prolong_a_failure(
    server: requests_mock.Mocker, waits: list[float], case: str
) -> None:
    limits = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "8", "X-RateLimit-Reset": "57"}
    server.get(URL, **{**error(case), "headers": limits})
    with pytest.raises(Unavailable):
        read()
    assert len(costs_requests(server)) == 6
    assert 60 <= sum(waits) <= 300
    server.get(URL, [{**error(case), "headers": {**limits, "Retry-After": "3"}}, page(ROW)])
    read()
    assert waits[-1] == 3


@pytest.mark.parametrize(("reset", "held"), [("40", 40), ("86400", 0), ("1790000000000", 0)])
def test_nothing_left_holds_the_next_request_back_for_an_hour_at_most(
    server: requests_mock.Mocker, waits: list[float], reset: str, held: float
) -> None:
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    server.get(URL, [{**page(ROW, next="https://a/?page_token=1"), "headers": spent}, page()])
    read()
    assert sum(waits) == pytest.approx(held)


def test_both_streams_share_one_reading_of_the_lists(server: requests_mock.Mocker) -> None:
    environments = [{"id": "env-1", "display_name": "Production"}]
    server.get("https://api.confluent.cloud/org/v2/environments", json={"data": environments})
    server.get("https://api.confluent.cloud/org/v2/organizations", json={"data": [{"id": "o-1"}]})
    server.get("https://api.confluent.cloud/cmk/v2/clusters", json={"data": [{"id": "lkc-1"}]})
    point = {"timestamp": "2026-09-01T00:00:00Z", "value": 1.0, "metric.principal_id": "sa-1"}
    server.post("https://api.telemetry.confluent.cloud/v2/metrics/cloud/query", json={"data": [point]})
    server.get(URL, **page({**ROW, "resource": {"id": "lkc-1", "environment": {"id": "env-1"}}}))
    streams = {stream.name: stream for stream in Confluent({**CONFIG, "include_metrics": True}).streams()}
    for name in ("confluent_costs", "confluent_metrics_usage", "confluent_costs", "confluent_metrics_usage"):
        for record in records(streams[name], window("2026-09-01", "2026-09-02")):
            assert record["organization"] == {"id": "o-1"}
            assert record["resources"][0]["workspace"] == {"id": "env-1", "name": "Production"}
    asked = [request.path for request in server.request_history]
    assert asked.count("/org/v2/environments") == asked.count("/org/v2/organizations") == 1


def test_environments_that_came_before_a_failure_have_their_names(server: requests_mock.Mocker) -> None:
    first = {"data": [{"id": "env-1", "display_name": "Production"}], "metadata": {"next": "https://a/?page_token=1"}}
    broken: list[dict[str, Any]] = [{"json": first}, {"status_code": 503}]
    server.get("https://api.confluent.cloud/org/v2/environments", broken)
    server.get("https://api.confluent.cloud/org/v2/organizations", broken)
    rows = [{**ROW, "resource": {"id": "lkc-1", "environment": {"id": f"env-{number}"}}} for number in (1, 2)]
    server.get(URL, **page(*rows))
    found = read()
    workspaces = [record["resources"][0]["workspace"] for record in found]
    assert workspaces == [{"id": "env-1", "name": "Production"}, {"id": "env-2"}]
    # the only one of a part need not be the only one
    assert all("organization" not in record for record in found)


def test_a_point_without_a_value_is_left_out(server: requests_mock.Mocker) -> None:
    assert metrics(server, {"metric.principal_id": "sa-1", "value": "null"}) == []


def test_points_of_nobody_are_numbered_and_the_first_keeps_its_id(server: requests_mock.Mocker) -> None:
    nobodies = ({"value": 2}, {"metric.principal_id": None, "value": 1}, {"metric.principal_id": "null", "value": 3})
    found = metrics(server, *nobodies, {"metric.principal_id": "sa-1"}, {"metric.principal_id": "sa-1"})
    alone = metrics(server, nobodies[0])[0]["id"]
    assert alone.endswith("request_bytes/lkc-1/~")
    ids = [record["id"] for record in found if "user" not in record]
    assert ids == [alone, f"{alone}/1", f"{alone}/2"]
    assert sum(record["usage"]["quantity"] for record in found if "user" not in record) == 6
    assert len({record["id"] for record in found if "user" in record}) == 1


def metrics(server: requests_mock.Mocker, *points: dict[str, Any]) -> list[dict[str, Any]]:
    """What is made of these points of one day, cluster and metric."""
    server.get("https://api.confluent.cloud/org/v2/environments", json={"data": [{"id": "env-1"}]})
    server.get("https://api.confluent.cloud/cmk/v2/clusters", json={"data": [{"id": "lkc-1"}]})
    rows = [{"timestamp": "2026-09-01T00:00:00Z", "value": 1.0, **point} for point in points]
    answers: list[dict[str, Any]] = [{"json": {"data": rows}}, {"json": {"data": []}}]
    server.post("https://api.telemetry.confluent.cloud/v2/metrics/cloud/query", answers)
    stream = stream_of("confluent", {**CONFIG, "include_metrics": True}, "confluent_metrics_usage")
    return records(stream, window("2026-09-01", "2026-09-02"))


QUERY = "https://api.telemetry.confluent.cloud/v2/metrics/cloud/query"
BAD_FILTER = {"errors": [{"status": "400", "detail": "compound filters are not supported"}]}


def two_clusters(server: requests_mock.Mocker, answer: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The records of one day, and the bodies of the queries; `answer` makes a query's answer from its body."""
    server.get("https://api.confluent.cloud/org/v2/environments", json={"data": [{"id": "env-1"}]})
    server.get("https://api.confluent.cloud/cmk/v2/clusters", json={"data": [{"id": "lkc-1"}, {"id": "lkc-2"}]})
    server.post(QUERY, json=lambda request, context: answer(request.json(), context))
    stream = stream_of("confluent", {**CONFIG, "include_metrics": True}, "confluent_metrics_usage")
    found = [record for _ in range(2) for record in records(stream, window("2026-09-01", "2026-09-02"))]
    return found[: len(found) // 2], [request.json() for request in server.request_history if request.method == "POST"]


def points_of(body: Any) -> list[dict[str, Any]]:
    """A point of each cluster that is asked for, with the labels of the query."""
    named = [part["value"] for part in body["filter"].get("filters", [body["filter"]])]
    labels = {"timestamp": "2026-09-01T00:00:00Z", "value": 1.0, "metric.principal_id": "sa-1"}
    own = "resource.kafka.id" in body["group_by"]
    return [{**labels, **({"resource.kafka.id": id} if own else {})} for id in named]


def test_one_query_for_each_metric_asks_for_all_clusters(server: requests_mock.Mocker) -> None:
    found, asked = two_clusters(server, lambda body, _: {"data": points_of(body)})
    assert sorted(record["id"].rsplit("/", 2)[1] for record in found) == ["lkc-1", "lkc-1", "lkc-2", "lkc-2"]
    assert all(record["resources"][0]["id"] == record["id"].rsplit("/", 2)[1] for record in found)
    assert len(asked) == 4
    assert asked[0]["group_by"] == ["resource.kafka.id", "metric.principal_id"]
    parts = [{"field": "resource.kafka.id", "op": "EQ", "value": f"lkc-{number}"} for number in (1, 2)]
    assert asked[0]["filter"] == {"op": "OR", "filters": parts}


@pytest.mark.parametrize("combined", ["refused", "without the label", "of another cluster", "empty"])
def test_clusters_are_asked_one_by_one_where_all_at_once_fails(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, combined: str
) -> None:
    """The ids are the same, and a sync tries it once."""
    caplog.set_level("INFO", "airbyte")

    def answer(body: Any, context: Any) -> Any:
        if "filters" not in body["filter"]:
            return {"data": points_of(body)}
        if combined == "refused":
            context.status_code = 400
            return BAD_FILTER
        label = {"of another cluster": "lkc-3"}.get(combined)
        strange = [{**point, "resource.kafka.id": label} for point in points_of(body)]
        return {"data": [] if combined == "empty" else strange}

    found, asked = two_clusters(server, answer)
    whole, _ = two_clusters(server, lambda body, _: {"data": points_of(body)})
    assert [record["id"] for record in found] == [record["id"] for record in whole]
    assert len(asked) == 1 + 2 * 4
    assert len([line for line in caplog.messages if "cluster by cluster" in line]) == 1


@pytest.mark.parametrize(("status", "error"), [(401, KeyRefused), (403, ConfigError), (503, Unavailable)])
def test_a_refusal_of_every_query_is_not_hidden(
    server: requests_mock.Mocker, status: int, error: type[Exception]
) -> None:
    def refuse(_: Any, context: Any) -> Any:
        context.status_code = status
        return {"errors": [{"detail": "no"}]}

    with pytest.raises(error, match=f'{status} "?no'):
        two_clusters(server, refuse)


def test_the_look_ups_may_be_refused(server: requests_mock.Mocker) -> None:
    for what in ("environments", "organizations"):
        server.get(f"https://api.confluent.cloud/org/v2/{what}", status_code=403, json={})
    server.get(URL, **page({**ROW, "resource": {"id": "lkc-1", "environment": {"id": "env-1"}}}))
    (record,) = read()
    assert record["resources"] == [{"id": "lkc-1", "workspace": {"id": "env-1"}}]
    assert "organization" not in record


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([{"id": "o-1", "display_name": "Acme"}], {"id": "o-1", "name": "Acme"}),
        ([{"id": "o-1", "display_name": ""}], {"id": "o-1"}),
        ([{"display_name": "Acme"}], None),
        ([{"id": "o-1"}, {"id": "o-2"}], None),
    ],
)
def test_an_organization_has_an_id_and_is_the_only_one(
    server: requests_mock.Mocker, listed: list[dict[str, str]], expected: dict[str, str] | None
) -> None:
    server.get("https://api.confluent.cloud/org/v2/organizations", json={"data": listed})
    server.get(URL, **page(ROW))
    (record,) = read()
    assert record.get("organization") == expected


@pytest.mark.parametrize("dates", [{}, {"start_date": ""}, {"start_date": "2026-13-01", "end_date": "2026-09-02"}])
def test_a_row_whose_day_is_unknown_is_named(server: requests_mock.Mocker, dates: dict[str, str]) -> None:
    row = {"line_type": "SUPPORT", "amount": 1, **dates}
    server.get(URL, **page(ROW, row))
    with pytest.raises(Unmappable) as raised:
        read()
    assert raised.value.row == row
