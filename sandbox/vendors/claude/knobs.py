"""What a test can change about the vendor, as plain attributes of the vendor object."""

from dataclasses import dataclass, field
from typing import Literal

from sandbox.limits import Limit
from sandbox.vendors.claude.credentials import Key, default_keys
from sandbox.vendors.claude.organizations import CONSOLE_ID, ENTERPRISE_ID

ENGAGEMENT = ("users", "summaries", "apps/chat/projects", "skills", "connectors", "plugins", "artifacts")


def _lags() -> dict[str, int]:
    """One day, but clients report two of skills."""
    return {**dict.fromkeys(ENGAGEMENT, 1), "skills": 2}


@dataclass
class Knobs:
    """Each attribute with its default; the line after it says what it does."""

    keys: dict[str, Key] = field(default_factory=default_keys)
    """Secret -> key: what each credential may see."""
    organizations: dict[str, str] = field(default_factory=lambda: {"enterprise": ENTERPRISE_ID, "console": CONSOLE_ID})
    """The two organizations' ids, as answers name them in anthropic-organization-id."""
    analytics_limit: Limit = field(default_factory=lambda: Limit(60, 60))
    """Requests of all Analytics endpoints and keys together, per organization."""
    admin_limit: Limit = field(default_factory=lambda: Limit(120, 60))
    """Requests of the Admin API; no figure is published, this one allows short bursts."""
    admin_retry_after: bool = False
    """Admin 429s carry retry-after, as Analytics ones do; clients met them without it."""
    admin_quota_named: bool = False
    """Admin answers carry anthropic-ratelimit-requests-limit, -remaining and -reset; see `hourly_quota`."""
    admin_reset_stale: bool = False
    """The reset that they name is over."""
    analytics_off: bool = False
    """The Analytics API is switched off for the organization: every request is 403."""
    older_not_found: bool = False
    """Engagement endpoints answer 404 to a bad key or a missing scope, as older deployments did."""
    denied: set[str] = field(default_factory=set)
    """Paths that answer 403 although the key is right, such as `analytics/user_cost_report`."""
    absent: set[str] = field(default_factory=set)
    """Paths that answer 404 on this account, such as `analytics/plugins`."""

    lag_days: dict[str, int] = field(default_factory=_lags)
    """How old a day must be by engagement endpoint; 3 everywhere is the era before July 2026."""
    history_days: int | None = None
    """How far back engagement endpoints serve: 90 days by a newer article; None: from 2026-01-01 on."""
    older_users: bool = False
    """Rows of `users` in the shape before July 2026."""
    twins: bool = False
    """Two rows of every day agree in their key, in engagement, Admin usage and costs, and Claude Code."""
    end_of_pages: Literal["null", "empty", "absent"] = "null"
    """How the last page of an engagement or Claude Code answer says that there is no next."""
    summaries_envelope: Literal["summaries", "data"] = "summaries"
    """The member that holds the days of `summaries`."""
    summaries_whole: bool = False
    """`summaries` refuses a range whose last day is not published, naming ending_date, rather than end it early."""
    summaries_max_days: int = 366
    """The widest range of `summaries`; 31 in the older guide."""

    no_export: Literal["null", "empty"] | None = None
    """Nothing was exported yet: no data, and data_refreshed_at null or ""."""
    top_groups: int = 100
    """The rows that a bucket shows before the rest is dropped without a word."""
    refreshes: int = 0
    """Forced refreshes so far, each of which ends every cursor of the reports; see `refresh`."""

    spend_refused: dict[str, Literal[400, 404]] = field(default_factory=dict)
    """Organizations to which the Usage and Cost Analytics API is not offered: 400 where HIPAA readiness is on."""
    spend_page_rows: int | None = None
    """The rows of its pages, whatever limit was asked for, as where rows fan out; None: as asked for."""
    spend_refreshed_named: bool = False
    """Its answers carry data_refreshed_at."""

    row_cap: int = 1000
    """The most rows of one Admin usage answer with a limit above 1."""
    plain_dates: bool = False
    """Claude Code rows have their date as YYYY-MM-DD."""

    def hourly_quota(self) -> None:
        """The Admin API as clients measured it in August 2026: 90 requests an hour, named in headers."""
        self.admin_limit, self.admin_quota_named = Limit(90, 3600), True

    def refresh(self) -> None:
        """Replace the export that open cursors belong to: they answer 410 from now on."""
        self.refreshes += 1
