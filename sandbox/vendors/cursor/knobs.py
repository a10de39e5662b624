"""What a test can change about the vendor, as plain attributes of the vendor object."""

from dataclasses import dataclass, field

from sandbox.vendors.cursor.credentials import KEYS, Key

LIMITS: dict[str, int | None] = {
    "/organizations/": 20,
    "filtered-usage-events": 60,
    "/analytics/team/": 100,
    "/analytics/by-user/": 50,
    "": 20,
}


@dataclass
class Knobs:
    """Each attribute with its default; the line after it says what it does."""

    keys: dict[str, Key] = field(default_factory=lambda: dict(KEYS))
    """Key -> what it is and may."""
    limits: dict[str, int | None] = field(default_factory=lambda: dict(LIMITS))
    """Requests a minute by part of the path; None: unlimited."""
    retry_after: bool = True
    """Send the header on 429."""
    era_2025: bool = False
    """Events as in 2025: kindLabel, no chargedCents."""
    drift: int = 0
    """So many times a late event slips in between two pages."""
    page_cap: int = 1000
    """Rows (members, where pages are cut by them) of a page at most, for paging with little data."""
    restless: bool = False
    """Events of one millisecond come in another order at every request."""
    shifts: int = 0
    """So many times a page's first row has changed places with the last of the page before when it is asked for."""
    listless: bool = False
    """A time without events comes without its list, totals as text."""
    endless: bool = False
    """A list never ends: ever new rows, totals that grow."""
