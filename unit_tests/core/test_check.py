"""The connection check answers with a status, and refuses what a sync would refuse."""

import errno
import logging
from threading import Event
from typing import Any

import pytest

from source_unified_usage.core import check
from source_unified_usage.core.retry import CHECK_RETRIES, SYNC_RETRIES, Backoff
from source_unified_usage.core.vendor import Probe
from source_unified_usage.source import SourceUnifiedUsage
from source_unified_usage.vendors.confluent import Confluent

NOTHING: dict[str, str] = {}
CONFIG: dict[str, Any] = {"start_date": "2026-01-01", "confluent": {"api_key": "KEY12345", "api_secret": "SECRET12345"}}


def test_a_defect_in_a_probe_is_a_failed_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def probes(self: Confluent) -> Any:
        return [Probe("confluent.api_key", lambda: NOTHING["rows"])]

    monkeypatch.setattr(Confluent, "probes", probes)
    ok, reason = SourceUnifiedUsage().check_connection(logging.getLogger(), CONFIG)
    assert not ok
    assert "confluent.api_key: the check itself failed (no 'rows')" in reason


@pytest.mark.parametrize("part", ["streams", "probes"])
def test_a_defect_before_any_request_is_a_failed_status(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setattr(Confluent, part, lambda self: NOTHING["rows"])
    ok, reason = SourceUnifiedUsage().check_connection(logging.getLogger(), CONFIG)
    assert not ok
    assert reason == "the configuration: the check itself failed (no 'rows'). This is a defect of the source."


def test_a_limit_of_the_machine_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    def streams(self: Confluent) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Confluent, "streams", streams)
    ok, reason = SourceUnifiedUsage().check_connection(logging.getLogger(), CONFIG)
    assert not ok
    assert reason.startswith("Too many open files: raise the limit")


def test_a_probe_that_never_ends_is_a_failed_status(monkeypatch: pytest.MonkeyPatch) -> None:
    never = Event()
    probes = [Probe("confluent.api_key", never.wait), Probe("confluent.kafka", lambda: None)]
    monkeypatch.setattr(Confluent, "probes", lambda self: probes)
    monkeypatch.setattr(check, "WITHIN", 0.2)
    try:
        ok, reason = SourceUnifiedUsage().check_connection(logging.getLogger(), CONFIG)
    finally:
        never.set()
    assert not ok
    assert reason.startswith("confluent.api_key: no usable answer within 0 s; the key was not refused.")
    assert "confluent.kafka" not in reason


def test_a_check_ends_within_a_minute() -> None:
    assert check.WITHIN < 60


def test_excluded_fields_are_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Confluent, "probes", lambda self: [])
    ok, reason = SourceUnifiedUsage().check_connection(logging.getLogger(), {**CONFIG, "exclude_fields": ["id"]})
    assert not ok
    assert reason.startswith("exclude_fields: id cannot be left out")


def test_a_check_waits_for_a_slow_answer_once() -> None:
    assert CHECK_RETRIES.timeout[1] == SYNC_RETRIES.timeout[1]
    assert Backoff(CHECK_RETRIES).next(limited=False, retry_after=None, took=CHECK_RETRIES.timeout[1]) is None
    assert Backoff(CHECK_RETRIES).next(limited=False, retry_after=None, took=1) is not None
