"""What a test can change about the vendor, as plain attributes of the vendor object."""

from dataclasses import dataclass, field
from typing import Literal

from sandbox.limits import Limit
from sandbox.vendors.openai.credentials import KEYS, WORKSPACE_ID, Key
from sandbox.vendors.openai.refusals import Throttle


@dataclass
class Knobs:
    """Each attribute with its default; the line after it says what it does."""

    keys: dict[str, Key] = field(default_factory=lambda: dict(KEYS))
    """Key -> what it may do."""
    workspaces: set[str] = field(default_factory=lambda: {WORKSPACE_ID})
    """The ChatGPT workspaces that exist."""
    limit: Limit = field(default_factory=lambda: Limit(None))
    """Requests per key to the platform; no figure is published."""
    codex_limit: Limit = field(default_factory=lambda: Limit(None))
    """Requests per key to the analytics; no figure is published."""
    throttle: Throttle = "seconds"
    """How a 429 names the wait: in Retry-After, in retry-after-ms as well, or not at all."""
    quota_spent: bool = False
    """Every platform answer is the 429 `insufficient_quota`, which no waiting heals."""
    missing_scope_status: Literal[401, 403] = 401
    """How an admin key without the scope is refused; both were seen."""

    retention_days: int = 365
    """How old a `start_time` of usage and costs may be, else a 400."""
    retention_names_date: bool = True
    """That refusal names the earliest day."""
    retention_echoes: bool = False
    """That refusal names the range that was asked for, before what it says otherwise."""
    codex_lookback_days: int = 90
    """How old a `start_time` of the analytics may be, else a 422."""
    page_cap: int | None = None
    """The most buckets, rows or list items of a page, whatever `limit` says."""
    empty_pages: bool = False
    """An empty page with a cursor comes before every page but the first."""
    costs_trailing_page: bool = True
    """Costs offer a cursor to an empty page past the end."""
    broken_cursor: Literal["missing", "repeated"] | None = None
    """`has_more` comes without a cursor, or always with the same one."""
    unavailable: set[str] = field(default_factory=set)
    """Names of usage endpoints that answer 404."""
    refused_cost_groups: tuple[frozenset[str], ...] = (frozenset({"project_id", "user_id"}),)
    """Costs that are grouped by all of one of these are a 400; which ones depends on the organization."""
    archived_keys: bool = True
    """The API keys of an archived project are listed, else a 400."""
    strict_parameters: bool = True
    """A query parameter that the endpoint does not have is a 400."""

    old_shape: bool = False
    """No completions row has the token fields added on 2026-07-15."""
    cache_writes: Literal["one", "beside", "split"] = "beside"
    """One figure, the class of 12 hours beside that of 30 minutes, or both classes beside their sum."""
    huge_tokens: bool = False
    """A completions row beyond 2**53 tokens on every day."""
    amounts: Literal["mixed", "string", "number"] = "mixed"
    """Cost values as JSON numbers, as strings, or mixed as the live API sends them."""
    second_currency: str | None = None
    """Some storage is billed in this currency too."""
