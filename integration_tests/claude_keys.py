"""Claude's two keys in a config."""

from typing import Any

from integration_tests.harness import merged


def keys(config: dict[str, Any], analytics: str | None = None, admin: str | None = None) -> dict[str, Any]:
    """The config with these keys and no other."""
    return merged(config, {"claude": {"analytics_api_key": analytics, "admin_api_key": admin}})
