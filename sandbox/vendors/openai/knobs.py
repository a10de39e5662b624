"""What a test may change about the vendor."""

from typing import Literal

from sandbox.limits import Limit
from sandbox.vendors.openai.keys import KEYS, WORKSPACE_ID, Key


class Knobs:
    """Plain attributes of the vendor object, each with the vendor's usual behaviour as its default.

    - `keys`: the valid keys with their rights
    - `workspaces`: the ChatGPT workspaces that exist
    - `limit`, `codex_limit`: requests per key to the platform and the analytics (none is published)
    - `throttle`: how a 429 names the wait: in Retry-After, in retry-after-ms as well, or not at all
    - `quota_spent`: every platform answer is the 429 `insufficient_quota`, which no waiting heals
    - `missing_scope_status`: 401 or 403, both were seen for an admin key without the scope
    - `retention_days`: how old a `start_time` of usage and costs may be, else a 400
    - `retention_names_date`: whether that refusal names the earliest day
    - `codex_lookback_days`: how old a `start_time` of the analytics may be, else a 422
    - `page_cap`: most buckets, rows or list items of one page, whatever `limit` says
    - `empty_pages`: an empty page with a cursor before every page but the first
    - `costs_trailing_page`: costs offer a cursor to an empty page past the end
    - `broken_cursor`: `has_more` comes without a cursor, or always with the same one
    - `unavailable`: names of usage endpoints that answer 404
    - `archived_keys`: the API keys of an archived project are listed, else a 400 as for its service accounts
    - `strict_parameters`: a query parameter that the endpoint does not have is a 400
    - `old_shape`: no completions row has the token fields added on 2026-07-15
    - `cache_writes`: one figure, the class of 12 hours beside that of 30 minutes, or both classes beside their sum
    - `retention_echoes`: the refusal names the range that was asked for, before what it says otherwise
    - `huge_tokens`: a completions row beyond 2**53 tokens on every day
    - `amounts`: cost values as JSON numbers, as strings, or mixed as the live API sends them
    - `second_currency`: some storage is billed in this currency too
    """

    def __init__(self) -> None:
        self.keys: dict[str, Key] = dict(KEYS)
        self.workspaces: set[str] = {WORKSPACE_ID}
        self.limit = Limit(None)
        self.codex_limit = Limit(None)
        self.throttle: Literal["seconds", "milliseconds", "silent"] = "seconds"
        self.quota_spent = False
        self.missing_scope_status: Literal[401, 403] = 401
        self.retention_days = 365
        self.retention_names_date = True
        self.codex_lookback_days = 90
        self.page_cap: int | None = None
        self.empty_pages = False
        self.costs_trailing_page = True
        self.broken_cursor: Literal["missing", "repeated"] | None = None
        self.unavailable: set[str] = set()
        self.archived_keys = True
        self.strict_parameters = True
        self.old_shape = False
        self.cache_writes: Literal["one", "beside", "split"] = "beside"
        self.retention_echoes = False
        self.huge_tokens = False
        self.amounts: Literal["mixed", "string", "number"] = "mixed"
        self.second_currency: str | None = None
