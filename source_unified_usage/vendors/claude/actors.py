"""Who used something, as the Usage and Cost Analytics API names it: people, service accounts, keys, federated ones."""

from typing import Any

from source_unified_usage.core.usage import Row, compact, nested, text

# The member of an actor that tells it from others of its type, and of a federated actor's provider (anthropic SDK:
# types/beta/organization). Never an e-mail, a name or a signed principal, which names a session.
_ACTORS = {"user_actor": "user_id", "service_account_actor": "service_account_id", "api_actor": "api_key_id"}
_PROVIDERS = {"aws": "account_id", "azure": "subscription_id", "gcp": "project_number", "oidc": "issuer"}


def identity(actor: Row) -> tuple[str | None, Any]:
    """The type of an actor and what tells it from others; of a type that is not known here nothing does."""
    kind = text(actor.get("type"))
    if kind == "federated_actor":
        provider = nested(actor, "provider")
        issuer = text(provider.get("type"))
        return kind, [issuer, text(provider.get(_PROVIDERS.get(issuer or "", ""))), text(actor.get("subject"))]
    member = _ACTORS.get(kind or "")
    if member and not actor.get(member):
        raise ValueError(f"no actor.{member}")
    return kind, text(actor[member]) if member else None


def user_of(actor: Row) -> dict[str, Any]:
    if actor.get("type") != "user_actor":
        return {}
    return compact(id=text(actor["user_id"]), email=text(actor.get("email_address")), name=text(actor.get("name")))
