"""A proxy or a certificate file that does not exist is an error at once; the sandbox on localhost needs neither."""

import os
from datetime import date

import pytest

from integration_tests.harness import Source, sandbox_config
from sandbox import Sandbox

DAY = date(2026, 9, 16)
FAR = "https://api.example.invalid"  # resolves nowhere, so that nothing leaves this machine
STREAM = "confluent_costs"
PROXY = "http://user:pass-word@127.0.0.1:9"
FAULTS = [
    ("HTTPS_PROXY", PROXY, "the proxy 127.0.0.1:9 of HTTPS_PROXY cannot be reached."),
    ("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem", "REQUESTS_CA_BUNDLE names /nowhere/ca.pem, which does not exist."),
    ("SSL_CERT_FILE", "/nowhere/ca.pem", "SSL_CERT_FILE names /nowhere/ca.pem, which does not exist."),
]


@pytest.fixture(autouse=True)
def variables(source: Source) -> dict[str, str | None]:
    """The environment of the source's process, without the variables of this machine."""
    named = [name for name in os.environ if name.lower().endswith("_proxy")]
    cleared = dict.fromkeys([*named, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
    source.variables = {**cleared}
    return source.variables


@pytest.mark.parametrize(("variable", "value", "said"), FAULTS)
def test_wrong_settings_are_a_config_error_at_once(
    source: Source, sandbox: Sandbox, variables: dict[str, str | None], variable: str, value: str, said: str
) -> None:
    variables[variable] = value
    config = sandbox_config(sandbox, ["confluent"], start_date=DAY.isoformat(), confluent={"base_url": FAR})
    began = sandbox.clock.now()
    status = source.check(config)
    assert status["status"] == "FAILED"
    assert said in status["message"]
    output = source.read(config, [STREAM])
    assert output.code == 1
    (trace,) = [trace for trace in output.traces if trace.get("stream_descriptor")]
    assert trace["failure_type"] == "config_error"
    assert said in trace["message"]
    assert {trace["failure_type"] for trace in output.traces} == {"config_error"}
    assert "pass-word" not in output.text + status["message"]
    assert sandbox.clock.now() == began, "it waited"


def test_no_proxy_leads_to_localhost(source: Source, sandbox: Sandbox, variables: dict[str, str | None]) -> None:
    variables.update(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"), PROXY))
    config = sandbox_config(sandbox, ["confluent"], start_date=DAY.isoformat(), end_date=DAY.isoformat())
    assert source.check(config)["status"] == "SUCCEEDED"
    output = source.read(config, [STREAM])
    assert output.code == 0
    assert output.records[STREAM]
