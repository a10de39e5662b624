"""The connection check answers with a status, and refuses what a sync would refuse."""

import logging
from typing import Any

import pytest

from source_unified_usage.core.patience import CHECKING, READING, Waits
from source_unified_usage.source import SourceUnifiedUsage
from source_unified_usage.vendors.confluent import Confluent

CONFIG: dict[str, Any] = {"start_date": "2026-01-01", "confluent": {"api_key": "KEY12345", "api_secret": "SECRET12345"}}


def test_a_defect_in_a_probe_is_a_failed_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def probes(self: Confluent) -> Any:
        from source_unified_usage.core.vendor import Probe

        return [Probe("confluent.api_key", lambda: {}["rows"])]

    monkeypatch.setattr(Confluent, "probes", probes)
    ok, reason = SourceUnifiedUsage().check_connection(logging.getLogger(), CONFIG)
    assert not ok
    assert "confluent.api_key: the check itself failed (no 'rows')" in reason


def test_excluded_fields_are_held_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Confluent, "probes", lambda self: [])
    ok, reason = SourceUnifiedUsage().check_connection(logging.getLogger(), {**CONFIG, "exclude_fields": ["id"]})
    assert not ok
    assert reason.startswith("exclude_fields: id cannot be left out")


def test_a_check_waits_for_a_slow_answer_once() -> None:
    assert CHECKING.timeout[1] == READING.timeout[1]
    assert Waits(CHECKING).next(limited=False, told=None, took=CHECKING.timeout[1]) is None
    assert Waits(CHECKING).next(limited=False, told=None, took=1) is not None
