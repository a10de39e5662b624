"""The configuration: what is checked beyond the spec, each mistake in one sentence."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match
from pendulum import DateTime

from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.progress import logger
from source_unified_usage.core.stream import Range
from source_unified_usage.core.usage import parse_time

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_REQUIRED_FIELDS = {"id", "start_date"}


def validate(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Hold the config against the spec. Raises ConfigError with the place and what is wrong there.

    Absent options may be written as "" or null.
    """
    error = best_match(Draft7Validator(schema).iter_errors(present(config)))
    if error is not None:
        raise ConfigError(f"The configuration is not valid: {_explain(error)}.")
    _warn_of_unknown(config, schema, "")


def present(value: Any) -> Any:
    """Without what counts as absent: "" and null, at any depth."""
    if isinstance(value, Mapping):
        return {k: present(v) for k, v in value.items() if v is not None and v != ""}
    if isinstance(value, list):
        return [present(v) for v in value if v is not None and v != ""]
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


def excluded_fields(config: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    """The top-level keys to leave out of every record. Raises ConfigError."""
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
    """Scheme, host and an optional prefix; https, or plain http on a loopback host. Raises ConfigError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(f"{option}: {url!r} is no address. Write it as https://host, with a path prefix if needed.")
    if parts.username or parts.password:
        raise ConfigError(f"{option}: an address must not carry a user or password.")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ConfigError(f"{option}: {url!r} is not encrypted. Use https; plain http is for localhost only.")
    return url.rstrip("/")


def _day(option: str, value: Any) -> date:
    try:
        return parse_time(str(value)).date()
    except ValueError:
        raise ConfigError(f"{option}: {value!r} is no date. Write it as 2026-01-31 or 2026-01-31T00:00:00Z.") from None


def _explain(error: ValidationError) -> str:
    place = ".".join(map(str, error.absolute_path)) or "the top level"
    wanted: Any = error.validator_value
    schema: Any = error.schema
    if error.validator == "required":
        instance: Any = error.instance
        missing = [name for name in wanted if name not in instance]
        return f"{place} needs {' and '.join(missing)}"
    if error.validator == "pattern":
        return f"{place} must look like {schema.get('pattern_descriptor') or wanted}"
    if error.validator == "type":
        return f"{place} must be of type {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
    return f"{place}: {error.message}"


def _warn_of_unknown(config: Mapping[str, Any], schema: Mapping[str, Any], place: str) -> None:
    known = schema.get("properties", {})
    for name, value in config.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f", did you mean {near[0]}?" if near else ""
            logger.warning(f"The configuration's option {place}{name} is not known and has no effect{hint}")
        elif isinstance(value, Mapping):
            _warn_of_unknown(value, known[name], f"{place}{name}.")
