"""Teams and projects, which give names to ids."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from sandbox.kit import Json, cursor, cut, number, offset_of
from sandbox.vendor import Call
from sandbox.vendors.scenario.credentials import PROJECT_SCOPE, TEAM_SCOPE, Key
from sandbox.vendors.scenario.estate import Estate, Project, Team
from sandbox.vendors.scenario.events import day_ms, spelled, to_ms
from sandbox.vendors.scenario.knobs import Knobs
from sandbox.vendors.scenario.refusals import invalid, no_team, protected
from sandbox.vendors.scenario.usages import Usages

_DEFAULT_PAGE, _LARGEST_PAGE = 10, 100


class Lookups:
    """Both refuse keys without their scope."""

    def __init__(self, estate: Estate, usages: Usages, knobs: Knobs) -> None:
        self._estate, self._usages, self._knobs = estate, usages, knobs

    def teams(self, call: Call, key: Key) -> Json:
        self._admit("teams", key, TEAM_SCOPE)
        return {"teams": [self._team(self._estate.teams[id], key, call.now) for id in key.teams]}

    def projects(self, call: Call, key: Key) -> Json:
        self._admit("projects", key, PROJECT_SCOPE)
        team = self._own(call.query.get("teamId") or key.teams[0], key)
        size = _page_size(call.query.get("pageSize"))
        asked = (team.id, size)
        begin = offset_of(call.query.get("paginationToken"), asked, invalid("paginationToken is invalid"))
        page, more = cut(_visible(team, key), begin, min(size, self._knobs.project_page_cap or size))
        used = self._used(team, call.now)
        projects = [self._project(project, team, used, call.now) for project in page]
        return {"projects": projects, **({} if more is None else {"nextPaginationToken": cursor(asked, more)})}

    def _admit(self, look_up: str, key: Key, scope: str) -> None:
        if look_up in self._knobs.denied or not key.may(scope):
            raise protected()

    def _own(self, id: str, key: Key) -> Team:
        if id not in key.teams or id not in self._estate.teams:
            raise no_team()
        return self._estate.teams[id]

    def _team(self, team: Team, key: Key, now: datetime) -> Json:
        people = sum(
            member.person is not None and member.person.active_on(now.date()) for member in self._estate.people
        )
        stamps = self._stamps(now)
        return {
            "id": team.id,
            "name": team.name,
            "plan": team.plan,
            "type": "shared",
            **stamps,
            "context": {
                "invitationsCount": 0,
                "keysCount": len(self._estate.api_keys),
                "userRole": "key",
                "usersCount": people,
            },
            "projects": [{"id": project.id, "name": project.name, **stamps} for project in _visible(team, key)],
        }

    def _project(self, project: Project, team: Team, used: Mapping[str, Decimal], now: datetime) -> Json:
        """Deleted API keys have lost their names."""
        number_of = team.projects.index(project)
        stamps = self._stamps(now)
        people = [
            {"id": member.id, "email": member.person.email, "role": "editor", **stamps}
            for member in self._estate.people
            if member.person and member.person.active_on(now.date()) and member.person.number % 3 == number_of % 3
        ]
        keys = [
            {
                "id": member.id,
                "apiKeyId": member.key_id,
                "apiKeyStatus": member.key_status,
                "name": member.key_name,
                "role": "editor",
                "scope": "project",
                **stamps,
                "projects": [{"projectId": project.id, "role": "editor"}],
            }
            for member in self._estate.api_keys
            if member.key_status != "deleted" and number_of == 1
        ]
        return {
            "id": project.id,
            "name": project.name,
            "teamId": team.id,
            "privacyMode": False,
            **stamps,
            "consumption": number(used.get(project.id, Decimal(0))),
            "users": people,
            "keys": keys,
        }

    def _used(self, team: Team, now: datetime) -> dict[str, Decimal]:
        """The compute units of the billing period so far, by project."""
        used: dict[str, Decimal] = defaultdict(Decimal)
        for event in self._usages.known(team, to_ms(_period(now)), to_ms(now), now):
            used[event.project] += event.value
        return used

    def _stamps(self, now: datetime) -> Json:
        return {"createdAt": self._estate.born(), "updatedAt": spelled(day_ms(now.date().replace(day=1)))}


def _visible(team: Team, key: Key) -> list[Project]:
    """The listed projects; deleted ones keep their usage and nothing else."""
    own = (project for project in team.projects if not project.deleted)
    return [project for project in own if key.projects is None or project.id in key.projects]


def _period(now: datetime) -> datetime:
    """The start of the billing period, which runs from the 15th."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.replace(day=15) if now.day >= 15 else (midnight.replace(day=1) - timedelta(days=1)).replace(day=15)


def _page_size(text: str | None) -> int:
    if text is None:
        return _DEFAULT_PAGE
    if not text.isdecimal() or not 1 <= int(text) <= _LARGEST_PAGE:
        raise invalid(f"pageSize must be between 1 and {_LARGEST_PAGE}")
    return int(text)
