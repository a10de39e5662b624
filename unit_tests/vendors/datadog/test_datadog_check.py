"""The Datadog check tells which of keys, site, permission and organization is wrong."""

from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import ConfigError, KeyRefused, Unavailable
from source_unified_usage.vendors.datadog import Datadog
from source_unified_usage.vendors.datadog.access import COMMERCIAL_SITES
from unit_tests.vendors.datadog.answers import (
    CHILD,
    EDGE,
    EMPTY,
    ESTIMATED,
    HOST,
    HOURLY,
    KEYS,
    SCOPE,
    asked,
    error,
    hours,
)
from unit_tests.vendors.samples import sample

VALIDATE = "/api/v1/validate"
VALID: dict[str, Any] = {"json": sample("datadog", "validate_ok")}


def check(**config: Any) -> None:
    (probe,) = Datadog({**KEYS, **config}).probes()
    probe.ask()


def test_check_asks_once(server: requests_mock.Mocker) -> None:
    server.get(ESTIMATED, **EMPTY)
    check()
    assert asked(server, ESTIMATED) == [{"view": "summary", "start_month": "2025-08"}]
    assert len(server.request_history) == 1


def test_check_finds_a_wrong_application_key(server: requests_mock.Mocker) -> None:
    server.get(ESTIMATED, **error(EDGE))
    validate = server.get(f"{HOST}{VALIDATE}", **VALID)
    sentence = r'^Datadog, check, \S+/estimated_cost: 403 "Forbidden"\. datadog\.api_key is right\. .*application_key'
    with pytest.raises(KeyRefused, match=sentence):
        check()
    assert validate.last_request
    assert "DD-APPLICATION-KEY" not in validate.last_request.headers


@pytest.mark.parametrize("answer", [error(EDGE), {"json": {"valid": False}}])
def test_check_finds_a_wrong_api_key(server: requests_mock.Mocker, answer: dict[str, Any]) -> None:
    server.get(ESTIMATED, **error(EDGE))
    for site in COMMERCIAL_SITES:
        server.get(f"https://api.{site}{VALIDATE}", **answer)
    with pytest.raises(KeyRefused, match=r"neither datadoghq.com nor another site of Datadog knows it"):
        check()
    asked_sites = [request.hostname for request in server.request_history if request.path == VALIDATE]
    assert asked_sites == [f"api.{site}" for site in COMMERCIAL_SITES]


@pytest.mark.parametrize(("own", "right"), [("datadoghq.com", "datadoghq.eu"), ("us5.datadoghq.com", "datadoghq.com")])
def test_check_finds_a_wrong_site(server: requests_mock.Mocker, own: str, right: str) -> None:
    server.get(f"https://api.{own}/api/v2/usage/estimated_cost", **error(EDGE))
    for site in COMMERCIAL_SITES:
        server.get(f"https://api.{site}{VALIDATE}", **(VALID if site == right else error(EDGE)))
    with pytest.raises(KeyRefused, match=f"datadog.site is wrong: the API key is not of {own} but of {right}"):
        check(site=own)
    assert all("DD-APPLICATION-KEY" not in r.headers for r in server.request_history if r.path == VALIDATE)


def test_a_government_key_stays_with_the_government(server: requests_mock.Mocker) -> None:
    server.get("https://api.ddog-gov.com/api/v2/usage/estimated_cost", **error(EDGE))
    for site in ("ddog-gov.com", "us2.ddog-gov.com"):
        server.get(f"https://api.{site}{VALIDATE}", **error(EDGE))
    with pytest.raises(KeyRefused, match=r"neither ddog-gov\.com nor another site"):
        check(site="ddog-gov.com")
    assert {request.hostname for request in server.request_history} == {"api.ddog-gov.com", "api.us2.ddog-gov.com"}


def test_an_own_address_keeps_the_key(server: requests_mock.Mocker) -> None:
    server.get("https://proxy.example/dd/api/v2/usage/estimated_cost", **error(EDGE))
    server.get(f"https://proxy.example/dd{VALIDATE}", **error(EDGE))
    with pytest.raises(KeyRefused, match=r"wrong, revoked or of another site than https://proxy.example/dd"):
        check(base_url="https://proxy.example/dd")
    assert {request.hostname for request in server.request_history} == {"proxy.example"}


def test_check_survives_sites_that_do_not_answer_but_not_its_own(
    server: requests_mock.Mocker, waits: list[float]
) -> None:
    server.get(ESTIMATED, **error(EDGE))
    for site in COMMERCIAL_SITES:
        server.get(f"https://api.{site}{VALIDATE}", status_code=503)
    server.get(f"{HOST}{VALIDATE}", **error(EDGE))
    with pytest.raises(KeyRefused, match="is wrong or revoked"):
        check()
    assert waits == []
    server.get(f"{HOST}{VALIDATE}", status_code=503)
    with pytest.raises(Unavailable, match=f"{VALIDATE}: no usable answer"):
        check()


def test_check_finds_a_missing_permission(server: requests_mock.Mocker) -> None:
    server.get(ESTIMATED, **error(SCOPE))
    server.get(HOURLY, **hours())
    with pytest.raises(ConfigError, match=r"may read usage but not cost. .* the permission billing_read"):
        check()
    (query,) = asked(server, HOURLY)
    assert query["filter[timestamp][start]"] == "2025-08-09t00"
    assert query["filter[timestamp][end]"] == "2025-08-09t01"
    assert query["page[limit]"] == "1"
    server.get(HOURLY, **error(SCOPE))
    with pytest.raises(ConfigError, match="the permissions usage_read and billing_read"):
        check()
    server.get(HOURLY, status_code=400, json={"errors": ["start_hr is invalid"]})
    with pytest.raises(ConfigError, match="hourly_usage: 400"):
        check()


DENIED: dict[str, Any] = {"status_code": 403, "json": {"errors": ["Access was denied to this resource."]}}


def test_check_of_an_organization_that_is_denied_names_the_parent_and_what_worked(server: requests_mock.Mocker) -> None:
    server.get(ESTIMATED, **DENIED)
    server.get(HOURLY, **hours())
    with pytest.raises(ConfigError, match=r'403 "Access was denied to this resource\."') as raised:
        check()
    for sentence in (
        "Give the application key the permission billing_read too",
        "use keys of the parent organization",
        "The same keys have already read /api/v2/usage/hourly_usage.",
    ):
        assert sentence in str(raised.value)
    server.get(HOURLY, **DENIED)
    with pytest.raises(ConfigError, match=r"usage_read and billing_read.* parent organization then\.$"):
        check()
    server.get(ESTIMATED, **error(SCOPE))
    with pytest.raises(ConfigError) as plain:
        check()
    assert "parent" not in str(plain.value)


def test_check_finds_a_child_organization(server: requests_mock.Mocker) -> None:
    server.get(ESTIMATED, **error(CHILD))
    with pytest.raises(ConfigError, match=r"non-parent org keys.* Use keys of the parent organization") as raised:
        check()
    assert not isinstance(raised.value, KeyRefused)
