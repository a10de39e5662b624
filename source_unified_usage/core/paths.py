"""Paths of requests, safe with whatever an id in them contains."""

from urllib.parse import quote

from source_unified_usage.core.errors import ConfigError


def path(*segments: str) -> str:
    """`/a/b/c`, each segment encoded, so that an id never leads to another place of the host.

    Raises ConfigError for "." and "..", which keep their meaning even when they are encoded, and for empty ids.
    """
    for segment in segments:
        if segment in ("", ".", ".."):
            raise ConfigError(f"{segment!r} is no id that a request can name. Check the ids in the configuration.")
    return "/" + "/".join(quote(segment, safe="@:") for segment in segments)
