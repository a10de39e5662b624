"""The configuration: what is checked beyond the spec, each mistake in one sentence."""

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match
from pendulum import DateTime

from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.network import is_loopback
from source_unified_usage.core.progress import logger
from source_unified_usage.core.schema import usage_schema
from source_unified_usage.core.stream import Range
from source_unified_usage.core.times import parse_time

# The schema of every option that is a URL. White space around it is removed before use.
ADDRESS = {
    "type": "string",
    "pattern": r"^\s*(https://\S+|http://(localhost|127\.0\.0\.1|\[::1\])([:/]\S*)?)?\s*$",
    "pattern_descriptor": "https://host (plain http only for localhost)",
}

# all white space of Unicode, and characters without a width: nobody sees that they were copied too
_BLANK = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u200c\u200d\u2060\ufeff"
_REQUIRED_FIELDS = {"id", "start_date"}


def validate(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Hold the config against the spec. Raises ConfigError with the place and what is wrong there.

    Absent options may be written as "" or null.
    """
    error = best_match(Draft7Validator(schema).iter_errors(present(config)))
    if error is not None:
        raise ConfigError(f"The configuration is not valid: {_explain(error)}.")
    for sentence in unknown_options(config, schema):
        logger.warning(sentence)


def unknown_options(config: Mapping[str, Any], schema: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """A sentence for each option that the spec does not know."""
    known = schema.get("properties", {})
    for name, value in config.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f", did you mean {near[0]}?" if near else "."
            yield f"The configuration's option {place}{name} is not known and has no effect{hint}"
        elif isinstance(value, Mapping):
            yield from unknown_options(value, known[name], f"{place}{name}.")


def present(value: Any) -> Any:
    """The value without white space around texts and without "" and null, which count as absent, at any depth."""
    if isinstance(value, str):
        return value.strip(_BLANK)
    if isinstance(value, Mapping):
        return {name: found for name, inner in value.items() if (found := present(inner)) not in (None, "")}
    if isinstance(value, list):
        return [found for inner in value if (found := present(inner)) not in (None, "")]
    return value


def read_range(config: Mapping[str, Any], now: DateTime) -> Range:
    """The days that the config asks for. Raises ConfigError."""
    start = _day("start_date", config.get("start_date"))
    end = _day("end_date", config["end_date"]) if config.get("end_date") else None
    if start > now.date():
        raise ConfigError(f"start_date {start} lies in the future. Set it to the first day to read.")
    if end and end < start:
        raise ConfigError(f"end_date {end} lies before start_date {start}. Swap them or drop end_date.")
    return Range(start, end, bool(config.get("include_current_day")), now)


def excluded_fields(config: Mapping[str, Any]) -> list[str]:
    """The top-level keys to leave out of every record. Raises ConfigError."""
    known = usage_schema()["properties"]
    excluded = list(config.get("exclude_fields") or [])
    for name in excluded:
        if name in _REQUIRED_FIELDS:
            raise ConfigError(f"exclude_fields: {name} cannot be left out, it identifies the record.")
        if name not in known:
            raise ConfigError(f"exclude_fields: {name!r} is no field of a record. Fields: {', '.join(known)}.")
    if config.get("include_remote_data") is False:
        excluded.append("remote_data")
    return excluded


def base_url_of(option: str, url: str) -> str:
    """Scheme, host and an optional prefix; https, or plain http on a loopback host.

    Raises ConfigError, which does not show the address: people paste keys into it.
    """
    if fault := _fault_of(url):
        raise ConfigError(f"{option}: {fault}. Write it as https://host, with a port or a path prefix if needed.")
    return url.rstrip("/")


def _fault_of(url: str) -> str:
    """Why a text cannot be the address of an API; empty when it can."""
    if not url.isprintable() or " " in url:
        return "the address holds a space or an invisible character"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the host cannot be read"
    if parts.scheme not in ("http", "https"):
        return "the address does not begin with https://"
    if "@" in parts.netloc:
        return "an address must not carry a user or password"
    if "?" in url or "#" in url:
        return "an address must not carry a query or a fragment"
    if not _is_port(parts):
        return "the port is no number between 1 and 65535"
    host = parts.hostname or ""
    # between brackets is an IPv6 address; urlsplit before Python 3.11.4 takes anything
    if not _is_host(host) or ("[" in parts.netloc) != (":" in host):
        return "the host cannot be read"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "plain http is for localhost only"
    return ""


def _is_port(parts: SplitResult) -> bool:
    """Whether the port, where one is written, can be one."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _is_host(text: str) -> bool:
    """A name that can be resolved, or an IP address."""
    try:
        if ":" in text:
            return bool(ip_address(text))
        return bool(re.fullmatch(r"[\w.-]+", text) and text.encode("idna"))
    except ValueError:
        return False


def _day(option: str, value: Any) -> date:
    """The day as it is written; an offset behind it does not change it."""
    text = str(value)
    try:
        parse_time(text)
        return date.fromisoformat(text[:10])
    except (ValueError, OverflowError):
        raise ConfigError(f"{option}: {value!r} is no date. Write it as 2026-01-31 or 2026-01-31T00:00:00Z.") from None


def _explain(error: ValidationError) -> str:
    place = ".".join(map(str, error.absolute_path)) or "the top level"
    wanted: Any = error.validator_value
    schema: Any = error.schema
    if error.validator == "required":
        instance: Any = error.instance
        path = "".join(f"{step}." for step in error.absolute_path)
        return " and ".join(f"{path}{name} is missing" for name in wanted if name not in instance)
    if error.validator == "pattern":
        return f"{place} must look like {schema.get('pattern_descriptor') or wanted}"
    if error.validator == "type":
        return f"{place} must be of type {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
    if error.validator == "enum":
        return f"{place} must be one of {', '.join(wanted)}"
    return f"{place}: {error.message}"
