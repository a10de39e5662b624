"""Names for ids: the team, its projects and their API keys, as far as the key may see them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.lookup import Lookup, by_id, texts, texts_of
from source_unified_usage.core.usage import Row, compact
from source_unified_usage.vendors.scenario.api import ScenarioApi

_PROJECTS = "/v1/projects"
_PAGE_SIZE = 100  # the maximum, as the Python SDK 2.4.0 documents it


@dataclass(frozen=True)
class Scope:
    """What is read: which team (None: the key's own), which projects (none: all), and whether one by one."""

    team: str | None = None
    projects: tuple[str, ...] = ()
    split: bool = False

    @property
    def options(self) -> Mapping[str, Any]:
        """The options that narrow a stream, for its state."""
        return {"scenario.team_id": self.team, "scenario.project_ids": list(self.projects)}

    def query(self, project: str | None = None) -> dict[str, str]:
        """The same as parameters of a request, narrowed to one project where one is given."""
        projects = ",".join((project,) if project else self.projects)
        return compact(teamId=self.team, projectIds=projects)


class Project(NamedTuple):
    """A project's name, and the names of its API keys by id."""

    name: str | None
    keys: Mapping[str, str]


class Lookups:
    """The names, and the list of projects; each list is read at most once in a sync."""

    def __init__(self, api: ScenarioApi, scope: Scope) -> None:
        self._scope = scope
        self._teams = Lookup(api, "team name", _teams)
        self._projects = Lookup(api, "project and API key names", lambda api: _listed(api, scope))

    def organization(self) -> dict[str, Any]:
        """The configured team, or the only one that the key sees; empty when that is not known."""
        teams = self._teams()
        id = self._scope.team or (next(iter(teams)) if len(teams) == 1 else None)
        return compact(id=id, name=teams.get(id, {}).get("name")) if id else {}

    def project_names(self) -> dict[str, str]:
        return {id: project.name for id, project in self._projects().items() if project.name}

    def key_names(self) -> dict[str, str]:
        """By the id under which a key's usage is counted, `apiu_...`."""
        return {id: name for project in self._projects().values() for id, name in project.keys.items()}

    def projects_to_ask(self, api: ScenarioApi) -> Sequence[str | None]:
        """The projects to ask for one by one; None alone stands for all together.

        Raises ConfigError when they are to be asked one by one and the key may not list them.
        """
        if not self._scope.split:
            return (None,)
        if self._scope.projects:
            return self._scope.projects
        source = f"Scenario, stream {api.stream}, {_PROJECTS}"
        advice = "scenario.split_by_project needs them: list them in scenario.project_ids or set it to false."
        try:
            listed = self._projects.required(api)
        except ConfigError as error:
            if error.status != 403:
                raise
            raise ConfigError(
                f'{source}: the key may not list the projects ({error.status} "{error.vendor_message}"). {advice}',
                status=error.status,
                vendor_message=error.vendor_message,
            ) from None
        if not listed:
            raise ConfigError(f"{source}: no project is listed. {advice}")
        return tuple(listed)


def _teams(api: ScenarioApi) -> Iterator[Mapping[str, Row]]:
    yield texts(api.get("/v1/teams").rows("teams"), "name")


def _listed(api: ScenarioApi, scope: Scope) -> Iterator[Mapping[str, Project]]:
    """The projects that the key may see, page by page."""
    query = compact(teamId=scope.team, pageSize=_PAGE_SIZE)
    for answer in api.follow(_PROJECTS, query, "paginationToken", _next_token, _projects):
        rows = by_id(_projects(answer))
        yield {id: Project(texts_of(row, "name").get("name"), _keys(row)) for id, row in rows.items()}


def _next_token(answer: Answer) -> str | None:
    return answer.body.get("nextPaginationToken") or None


def _projects(answer: Answer) -> list[Row]:
    return answer.rows("projects")


def _keys(project: Row) -> dict[str, str]:
    """The names of its keys by the id under which a key's usage is counted."""
    keys = project.get("keys")
    listed = texts(keys if isinstance(keys, list) else (), "name")
    return {id: key["name"] for id, key in listed.items() if "name" in key}
