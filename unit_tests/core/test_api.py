"""The HTTP conversation: what is retried, for how long, and the messages of its errors."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import time_machine
from requests_mock import Mocker

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.errors import BrokenContract, ConfigError, KeyRefused, Unavailable
from source_unified_usage.core.messages import vendor_message
from source_unified_usage.core.paging import follow
from source_unified_usage.core.rate_limit import RateLimit
from source_unified_usage.core.retry import retry_after

URL = "https://api.acme.example/v1/usage"
NOW = "2026-09-22T09:30:00+00:00"


class Acme(Api):
    title = "Acme"


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def api() -> Acme:
    api = Acme("https://api.acme.example/v1/", Credential.basic("acme.api_key", "key-12345678", "secret-12345678"))
    return api.for_stream("acme_usage")


def test_the_credential_is_sent(api: Acme, requests_mock: Mocker, waits: list[float]) -> None:
    requests_mock.get(URL, json={"data": [{"a": 1}]})
    assert api.get("/usage", {"page": 1}).rows("data") == [{"a": 1}]
    sent = requests_mock.last_request
    assert sent
    assert sent.headers["Authorization"] == "Basic a2V5LTEyMzQ1Njc4OnNlY3JldC0xMjM0NTY3OA=="
    assert sent.query == "page=1"
    assert waits == []


@pytest.mark.parametrize("trouble", [{"status_code": 503}, {"status_code": 429, "headers": {"Retry-After": "600"}}])
def test_while_a_request_waits_to_be_sent_again_the_queue_knows_it(
    api: Acme, requests_mock: Mocker, monkeypatch: pytest.MonkeyPatch, trouble: dict[str, Any]
) -> None:
    seen: list[bool] = []
    sleep = clock.sleep

    def watched(seconds: float) -> None:
        seen.append(api.rate_limit_for("/usage").spent)
        sleep(seconds)

    monkeypatch.setattr(clock, "sleep", watched)
    requests_mock.get(URL, [trouble, {"json": {"ok": True}}])
    assert api.get("/usage").body == {"ok": True}
    assert seen == [True]
    assert not api.rate_limit_for("/usage").spent


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "Retry-After": "7"}, 0.25),
        ({"Retry-After": "Tue, 22 Sep 2026 09:31:30 GMT"}, 90),
        ({"Retry-After": "2026-09-22T09:30:20Z"}, 20),
        ({"Retry-After": "Tue, 22 Sep 2026 09:00:00 GMT"}, 0),
        ({"X-RateLimit-Reset": "53"}, 53),
        ({"RateLimit-Reset": "12"}, 12),
        ({"X-RateLimit-Reset": "1790069460"}, 60),
        ({"X-RateLimit-Reset": "1790069460000"}, 60),
        ({"X-RateLimit-Reset": "1790069460", "Date": "Tue, 22 Sep 2026 09:30:50 GMT"}, 10),
        ({"Retry-After": "Tue, 22 Sep 2026 10:31:30 GMT", "Date": "Tue, 22 Sep 2026 10:30:00 GMT"}, 90),
        ({"Retry-After": "7", "Date": "yesterday"}, 7),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_every_form_of_a_wait_that_the_vendor_names(headers: dict[str, str], seconds: float | None) -> None:
    found = retry_after(requests.structures.CaseInsensitiveDict(headers), limited=True)
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_a_reset_header_counts_only_for_a_rate_limit(api: Acme, requests_mock: Mocker, waits: list[float]) -> None:
    requests_mock.get(URL, status_code=503, headers={"X-RateLimit-Reset": "57"})
    with pytest.raises(Unavailable):
        api.get("/usage")
    assert requests_mock.call_count == 6
    assert 60 <= sum(waits) < 70


@pytest.mark.parametrize(("retry_after", "tries"), [(1, 6), (41, 6), (120, 3), (400, 1)])
def test_a_named_wait_prolongs_a_failure_to_five_minutes_at_most(
    api: Acme, requests_mock: Mocker, waits: list[float], retry_after: int, tries: int
) -> None:
    requests_mock.get(URL, status_code=503, headers={"Retry-After": str(retry_after)})
    with pytest.raises(Unavailable):
        api.get("/usage")
    assert requests_mock.call_count == tries
    assert all(wait >= retry_after for wait in waits)
    assert sum(waits) <= 300


def test_it_waits_exactly_as_long_as_the_vendor_asks(api: Acme, requests_mock: Mocker, waits: list[float]) -> None:
    limited = {"status_code": 429, "headers": {"Retry-After": "53"}, "json": {"error": "slow down"}}
    requests_mock.get(URL, [limited, limited, {"json": {}}])
    api.get("/usage")
    assert waits == [53, 53]


def test_endless_429_is_given_up_after_ten_minutes_of_unnamed_waits(
    api: Acme, requests_mock: Mocker, waits: list[float]
) -> None:
    requests_mock.get(URL, status_code=429, json={"error": "slow down"})
    with pytest.raises(Unavailable) as caught:
        api.get("/usage")
    assert 600 <= sum(waits) < 700
    assert str(caught.value) == (
        "Acme, stream acme_usage, /usage: the vendor limits the rate (429 slow down); it did not refuse the key. "
        "The next sync tries again."
    )


def test_named_waits_do_not_count_as_unnamed_ones(api: Acme, requests_mock: Mocker, waits: list[float]) -> None:
    hour = {"status_code": 429, "headers": {"Retry-After": "3600"}}
    plain: dict[str, Any] = {"status_code": 429}
    requests_mock.get(URL, [hour, *[plain] * 5, {"json": {}}])
    api.get("/usage")
    assert waits[0] == 3600
    assert len(waits) == 6


def test_a_wait_of_more_than_an_hour_is_an_error(api: Acme, requests_mock: Mocker, waits: list[float]) -> None:
    requests_mock.get(URL, status_code=429, headers={"Retry-After": "3601"})
    with pytest.raises(Unavailable, match="asks to wait 3601 s"):
        api.get("/usage")
    assert waits == []


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ({"status_code": 503, "reason": "Service Unavailable", "text": "<html>no</html>"}, "503 Service Unavailable"),
        ({"status_code": 500, "json": {"error": {"message": "Oops"}}}, "500 Oops"),
        ({"status_code": 409, "reason": "Conflict"}, "409 Conflict"),
        ({"status_code": 502, "reason": "Bad", "headers": {"x-request-id": "req-7"}}, "502 Bad (request id req-7)"),
        ({"status_code": 200, "text": '{"data": ['}, "200 the body is not JSON"),
        ({"exc": requests.ReadTimeout}, "no answer in time"),
        ({"exc": requests.ConnectionError("[Errno 111] Connection refused")}, "connection refused"),
        ({"exc": requests.ConnectionError("Failed to resolve 'api'")}, "the host name cannot be resolved"),
        ({"exc": requests.ConnectionError("Read timed out.")}, "the answer stopped in the middle"),
        ({"exc": requests.exceptions.ChunkedEncodingError("IncompleteRead(3 bytes)")}, "the body ended early"),
    ],
)
def test_a_temporary_failure_is_tried_six_times_in_one_to_five_minutes(
    api: Acme, requests_mock: Mocker, waits: list[float], trouble: dict[str, Any], said: str
) -> None:
    requests_mock.get(URL, [trouble])
    with pytest.raises(Unavailable) as caught:
        api.get("/usage")
    assert requests_mock.call_count == 6
    assert 60 <= sum(waits) <= 300
    assert said in str(caught.value)
    assert "stream acme_usage" in str(caught.value)


def test_several_errors_in_a_row_are_retried(api: Acme, requests_mock: Mocker, waits: list[float]) -> None:
    requests_mock.get(URL, [{"status_code": 502}, {"exc": requests.ReadTimeout}, {"json": {"ok": True}}])
    assert api.get("/usage").body == {"ok": True}
    assert len(waits) == 2


@pytest.mark.parametrize(
    ("status", "error", "advice"),
    [
        (400, ConfigError, "Check the configuration."),
        (401, KeyRefused, "Check that acme.api_key is right and not revoked."),
        (403, ConfigError, "Give acme.api_key the permission it lacks."),
        (404, ConfigError, "Check base_url (https://api.acme.example/v1)."),
    ],
)
def test_what_the_user_can_fix_is_an_error_at_once(
    api: Acme, requests_mock: Mocker, waits: list[float], status: int, error: type[ConfigError], advice: str
) -> None:
    requests_mock.get(URL, status_code=status, json={"message": "No."}, headers={"X-Request-Id": "req-7"})
    with pytest.raises(error) as caught:
        api.get("/usage")
    assert str(caught.value) == f'Acme, stream acme_usage, /usage: {status} "No." (request id req-7). {advice}'
    assert (requests_mock.call_count, waits) == (1, [])


def test_a_refused_key_is_not_tried_by_another_stream(api: Acme, requests_mock: Mocker) -> None:
    requests_mock.get(URL, status_code=401, json={"message": "No."})
    other = api.for_stream("acme_cost")
    with pytest.raises(KeyRefused):
        api.get("/usage")
    with pytest.raises(KeyRefused) as caught:
        other.get("/cost")
    assert str(caught.value).startswith('Acme, stream acme_cost, /cost: 401 "No."')
    assert requests_mock.call_count == 1


def test_patience_with_a_vendor_that_does_not_answer_is_that_of_all_streams(
    api: Acme, requests_mock: Mocker, waits: list[float]
) -> None:
    """One try shows that it still does not; as soon as anything answers, every failure is worth six tries again."""
    gone, other = {"exc": requests.ConnectionError("refused")}, api.for_stream("acme_costs")
    requests_mock.get(URL, [gone] * 7 + [{"json": {}}] + [gone] * 6)

    def tries(asking: Acme) -> int:
        before = requests_mock.call_count
        with pytest.raises(Unavailable, match="connection refused"):
            asking.get("/usage")
        return requests_mock.call_count - before

    assert (tries(api), tries(other)) == (6, 1)
    assert other.get("/usage").body == {}
    assert tries(other) == 6


def test_the_patience_of_streams_is_not_spent_by_names_or_by_errors_that_are_answers(
    api: Acme, requests_mock: Mocker, waits: list[float]
) -> None:
    requests_mock.get(URL, exc=requests.ConnectionError("refused"))
    with pytest.raises(Unavailable):
        api.for_lookup().get("/usage")
    for fault in ({"status_code": 503}, {"exc": requests.ConnectionError("refused")}):
        requests_mock.get(URL, **fault)
        before = requests_mock.call_count
        with pytest.raises(Unavailable):
            api.get("/usage")
        assert requests_mock.call_count - before == 6


def test_a_refused_look_up_does_not_mark_the_key_as_refused(api: Acme, requests_mock: Mocker) -> None:
    requests_mock.get("https://api.acme.example/v1/people", status_code=401, json={"message": "Missing scope"})
    requests_mock.get(URL, json={})
    with pytest.raises(ConfigError):
        api.for_lookup().get("/people")
    api.get("/usage")


@pytest.mark.parametrize("place", ["https://evil.example/usage", "https://me:SECRET@evil.example/?key=SECRET"])
def test_a_redirect_is_refused(api: Acme, requests_mock: Mocker, place: str) -> None:
    requests_mock.get(URL, status_code=302, headers={"Location": place})
    with pytest.raises(ConfigError, match=r"302, a redirect to evil\.example,"):
        api.get("/usage")
    assert requests_mock.call_count == 1


@pytest.mark.parametrize("body", [[], {}, {"data": None}, {"data": {}}, {"data": [1]}])
def test_an_answer_without_its_rows_breaks_the_contract(body: Any) -> None:
    with pytest.raises(BrokenContract, match="no list of objects under 'data'"):
        Answer("Acme", body).rows("data")


@pytest.mark.parametrize("status", [200, 201, 203])
def test_created_and_changed_are_answers(api: Acme, requests_mock: Mocker, status: int) -> None:
    requests_mock.get(URL, status_code=status, json={"data": []})
    assert api.get("/usage").rows("data") == []


@pytest.mark.parametrize(
    ("status", "reason", "error", "said"),
    [
        (202, "Accepted", Unavailable, "no usable answer, 202 Accepted. The next sync tries again."),
        (206, "Partial Content", Unavailable, "no usable answer, 206 Partial Content. The next sync tries again."),
        (
            204,
            "No Content",
            BrokenContract,
            '204 "No Content". It says that there is no answer, which is not documented.',
        ),
        (407, "Proxy", ConfigError, '407 "Proxy". A proxy at https://api.acme.example/v1 wants a user and a password.'),
    ],
)
def test_rare_statuses(
    api: Acme, requests_mock: Mocker, status: int, reason: str, error: type[Exception], said: str
) -> None:
    requests_mock.get(URL, status_code=status, reason=reason)
    with pytest.raises(error) as caught:
        api.get("/usage")
    assert str(caught.value) == f"Acme, stream acme_usage, /usage: {said}"


@pytest.mark.parametrize(
    ("body", "wording"),
    [
        (
            {"message": "Bad Request", "errors": [{"title": "Bad", "detail": "start_date is too old"}]},
            "start_date is too old",
        ),
        ({"errors": ["one", "two"], "message": "more"}, "one; two"),
        ({"errors": [], "message": "none listed"}, "none listed"),
        ({"reason": "the cause", "message": "the code"}, "the cause"),
        ({"error": {"type": "invalid", "message": "group_by has 6 values"}}, "group_by has 6 values"),
        ({"error": "Too Many Requests", "message": "Try again later."}, "Try again later."),
        ({"detail": [{"loc": ["query"], "msg": "field required"}]}, "field required"),
        ("no object", "no object"),
        ({}, "Teapot"),
    ],
)
def test_the_vendors_message_is_found_in_every_envelope(body: Any, wording: str) -> None:
    answer = requests.Response()
    answer.reason = "Teapot"
    assert vendor_message(body, answer) == wording


def test_pages_with_ever_new_cursors_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("source_unified_usage.core.paging._MOST_PAGES", 20)
    numbers = iter(range(1000))
    with pytest.raises(BrokenContract, match="20 pages and no end"):
        list(follow(lambda cursor: Answer("Acme", {}), lambda answer: next(numbers), lambda answer: [1]))


def test_a_rate_limit_never_lets_more_through(waits: list[float]) -> None:
    rate_limit = RateLimit(requests=5, seconds=60)
    times = []
    for _ in range(23):
        rate_limit.take()
        times.append(clock.monotonic())
    for first, sixth in zip(times, times[5:], strict=False):
        assert sixth - first >= 60
    assert times[-1] - times[0] < 5 * 60


def test_a_clock_that_is_set_back_causes_no_wait(waits: list[float]) -> None:
    rate_limit = RateLimit(requests=1, seconds=60)
    rate_limit.take()
    rate_limit.hold(90)
    with time_machine.travel("2026-09-22T08:30:00+00:00", tick=False):
        assert rate_limit.take() == 90
        assert rate_limit.take() == 60


def test_a_held_rate_limit_waits(waits: list[float]) -> None:
    rate_limit = RateLimit(requests=5, seconds=60)
    rate_limit.hold(30)
    assert rate_limit.take() == pytest.approx(30)


def test_errors_carry_no_stack_trace_and_no_secret() -> None:
    from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets

    update_secrets(["hunter2-hunter2"])
    message = ConfigError("Acme: the key hunter2-hunter2 is wrong.").as_airbyte_message()
    update_secrets([])
    assert message.trace
    assert message.trace.error
    assert message.trace.error.message == "Acme: the key **** is wrong."
    assert message.trace.error.stack_trace is None


class Disguised(Acme):
    """Limits with a 403, without saying how long."""

    limited_wait = 60

    def limited(self, answer: requests.Response, body: Any) -> bool:
        return answer.status_code == 403 and body.get("message") == "rate limit"


def test_a_limit_of_another_status_is_waited_for_like_a_429(requests_mock: Mocker, waits: list[float]) -> None:
    api = Disguised("https://api.acme.example/v1", Credential("acme.api_key", {})).for_stream("acme_usage")
    held: list[bool] = []
    api.on_limited = lambda: held.append(True)
    limited: dict[str, Any] = {"status_code": 403, "json": {"message": "rate limit"}}
    requests_mock.get(URL, [limited, {**limited, "headers": {"Retry-After": "7"}}, limited, {"json": {}}])
    api.get("/usage")
    assert len(held) == 3
    assert 60 <= waits[0] <= 66
    assert waits[1] == 7
    assert 240 <= waits[2] <= 264
    requests_mock.get(URL, **limited)
    with pytest.raises(Unavailable, match="the vendor limits the rate \\(403 rate limit\\); it did not refuse the key"):
        api.get("/usage")
    requests_mock.get(URL, status_code=403, json={"message": "no"})
    with pytest.raises(ConfigError, match='403 "no"'):
        api.get("/usage")


def test_a_check_does_not_wait_for_a_limit_of_a_minute(requests_mock: Mocker, waits: list[float]) -> None:
    api = Disguised("https://api.acme.example/v1", Credential("acme.api_key", {})).for_check()
    requests_mock.get(URL, status_code=403, json={"message": "rate limit"})
    with pytest.raises(Unavailable):
        api.get("/usage")
    assert waits == []


def test_202_and_204_are_answers_only_where_the_vendor_says_so(
    api: Acme, requests_mock: Mocker, waits: list[float]
) -> None:
    requests_mock.post(URL, status_code=202, json={"id": 1})
    requests_mock.get(URL, status_code=204)
    assert api.post("/usage", {}, also={202}).body == {"id": 1}
    nothing = api.get("/usage", also={204})
    assert (nothing.status, nothing.body) == (204, {})
    assert waits == []
    with pytest.raises(Unavailable, match="202"):
        api.post("/usage", {})
    with pytest.raises(BrokenContract, match="204"):
        api.get("/usage")
    with pytest.raises(BrokenContract, match="204"):
        api.get("/usage", also={202})


def test_what_was_done_although_the_answer_was_lost_is_not_asked_for_twice(api: Acme, requests_mock: Mocker) -> None:
    found: list[Answer | None] = [None, Answer("the list", {"id": 2})]
    limited = {"status_code": 429, "headers": {"Retry-After": "1"}}
    cut = {"exc": requests.ConnectionError("reset")}
    requests_mock.post(URL, [limited, cut, {"status_code": 500}, {"json": {"id": 3}}])
    assert api.post("/usage", {}, done=lambda: found.pop(0)).body == {"id": 2}
    assert requests_mock.call_count == 3  # a limit was no try: nothing is looked for after it
    assert found == []


@pytest.mark.parametrize("header", ["x-request-id", "request-id", "X-GitHub-Request-Id"])
def test_a_refusal_names_the_request_for_the_vendors_support(api: Acme, requests_mock: Mocker, header: str) -> None:
    requests_mock.get(URL, status_code=403, headers={header: "req-7"})
    with pytest.raises(ConfigError, match=r"\(request id req-7\)"):
        api.get("/usage")
