"""The message about a stream that the configuration does not offer."""

from typing import Any

import pytest

from source_unified_usage.core.offer import Offer
from source_unified_usage.source import SourceUnifiedUsage
from source_unified_usage.vendors import VENDORS

OFFER = Offer(VENDORS, SourceUnifiedUsage()._offered)

CURSOR = {"cursor": {"api_key": "crsr_1"}}
CODEX = {"openai": {"codex": {"api_key": "1", "workspace_id": "2"}}}


@pytest.mark.parametrize(
    ("config", "stream", "needed"),
    [
        (CURSOR, "cursor_analytics_models", "cursor.enterprise: true"),
        ({"cursor": {"api_key": "1", "enterprise": False}}, "cursor_bugbot", "cursor.enterprise: true"),
        (CURSOR, "cursor_pooled_usage", "cursor.organization_id"),
        (
            {"cursor": {"api_key": "crsr_1", "organization_id": "org_1"}},
            "cursor_bugbot",
            "cursor.enterprise: true and cursor.analytics_api_key",
        ),
        ({}, "cursor_analytics_models", "cursor.api_key and cursor.enterprise: true"),
        ({}, "confluent_costs", "confluent.api_key and confluent.api_secret"),
        (
            {"confluent": {"api_key": "1", "api_secret": "2"}},
            "confluent_metrics_usage",
            "confluent.include_metrics: true",
        ),
        ({}, "claude_api_cost", "claude.admin_api_key"),
        ({"claude": {"admin_api_key": "1"}}, "claude_cost", "claude.analytics_api_key"),
        (CODEX, "openai_costs", "openai.admin_api_key"),
        (CODEX, "openai_workspace_usage", "openai.codex.include_workspace_usage: true"),
        (
            {"openai": {"admin_api_key": "1"}},
            "openai_codex_usage",
            "openai.codex.api_key and openai.codex.workspace_id",
        ),
        (
            {},
            "datadog_hourly_usage_attribution",
            "datadog.api_key and datadog.application_key and datadog.include_attribution: true",
        ),
        ({"scenario": {"api_key": "1", "api_secret": "2"}}, "scenario_activity", "scenario.include_activity: true"),
        ({"github": {"token": "1", "organization": "o"}}, "github_ai_usage", "github.enterprise"),
        ({}, "github_ai_usage", "github.token and github.enterprise"),
        ({}, "github_billing_usage", "github.token and github.organization, or github.token and github.enterprise"),
        (
            {"github": {"token": "1", "enterprise": "e"}},
            "github_ai_credits_by_user",
            "github.include_user_ai_credits: true",
        ),
    ],
)
def test_the_options_that_would_offer_it(config: dict[str, Any], stream: str, needed: str) -> None:
    assert OFFER.why_not(stream, config) == (
        f"Stream {stream} is in the catalog but not offered by this configuration: it needs {needed}. Set that, or "
        f"take the stream out of the catalog."
    )


@pytest.mark.parametrize(
    ("stream", "advice"),
    [
        ("cursor_usage_event", "Did you mean cursor_usage_events?"),
        (
            "openai_cost",
            "Did you mean openai_costs (which needs openai.admin_api_key) or openai_costs_by_user (which needs "
            "openai.admin_api_key)?",
        ),
        (
            "Datadog_Billable_Usage",
            "Did you mean datadog_billable_usage (which needs datadog.api_key and datadog.application_key)?",
        ),
        ("customers", "It offers cursor_usage_events, cursor_daily_usage, cursor_spend."),
    ],
)
def test_an_unknown_stream_name(stream: str, advice: str) -> None:
    assert OFFER.why_not(stream, CURSOR) == (
        f"Stream {stream} is in the catalog but not offered by this configuration, and no option would offer it. "
        f"{advice}"
    )


def test_every_stream_of_every_vendor_is_known() -> None:
    known = OFFER.all_names()
    assert {
        "claude_api_cost",
        "cursor_pooled_usage",
        "cursor_bugbot",
        "openai_workspace_usage",
        "github_ai_usage",
    } <= known
    assert {name.partition("_")[0] for name in known} == {vendor.name for vendor in VENDORS}
