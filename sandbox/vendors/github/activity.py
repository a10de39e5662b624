"""What people did with Copilot, day by day, as the report of metrics knows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from sandbox.times import DAY, midnight
from sandbox.vendors.github.credits import Credits
from sandbox.vendors.github.estate import Account, Member
from sandbox.world import World

FIRST_DAY = date(2025, 10, 10)
# how long after a day's end its metrics appear, and how long they go on growing from then
_LAG, _SETTLE = timedelta(hours=48), timedelta(days=3)
FIRST_CREDITS_USED = date(2026, 6, 19)
MODES = ("agent", "ask", "custom", "edit", "plan", "unknown")


@dataclass(frozen=True)
class Activity:
    """One person's day. `modes` and `cli` are empty where the row lacks them; `credits` is None before it came up."""

    member: Member
    day: date
    counts: Mapping[str, int]
    modes: Mapping[str, int] = field(default_factory=dict)
    cli: Mapping[str, int] = field(default_factory=dict)
    credits: Decimal | None = None

    @property
    def active(self) -> bool:
        return any(self.counts.values()) or any(self.cli.values())


class ActivityReports:
    def __init__(self, world: World, account: Account, credits: Credits) -> None:
        self._world, self._account, self._credits = world, account, credits
        self._of_day = world.by_day(self._made)

    def earliest(self, today: date) -> date:
        """One year back, and not before there was any."""
        return max(FIRST_DAY, today - timedelta(days=364))

    def served(self, day: date, now: datetime) -> list[Activity] | None:
        """The day's rows as they are known by now; None: there is no report (yet)."""
        age = now - midnight(day + DAY) - _LAG
        if age < timedelta() or not self._world.has_data(day):
            return None
        settled = age >= _SETTLE
        share = Decimal(1) if settled else Decimal("0.7") if age < DAY else Decimal("0.9")
        return [_scaled(activity, share) for activity in self._of_day(day)]

    def _made(self, day: date) -> list[Activity]:
        used: dict[str, Decimal] = {}
        for credit in self._credits.of(day):
            if credit.login is not None and not credit.premium:
                used[credit.login] = used.get(credit.login, Decimal(0)) + credit.quantity
        draw = self._world.random("github", "activity", self._account.kind, day)
        return [self._of(member, day, used, draw) for member in self._account.seated(day)]

    def _of(self, member: Member, day: date, used: Mapping[str, Decimal], draw: Random) -> Activity:
        busy = member.person.intensity * self._world.rhythm(day)
        credits = used.get(member.login, Decimal(0)) if day >= FIRST_CREDITS_USED else None

        def count(most: float) -> int:
            return round(busy * draw.uniform(0, most))

        modes = {mode: count(20) for mode in MODES} if busy else {}
        counts = {
            "user_initiated_interaction_count": sum(modes.values()),
            "code_generation_activity_count": count(80),
            "code_acceptance_activity_count": count(40),
            "loc_suggested_to_add_sum": count(500),
            "loc_suggested_to_delete_sum": count(60),
            "loc_added_sum": count(300),
            "loc_deleted_sum": count(40),
        }
        cli = {}
        if busy and member.person.number % 3 == 1:
            names = ("session_count", "request_count", "prompt_count", "prompt_tokens_sum", "output_tokens_sum")
            cli = dict(zip(names, map(count, (4, 9, 8, 9000, 4000)), strict=True))
        return Activity(member, day, counts, modes, cli, credits)


def _scaled(activity: Activity, share: Decimal) -> Activity:
    def part(counts: Mapping[str, int]) -> dict[str, int]:
        return {name: int(count * share) for name, count in counts.items()}

    modes, counts = part(activity.modes), part(activity.counts)
    credits = None if activity.credits is None else (activity.credits * share).quantize(Decimal("0.00001"))
    return Activity(activity.member, activity.day, counts, modes, part(activity.cli), credits)
