"""What a test can change about the vendor, as plain attributes of the vendor object."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from sandbox.limits import Limit
from sandbox.vendors.datadog.credentials import API_KEYS, APPLICATION_KEYS, ApplicationKey

View = Literal["summary", "sub-org"]


@dataclass
class Reader:
    """The options of the reader that the ledger is written for; every one of them is on."""

    view: View = "sub-org"
    include_connected_accounts: bool = True
    include_descendants: bool = True
    tag_breakdown_keys: tuple[str, ...] = ("team", "env")


@dataclass
class Knobs:
    """Each attribute with its default; the line after it says what it does."""

    api_keys: dict[str, str] = field(default_factory=lambda: dict(API_KEYS))
    """API key -> public id of the organization it belongs to."""
    application_keys: dict[str, ApplicationKey] = field(default_factory=lambda: dict(APPLICATION_KEYS))
    """Application key -> organization and scopes."""
    limit: Limit = field(default_factory=lambda: Limit(400, 3600, aligned=True))
    """One bucket for all usage paths of the account; clients report Limit(10, 30, aligned=True) too."""
    limit_name: str | None = "usage_metering"
    """X-RateLimit-Name; None leaves it out, as in 2021."""
    limit_reset: Literal["seconds", "epoch"] = "seconds"
    """X-RateLimit-Reset; `epoch`: the moment instead of the time until it, as another intake has sent it
    (DataDog/dd-trace-py#17170)."""
    limit_body: Literal["JSON", "HTML", "nothing"] = "JSON"
    """What a 429 says beside its headers; `nothing`: the page of `HTML`, and no answer has the limit's headers."""
    marketplace_billed: bool = False
    """Cost endpoints answer 403 whatever the scopes, as clients report."""
    attribution_plan: bool = True
    """False: the plan has no attribution by tag, its endpoints answer 403."""
    child_refusal: Literal[400, 403] = 400
    """How a child organization is refused what the parent alone may see; 403: DataDog/documentation#6454."""
    absent: set[str] = field(default_factory=set)
    """Paths that this site does not have and answers with 404, such as on US1-FED."""

    close_day: int = 16
    """The day of the next month on which historical cost shows a month."""
    estimated_reach: int = 1
    """How many months before the current one estimated cost shows; clients report two."""
    settle: timedelta = timedelta(days=4)
    """How long after its end a day's figures are restated, inside the five days that readers look back."""
    totals: bool = True
    """False: the older cost payload, without `total` lines and with repeated ones."""
    amounts: Literal["number", "string"] = "number"
    """How a cost is spelled."""
    cost_date: Literal["first", "last", "arbitrary"] = "first"
    """Which instant of the month `date` of a monthly cost entry is."""
    ragged_costs: bool = False
    """Monthly cost: no date, no public id for child organizations, a null cost, a nameless line."""

    young_hours: Literal["partial", "missing", "null", "unmeasured"] = "partial"
    """What an hour shows before its measurements are final; `partial`: nothing at first, then less than in the end;
    `unmeasured`: rows without their list of measurements, or with null for it."""
    last_page: Literal["mixed", "null", "empty", "no_pagination", "no_meta"] = "mixed"
    """How hourly usage ends; `mixed`: no meta on an only page, else a null cursor."""
    billable_children: bool = False
    """The billable summary lists child organizations beside the root."""

    months: Literal["name", "time"] = "name"
    """How attribution spells a month; `name`: YYYY-MM, since November 2025."""
    monthly_page_size: int = 3
    """Rows of one page of monthly attribution."""
    hourly_attribution_page_size: int = 500
    """Rows of one page of hourly attribution."""
    refused_types: set[str] = field(default_factory=set)
    """Usage types that are listed but that hourly attribution refuses, such as `cspm_host_usage`."""

    reader: Reader = field(default_factory=Reader)
    """What the ledger takes the reader's options to be."""
