"""What the account consists of: organizations, price list, hourly product families, tag sets."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Organization:
    """`scale`: its size beside the root's; `bare`: answers leave its optional members out."""

    public_id: str
    name: str
    region: str
    scale: float
    products: tuple[str, ...]
    families: tuple[str, ...]
    account: tuple[str, str] = ("Acme Inc", "acctacme5566eeff")
    bare: bool = False


@dataclass(frozen=True)
class Product:
    """One billing dimension.

    `price`: 1e-9 USD per unit; `committed`: units of the root's contract; `base`: a usual day of
    the root; `sway`: the share that follows the working week; `label`: None where the mapping of
    billing dimensions does not know it; `function`: None where the vendor leaves it out.
    """

    name: str
    label: str | None
    aggregation: Literal["sum", "average", "top99p", "maximum"]
    unit: str
    price: int
    committed: int
    base: int
    sway: float
    function: str | None

    @property
    def key(self) -> str:
        """Its name in the billable summary."""
        return f"{self.name}_{self.aggregation}"


_PRODUCTS = (
    Product("infra_host", "Infra Hosts", "top99p", "hosts", 15 * 10**9, 40, 46, 0.05, "top99p"),
    Product("apm_host", "APM Hosts", "top99p", "hosts", 31 * 10**9, 25, 18, 0.05, "top99p"),
    Product("logs_ingested", "Ingested Logs", "sum", "gib", 10**8, 0, 110, 0.6, "sum"),
    Product("logs_indexed_15day", "Indexed Logs", "sum", "events", 1700, 0, 28_000_000, 0.6, "sum"),
    Product("timeseries", "Custom Metrics", "average", "timeseries", 5 * 10**7, 4000, 4600, 0.3, "average"),
    Product("rum_browser_sessions", "RUM Sessions", "sum", "sessions", 1_500_000, 0, 42_000, 0.7, "sum"),
    Product("synthetics_api_tests", "API Tests", "sum", "test_runs", 500_000, 90_000, 9000, 0.0, "sum"),
    Product("apm_trace_search", "Indexed Spans", "sum", "traces", 1700, 0, 10_000_000, 0.5, "sum"),
    Product("error_tracking", None, "sum", "events", 250_000, 0, 4000, 0.8, None),
    Product("sds", "Sensitive Data Scanner", "sum", "gib", 2 * 10**8, 0, 12, 0.5, "sum"),
    Product("llm_observability", "LLM Observability", "sum", "spans", 80_000, 0, 60_000, 0.8, "sum"),
    Product("cspm_host", "CSPM Hosts", "maximum", "hosts", 10 * 10**9, 0, 0, 0.0, "max"),
)
PRODUCTS = {product.name: product for product in _PRODUCTS}
UNTOTALLED = "sds"
RENAMED = "llm_observability"
UNKNOWN_TYPED = frozenset({"error_tracking", "sds"})


@dataclass(frozen=True)
class Family:
    """One hourly product family: measurements with their usual hourly value (None: always null).

    `level`: a level, such as a number of hosts, not a count that adds up; `delay`: hours until an hour first shows.
    """

    name: str
    delay: int
    level: bool
    measurements: tuple[tuple[str, int | None], ...]


_FAMILIES = (
    Family(
        "infra_hosts",
        3,
        True,
        (("agent_host_count", 43), ("aws_host_count", 38), ("container_count", None), ("host_count", 46)),
    ),
    Family(
        "logs",
        6,
        False,
        (
            ("billable_ingested_bytes", 73_014_444_032),
            ("indexed_events_count", 1_200_000),
            ("logs_rehydrated_indexed_count", 0),
        ),
    ),
    Family("indexed_logs", 6, False, (("logs_indexed_events_15_day_count", 1_180_000),)),
    Family("profiling", 12, True, (("container_count", 120), ("host_count", 9))),
    Family("timeseries", 30, True, (("num_custom_timeseries", 4600),)),
    Family("rum", 12, False, (("browser_rum_units", None), ("rum_units", None))),
    Family("rum_browser_sessions", 20, False, (("replay_session_count", 150), ("session_count", 1750))),
    Family("synthetics_api", 12, True, (("check_calls_count", 375),)),
    Family("llm_observability", 30, False, (("llm_observability_spans", 2500),)),
    Family("agent_sandboxes", 12, False, (("sandbox_minutes", 40),)),
)
FAMILIES = {family.name: family for family in _FAMILIES}

ROOT = Organization("acmeroot01ab23cd", "Acme Root", "us", 1.0, tuple(PRODUCTS), tuple(FAMILIES))
EU = Organization(
    "acmeeu0099ff77aa",
    "Acme EU – Données",  # noqa: RUF001
    "eu",
    0.15,
    ("infra_host", "logs_ingested", "timeseries", "rum_browser_sessions"),
    ("infra_hosts", "logs"),
)
LABS = Organization(
    "acmelabs77cd45ef",
    "Acme Labs",
    "us",
    0.05,
    ("infra_host", "llm_observability", "cspm_host"),
    ("llm_observability",),
    bare=True,
)
PARTNER = Organization(
    "northwind31ee52a",
    "Northwind 北風",
    "eu",
    0.1,
    ("infra_host", "logs_ingested"),
    ("infra_hosts",),
    account=("Northwind Partner", "acctnorth8899aabb"),
)
OWN = (ROOT, EU, LABS)
EVERY = (*OWN, PARTNER)

Tags = dict[str, list[str]]


@dataclass(frozen=True)
class TagConfiguration:
    """Up to three tag keys, and the tag sets under them, each with its share of 1000."""

    source: str
    keys: tuple[str, ...]
    sets: tuple[tuple[int, tuple[tuple[str, ...], ...]], ...]


_TEAM_ENV = TagConfiguration(
    "Acme Root:::team///env",
    ("team", "env"),
    (
        (385, (("payments",), ("prod",))),
        (290, (("search", "platform"), ("prod",))),
        (175, (("platform", "search"), ("staging",))),
        (80, ((), ("<empty>",))),
        (70, ((), ())),
    ),
)
_SERVICE = TagConfiguration(
    "Acme EU – Données:::service",  # noqa: RUF001
    ("service",),
    ((600, (("checkout",),)), (400, ((),))),
)
CONFIGURATIONS = {ROOT.public_id: (_TEAM_ENV,), EU.public_id: (_TEAM_ENV, _SERVICE), LABS.public_id: (_TEAM_ENV,)}

# attributed type: the product it is taken from, and how many of it make one unit of the product
ATTRIBUTED = {
    "apm_host": ("apm_host", 1),
    "cspm_host": ("cspm_host", 1),
    "custom_timeseries": ("timeseries", 1),
    "flex_logs_starter": ("logs_indexed_15day", 1),
    "infra_host": ("infra_host", 1),
    "ingested_logs_bytes": ("logs_ingested", 2**30),
    "rum_browser_legacy_sessions": ("rum_browser_sessions", 1),
}
# Hourly attribution knows these names as they are, without `_usage`.
UNSUFFIXED = frozenset({"flex_logs_starter", "flex_stored_logs", "published_app"})
