"""The provider of a model."""

import pytest

from source_unified_usage.core.provider import provider_of


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("claude-4.5-sonnet", "anthropic"),
        ("GPT-5.2", "openai"),
        ("o3-pro", "openai"),
        ("codex-1", "openai"),
        ("gemini-3-pro", "google"),
        ("grok-4", "xai"),
        ("deepseek-v4", "deepseek"),
        ("kimi-k2", "moonshot"),
        ("glm-5", "zai"),
        ("muse-spark", "meta"),
        ("qwen3-coder", "alibaba"),
        ("composer-1", "own"),
        ("default", "own"),
    ],
)
def test_the_provider_follows_from_the_beginning_of_the_name(model: str, provider: str) -> None:
    assert provider_of(model, "own") == provider
