"""The provider of a model, for vendors that sell models of others and name only the model."""

_PROVIDERS = (
    ("claude", "anthropic"),
    ("gpt", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("codex", "openai"),
    ("gemini", "google"),
    ("grok", "xai"),
    ("deepseek", "deepseek"),
    ("kimi", "moonshot"),
    ("glm", "zai"),
    ("muse", "meta"),
    ("qwen", "alibaba"),
)


def provider_of(model: str, own: str) -> str:
    """The provider by the beginning of the model's name; `own` when the name is not known."""
    name = model.lower()
    return next((provider for start, provider in _PROVIDERS if name.startswith(start)), own)
