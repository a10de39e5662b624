"""The company's two organizations, Enterprise seats and Console, with models and prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sandbox.world import Person, World

FIRST_ANALYTICS_DAY = date(2026, 1, 1)
FIRST_CLAUDE_CODE_DAY = date(2025, 1, 1)
ENTERPRISE_ID = "org_01SandboxAcmeEnterprise001"
CONSOLE_ID = "7b1f0a52-3c5d-4e8e-9d41-5a0dbe0c7e11"
CONSOLE_NAME = "Acme Console"
DEFAULT_WORKSPACE = None
DEFAULT_WORKSPACE_ID = "wrkspc_01SandboxDefault"  # which only the Usage and Cost Analytics API tells


class Tokens(NamedTuple):
    """Token counts in the order of TOKEN_TYPES."""

    uncached: int = 0
    cache_read: int = 0
    write_5m: int = 0
    write_1h: int = 0
    output: int = 0

    def plus(self, other: "Tokens") -> "Tokens":
        return Tokens(*map(sum, zip(self, other, strict=True)))


NO_TOKENS = Tokens()
TOKEN_TYPES = (
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "cache_creation.ephemeral_5m_input_tokens",
    "cache_creation.ephemeral_1h_input_tokens",
    "output_tokens",
)


@dataclass(frozen=True)
class Model:
    """`prices`: millionths of a cent per token, which is dollars per million tokens times 100."""

    id: str
    title: str
    prices: Tokens


OPUS = Model("claude-opus-4-8", "Claude Opus 4.8", Tokens(500, 50, 625, 1000, 2500))
SONNET = Model("claude-sonnet-5", "Claude Sonnet 5", Tokens(300, 30, 375, 600, 1500))
HAIKU = Model("claude-haiku-4-5-20251001", "Claude Haiku 4.5", Tokens(100, 10, 125, 200, 500))
MODELS = (OPUS, SONNET, HAIKU)
WEB_SEARCH_PRICE = 1_000_000


@dataclass(frozen=True)
class Member:
    """One Enterprise actor; a service account has no person and perhaps no name."""

    user_id: str
    email: str | None
    name: str | None
    groups: tuple[str, ...] = ()
    person: Person | None = None
    removed: date | None = None
    erased: date | None = None

    def active_on(self, day: date) -> bool:
        gone = min((end for end in (self.removed, self.erased) if end), default=None)
        return (gone is None or day < gone) and (self.person is None or self.person.active_on(day))

    def actor(self, today: date) -> Mapping[str, Any]:
        """As the per-user reports show it today, whatever day the row is of."""
        if self.erased and self.erased <= today:
            shown: dict[str, Any] = {"email": None, "name": "Deleted User"}
        elif self.name is None:
            shown = {"email": self.email}
        else:
            shown = {"email": self.email, "name": self.name}
        deleted = any(end is not None and end <= today for end in (self.removed, self.erased))
        return {"type": "user_actor", "user_id": self.user_id, **shown, "deleted": deleted}


def members(world: World) -> list[Member]:
    """A seat for everybody; one is removed half-way, one account erased at two thirds."""
    half, later = (world.first_day + timedelta(days=world.days * n // d) for n, d in ((1, 2), (2, 3)))
    last = len(world.people)
    return [
        Member(
            user_id=f"user_01SandboxSeat{person.number:011d}",
            email=person.email,
            name=person.name,
            groups=(f"rbac_group_01{person.team}", "rbac_group_01everyone"),
            person=person,
            removed=person.left or (half if person.number == last - 1 else None),
            erased=later if person.number == last - 2 else None,
        )
        for person in world.people
    ]


SERVICES = (
    Member("user_01SandboxService00000001", None, "Claude Security"),
    Member("user_01SandboxService00000002", None, None),
)

WORKSPACES = (
    ("wrkspc_01SandboxPlatform", "Platform", None),
    ("wrkspc_01SandboxResearch", "Research", None),
    ("wrkspc_01SandboxOldDemo", "Old demo", "2026-05-04T12:00:00Z"),
)
PLATFORM, RESEARCH, OLD_DEMO = (id for id, _, _ in WORKSPACES)

API_KEYS = (
    ("apikey_01SandboxBackend", "backend", PLATFORM, "active"),
    ("apikey_01SandboxNightly", "nightly-batch", PLATFORM, "active"),
    ("apikey_01SandboxEvals", "eval-runner", RESEARCH, "active"),
    ("apikey_01SandboxCiBot", "ci-bot", DEFAULT_WORKSPACE, "active"),
    ("apikey_01SandboxOldDemo", "demo", OLD_DEMO, "archived"),
)
BACKEND_KEY, NIGHTLY_KEY, EVALS_KEY, CI_KEY, DEMO_KEY = (id for id, *_ in API_KEYS)


def console_people(world: World) -> list[Person]:
    """Those who also have a Console account: every second one with some activity."""
    return [person for person in world.people if person.intensity and person.number % 2]


def unified_on(world: World, member: Member, day: date) -> bool:
    """Whether chat and Cowork are one for this member, whose use is then reported as that and as neither of the two."""
    return world.random("claude", "unified", day, member.user_id).random() < 0.05


def account_id(person: Person) -> str:
    return f"user_01SandboxConsole{person.number:08d}"
