"""What a request of /usages asks for, with the vendor's rules for each parameter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sandbox.vendors.scenario.credentials import Key
from sandbox.vendors.scenario.estate import Estate, Team
from sandbox.vendors.scenario.events import to_ms
from sandbox.vendors.scenario.refusals import foreign_project, invalid, no_team

SECTIONS = ("activity", "asset-usages", "consumption", "model-usages", "nsfw-usages", "quality-gate-usages", "usages")
_WIDEST = timedelta(days=120)
_RANGES = {"last-day": timedelta(days=1)}  # the API has more; the source asks for this one


@dataclass(frozen=True)
class Query:
    """`start` and `end` in epoch milliseconds, both inclusive; empty `users`: all; `projects` None: all."""

    team: Team
    projects: frozenset[str] | None
    users: frozenset[str]
    start: int
    end: int
    sections: tuple[str, ...]
    drop_zeros: bool = False
    offset: int = 0

    @property
    def width(self) -> timedelta:
        return timedelta(milliseconds=self.end - self.start + 1)


def read(params: Mapping[str, str], key: Key, estate: Estate, now: datetime, retention: timedelta | None) -> Query:
    """The query of a request. Raises Refusal."""
    team = estate.teams.get(params.get("teamId") or key.teams[0])
    if team is None or team.id not in key.teams:
        raise no_team()
    start, end = _window(params, now, retention)
    return Query(
        team=team,
        projects=_projects(params, key, team),
        users=frozenset(_listed(params.get("userIds"))),
        start=start,
        end=end,
        sections=_sections(params.get("type")),
        drop_zeros=_flag(params.get("dropZeroPoints")),
        offset=_offset(params.get("activityOffset")),
    )


def _window(params: Mapping[str, str], now: datetime, retention: timedelta | None) -> tuple[int, int]:
    first, last = params.get("startDate"), params.get("endDate")
    if last and not first:
        raise invalid("startDate is required when endDate is provided")
    if first and not last:
        raise invalid("endDate is required when startDate is provided")
    if not (first and last):
        name = params.get("timeRange", "")
        if name not in _RANGES:
            raise invalid(f"timeRange must be one of {', '.join(_RANGES)}")
        return to_ms(now - _RANGES[name]), to_ms(now) - 1
    start, end = _moment("startDate", first), _moment("endDate", last)
    if end < start:
        raise invalid("endDate must be after startDate")
    if end - start > _WIDEST:
        raise invalid("The time range must not exceed 120 days")
    if retention is not None and start < now - retention:
        raise invalid(f"startDate must not be older than {retention.days} days")
    return to_ms(start), to_ms(end)


def _moment(name: str, text: str) -> datetime:
    """An ISO 8601 time; a bare date is its midnight, and everything is UTC."""
    try:
        moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    except ValueError:
        raise invalid(f"{name} must be a valid ISO 8601 date") from None
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _projects(params: Mapping[str, str], key: Key, team: Team) -> frozenset[str] | None:
    own = {project.id for project in team.projects}
    visible = own if key.projects is None else own & set(key.projects)
    asked = _listed(params.get("projectIds"))
    for project in asked:
        if project not in visible:
            raise foreign_project(project)
    if asked:
        return frozenset(asked)
    return None if key.projects is None else frozenset(visible)


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _sections(text: str | None) -> tuple[str, ...]:
    """Every section as soon as one name is unknown."""
    asked = _listed(text)
    if not asked or not set(asked) <= set(SECTIONS):
        return SECTIONS
    return tuple(name for name in SECTIONS if name in asked)


def _flag(text: str | None) -> bool:
    """A bare flag counts."""
    return text is not None and text.lower() in ("", "true", "1", "yes", "on")


def _offset(text: str | None) -> int:
    try:
        return max(0, int(text or 0))
    except ValueError:
        return 0
