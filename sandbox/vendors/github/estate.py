"""The two customers: an organization that is billed by itself, and an enterprise with two of them and cost centers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sandbox.times import DAY
from sandbox.vendors.github.knobs import Customer
from sandbox.world import Person, World

ORGANIZATION, ENTERPRISE = "acme", "acme-inc"


@dataclass(frozen=True)
class Center:
    """A cost center. One that was deleted keeps the usage that it had until then."""

    id: str
    name: str
    deleted: bool = False


@dataclass(frozen=True)
class Organization:
    """`plan`: the SKU of its seats, with the price of one."""

    login: str
    id: int
    plan: str
    price: int

    def repository(self, name: str) -> str:
        return f"{self.login}/{name}"


@dataclass(frozen=True)
class Member:
    """Who works with Copilot, where, and who pays for it."""

    person: Person
    organization: Organization

    @property
    def login(self) -> str:
        first, last = self.person.name.lower().split()
        return f"{first}-{last}{self.person.number}"

    @property
    def id(self) -> int:
        return 1000 + self.person.number

    @property
    def team(self) -> str | None:
        return self.person.team if self.person.number % 4 else None

    @property
    def team_id(self) -> int | None:
        return None if self.team is None else 70 + len(self.team)


ENGINEERING = Center("2eeb8ffe-6903-11ee-8c99-0242ac120002", "engineering")
GONE = Center("7a1f4c1e-6903-11ee-8c99-0242ac120002", "P&T", deleted=True)
IDLE = Center("b61d8f0c-6903-11ee-8c99-0242ac120002", "not used yet")

_ACME = Organization(ORGANIZATION, 4242, "copilot_for_business", 19)
_PLATFORM = Organization("acme-platform", 4343, "copilot_for_business", 19)
_LABS = Organization("acme-labs", 4444, "copilot_enterprise", 39)


class Account:
    """One customer: what is billed together."""

    def __init__(self, world: World, kind: Customer) -> None:
        self._world, self.kind = world, kind
        self.enterprise = kind == "enterprise"
        self.name = ENTERPRISE if self.enterprise else ORGANIZATION
        self.id = 9001
        self.organizations: Sequence[Organization] = (_PLATFORM, _LABS) if self.enterprise else (_ACME,)
        self.centers: Sequence[Center] = (ENGINEERING, GONE, IDLE) if self.enterprise else ()
        self.members = [Member(p, self.organizations[p.number % 5 == 0 and self.enterprise]) for p in world.people]

    def center_of(self, member: Member, day: date) -> Center | None:
        if not self.enterprise:
            return None
        center = (ENGINEERING, None, GONE)[member.person.number % 3]
        return None if center is GONE and day >= self.gone_on else center

    def center_of_repository(self, name: str) -> Center | None:
        return ENGINEERING if self.enterprise and name == "api" else None

    @property
    def gone_on(self) -> date:
        """The day on which a cost center was deleted."""
        return self._world.today - DAY

    def seated(self, day: date) -> list[Member]:
        return [member for member in self.members if member.person.active_on(day)]
