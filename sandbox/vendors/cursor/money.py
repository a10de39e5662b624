"""Spend by member, by billing group and of the pool, from the same events as the feed."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.times import exact_stamp
from sandbox.vendors.cursor.customer import Customer
from sandbox.vendors.cursor.enterprise import user_id
from sandbox.vendors.cursor.events import HOME_TEAM, team_of
from sandbox.world import Person


def member_spend(
    customer: Customer, person: Person, start: datetime, end: datetime, *, organization: bool
) -> dict[str, Any]:
    """A row of /teams/spend or of its organization twin; removed members stay until the cycle ends."""
    on_demand, included = customer.spend(start, end, person)
    who = {"userId": user_id(person), "name": person.name, "email": person.email}
    role = {"role": "removed" if customer.gone(person) else "member"}
    if organization:  # what the pool covers
        return {**who, "teamId": team_of(person), **role, "spendCents": cents(included)}
    row = {**who, **role, "spendCents": cents(on_demand), "overallSpendCents": cents(on_demand + included)}
    if person.number % 3:
        row["includedSpendCents"] = cents(included)
    return {
        **row,
        "fastPremiumRequests": person.number * 10,
        "hardLimitOverrideDollars": 0,
        "monthlyLimitDollars": None,
        "effectivePerUserLimitDollars": 50,
    }


def groups_of(customer: Customer) -> dict[str, list[Person]]:
    """The home team's billing groups; members without one in `group_unassigned`."""
    found: dict[str, list[Person]] = {f"group_{name}": [] for name in customer.world.teams}
    found["group_unassigned"] = []
    for person in customer.teams[HOME_TEAM]:
        found["group_unassigned" if customer.gone(person) else f"group_{person.team}"].append(person)
    return found


def group_cents(customer: Customer, people: list[Person], start: datetime, end: datetime) -> Decimal:
    return sum((customer.spend(start, end, person)[0] for person in people), Decimal(0))


def group_spend(customer: Customer, moment: datetime) -> dict[str, Any]:
    """The answer of /teams/groups for the cycle around a moment."""
    start, end = customer.cycle(moment)
    groups: list[dict[str, Any]] = [
        {
            "id": group,
            "name": group.removeprefix("group_").title(),
            "type": "BILLING",
            "directoryGroupId": None,
            "memberCount": len(people),
            "createdAt": "2024-01-15T10:30:00.000Z",
            "updatedAt": "2024-01-20T14:22:00.000Z",
            "spendCents": cents(group_cents(customer, people, start, end)),
            "currentMembers": [],
            "formerMembers": [],
            "dailySpend": [],
        }
        for group, people in groups_of(customer).items()
    ]
    cycle = {"cycleStart": exact_stamp(start), "cycleEnd": exact_stamp(end)}
    return {"groups": groups[:-1], "unassignedGroup": groups[-1], "billingCycle": cycle}


def pool_cents(customer: Customer, team: int) -> Decimal:
    start, end = customer.contract()
    return sum((customer.spend(start, end, person)[1] for person in customer.teams[team]), Decimal(0))


def pool(customer: Customer) -> dict[str, Any]:
    """The answer of /organizations/pooled-usage, all teams; only the home team has a budget."""
    start, end = customer.contract()
    used = {team: pool_cents(customer, team) for team in customer.teams}
    rows: list[dict[str, Any]] = [{"teamId": team, "usedCents": cents(value)} for team, value in used.items()]
    for row in rows:
        if row["teamId"] == HOME_TEAM:
            row["budgetLimitCents"] = 2_000_000
    total = sum(used.values(), Decimal(0))
    bounds = {"contractStartDate": exact_stamp(start), "contractEndDate": exact_stamp(end)}
    limits = {"limitCents": 5_000_000, "usedCents": cents(total), "remainingCents": cents(5_000_000 - total)}
    return {"pool": {**limits, **bounds}, "teams": rows}


def cents(value: Decimal) -> float:
    """Spend comes with six decimals."""
    return float(round(value, 6))
