"""Error rules: the first rule that fits counts; the rules of HTTP come after those of the vendor."""

from typing import Any

import pytest
import requests

from source_unified_usage.core.api import Api
from source_unified_usage.core.error_rules import RETRY, Asked, ErrorRule, classify_error
from source_unified_usage.core.errors import BrokenContract, ConfigError, KeyRefused
from source_unified_usage.vendors import VENDORS

RULES = (
    ErrorRule((403,), ConfigError, "It lacks {scope}; {option} is too weak.", message=r"needs (?P<scope>\w+)"),
    ErrorRule((403,), KeyRefused, "Seen by the edge.", when=lambda asked: asked.body == "edge"),
    ErrorRule((400, 404), RETRY, path="^/late"),
)


def asked(status: int, message: str = "", path: str = "/usage", body: Any = None) -> Asked:
    answer = requests.Response()
    answer.request = requests.Request("GET", f"https://api.acme.example{path}").prepare()
    return Asked(None, status, message, answer, body)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (asked(403, "This NEEDS billing"), ConfigError),
        (asked(403, "no", body="edge"), KeyRefused),
        (asked(403, "no"), ConfigError),
        (asked(404, path="/late?page=2"), RETRY),
        (asked(404, path="/usage?from=/late"), ConfigError),
        (asked(204), BrokenContract),
        (asked(401), KeyRefused),
        *((asked(status), RETRY) for status in (202, 206, 408, 409, 425, 429, 500, 502, 529, 599)),
        *((asked(status), ConfigError) for status in (400, 402, 404, 405, 410, 418, 422, 451)),
    ],
)
def test_the_first_rule_that_fits_counts(error: Asked, raised: type[Exception] | None) -> None:
    assert classify_error(RULES, error).error is raised


def test_advice_names_what_the_vendor_named() -> None:
    error = asked(403, "needs billing")
    advice = classify_error(RULES, error).advise(error, {"option": "acme.api_key"})
    assert advice == "It lacks billing; acme.api_key is too weak."


def apis(base: type[Any]) -> list[type[Any]]:
    return [base, *(further for child in base.__subclasses__() for further in apis(child))]


def test_every_rule_of_every_vendor_can_be_reached_and_says_what_to_do() -> None:
    """A rule below one that fits whenever it does would never count; an error without advice helps nobody."""

    assert VENDORS  # imported, so that their APIs are known
    for api in apis(Api):
        general: set[int] = set()
        for rule in api.errors:
            assert not set(rule.statuses) <= general, (api.__name__, rule)
            if not (rule.message or rule.path or rule.when):
                general |= set(rule.statuses)
            if isinstance(rule.error, type) and issubclass(rule.error, ConfigError):
                assert rule.advice, (api.__name__, rule)
