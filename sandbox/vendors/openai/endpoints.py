"""The ten usage endpoints: their metrics, dimensions and filters."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DIMENSIONS = ("project_id", "user_id", "api_key_id", "model")
SIZES = ("256x256", "512x512", "1024x1024", "1792x1792", "1024x1792")
SOURCES = ("image.generation", "image.edit", "image.variation")
CONTEXT_LEVELS = ("low", "medium", "high")


@dataclass(frozen=True)
class Endpoint:
    """`dimensions`: the `group_by` values in key order; `filters`: parameter to dimension."""

    name: str
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    filters: Mapping[str, str]
    result: str = ""
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def object(self) -> str:
        return f"organization.usage.{self.result or self.name}.result"


_PROJECTS = {"project_ids": "project_id"}
_OWNERS = {**_PROJECTS, "user_ids": "user_id", "api_key_ids": "api_key_id"}
_MODELS = {**_OWNERS, "models": "model"}
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
        Endpoint(
            "completions",
            COMPLETION_METRICS,
            (*DIMENSIONS, "batch", "service_tier"),
            {**_MODELS, "batch": "batch"},
        ),
        Endpoint("embeddings", ("input_tokens", _REQUESTS), DIMENSIONS, _MODELS),
        Endpoint("moderations", ("input_tokens", _REQUESTS), DIMENSIONS, _MODELS),
        Endpoint(
            "images",
            ("images", _REQUESTS),
            (*DIMENSIONS, "size", "source"),
            {**_MODELS, "sizes": "size", "sources": "source"},
            enums={"sizes": SIZES, "sources": SOURCES},
        ),
        Endpoint("audio_speeches", ("characters", _REQUESTS), DIMENSIONS, _MODELS),
        Endpoint("audio_transcriptions", ("seconds", _REQUESTS), DIMENSIONS, _MODELS),
        Endpoint("vector_stores", ("usage_bytes",), ("project_id",), _PROJECTS),
        Endpoint("code_interpreter_sessions", ("num_sessions",), ("project_id",), _PROJECTS),
        Endpoint(
            "file_search_calls",
            ("num_requests",),
            (*DIMENSIONS[:3], "vector_store_id"),
            {**_OWNERS, "vector_store_ids": "vector_store_id"},
            result="file_searches",
        ),
        Endpoint(
            "web_search_calls",
            (_REQUESTS, "num_requests"),
            (*DIMENSIONS, "context_level"),
            {**_MODELS, "context_levels": "context_level"},
            result="web_searches",
            enums={"context_levels": CONTEXT_LEVELS},
        ),
    )
}
