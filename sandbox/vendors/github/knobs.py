"""What a test can change about the vendor, as plain attributes of the vendor object."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from sandbox.limits import Limit
from sandbox.vendors.github.credentials import TOKENS, Token

Customer = Literal["organization", "enterprise"]
Columns = Literal["all", "few", "older"]


@dataclass
class Knobs:
    """Each attribute with its default; the line after it says what it does."""

    tokens: dict[str, Token] = field(default_factory=lambda: dict(TOKENS))
    """Token -> what it may see and do."""
    ledger_of: Customer = "enterprise"
    """Whose ledger it is; both are served."""
    denied: set[str] = field(default_factory=set)
    """What answers 403 whatever the token: `cost-centers`, `seats`, `reports`, `metrics` (its policy is off)."""
    new_platform: bool = True
    """The accounts are on the enhanced billing platform, else billing is a 404."""

    limit: Limit = field(default_factory=lambda: Limit(5000, 3600, aligned=True))
    """Requests per token and hour: the primary limit."""
    burst: Limit = field(default_factory=lambda: Limit(None, 60))
    """Requests per token before the secondary limit; no figure is published."""
    limit_status: Literal[403, 429] = 403
    """The status of both limits."""
    burst_names_wait: bool = True
    """The secondary limit carries Retry-After."""

    spelling: Literal["current", "older"] = "current"
    """How products, SKUs, units and dates are spelled."""
    respelled_on: date | None = None
    """Days before this one are spelled the other way."""
    numbers: Literal["number", "string"] = "number"
    """How figures are spelled."""
    integer_quantities: bool = False
    """Quantities of AI credits are cut off at the point, beside exact amounts."""
    order: int | None = None
    """A seed by which rows, and columns of files, come in another order."""
    inclusive: bool = False
    """An enterprise's AI credits without `cost_center_id` hold those of the cost centers too."""
    wrong_day: bool = False
    """AI credits echo the day after the one that was asked for."""

    settle: timedelta = timedelta(days=3)
    """How long after its midnight the figures of a day go on changing; the pool's discount until the month ends."""

    export_polls: int = 2
    """How often an export is asked for until it is done."""
    failing_exports: int = 0
    """So many of the exports next ordered fail."""
    export_columns: Columns = "all"
    """The columns of an export: all, without the optional ones, or as the older header has them."""
    export_bom: bool = True
    """An export begins with a byte order mark."""
    link_reads: int | None = None
    """How often a signed link is good; None: for ever."""
    stale_links: int = 0
    """So many of the links next given out are expired already."""
    page_cap: int | None = None
    """The most seats of a page, whatever per_page says."""
