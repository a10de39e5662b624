"""The eleven usage endpoints: their metrics and dimensions. The table is independent on purpose of the source's."""

from dataclasses import dataclass

DIMENSIONS = ("project_id", "user_id", "api_key_id", "model")


@dataclass(frozen=True)
class Endpoint:
    """`dimensions`: the `group_by` values in key order; `result`: the name in its rows where that is another."""

    name: str
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    result: str = ""

    @property
    def object(self) -> str:
        return f"organization.usage.{self.result or self.name}.result"

    @property
    def filters(self) -> tuple[str, ...]:
        """The API has more; the source asks for this one, where there are users."""
        return ("user_ids",) if "user_id" in self.dimensions else ()


_REQUESTS = "num_model_requests"

# added on 2026-07-15, the last in autumn 2026; older answers know the rest alone
NEW_TOKENS = (
    "input_cache_write_tokens",
    "input_uncached_tokens",
    "input_text_tokens",
    "output_text_tokens",
    "input_cached_text_tokens",
    "input_cached_audio_tokens",
    "input_image_tokens",
    "input_cached_image_tokens",
    "output_image_tokens",
    "input_cache_write_12h_tokens",
)
COMPLETION_METRICS = (
    "input_tokens",
    "output_tokens",
    _REQUESTS,
    "input_cached_tokens",
    *NEW_TOKENS[:5],
    "input_audio_tokens",
    "input_cached_audio_tokens",
    "output_audio_tokens",
    *NEW_TOKENS[6:],
)

ENDPOINTS = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint("completions", COMPLETION_METRICS, (*DIMENSIONS, "batch", "service_tier")),
        Endpoint("embeddings", ("input_tokens", _REQUESTS), DIMENSIONS),
        Endpoint("moderations", ("input_tokens", _REQUESTS), DIMENSIONS),
        Endpoint("images", ("images", _REQUESTS), (*DIMENSIONS, "size", "source")),
        Endpoint("audio_speeches", ("characters", _REQUESTS), DIMENSIONS),
        Endpoint("audio_transcriptions", ("seconds", _REQUESTS), DIMENSIONS),
        Endpoint("vector_stores", ("usage_bytes",), ("project_id",)),
        Endpoint("code_interpreter_sessions", ("num_sessions",), ("project_id",)),
        Endpoint("file_search_calls", ("num_requests",), (*DIMENSIONS[:3], "vector_store_id"), "file_searches"),
        Endpoint("web_search_calls", (_REQUESTS, "num_requests"), (*DIMENSIONS, "context_level"), "web_searches"),
        Endpoint("decisions", COMPLETION_METRICS, (*DIMENSIONS, "batch", "service_tier", "api_source")),
    )
}
