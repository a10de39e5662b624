"""The organization's projects, keys and accounts, made from the world's teams and people."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property

from sandbox.times import epoch
from sandbox.world import EPOCH, Person, World

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Project:
    id: str
    name: str
    archived: date | None = None


@dataclass(frozen=True)
class ApiKey:
    """A project's key; without a `person` a service account owns it."""

    id: str
    name: str
    project: Project
    person: Person | None = None


class Directory:
    """Who and what the usage rows name."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._id: Callable[..., str] = cache(self._made_id)

    def _made_id(self, prefix: str, *what: object) -> str:
        draw = self._world.random("openai", "id", prefix, *what)
        return prefix + "".join(draw.choices(_LETTERS, k=24 if prefix == "user-" else 20))

    @cached_property
    def organization_id(self) -> str:
        return self._id("org-")

    @cached_property
    def teams(self) -> dict[str, Project]:
        return {team: Project(self._id("proj_", team), f"{team.capitalize()} production") for team in self._world.teams}

    @cached_property
    def evals(self) -> Project:
        return Project(self._id("proj_", "evals"), "Nightly evals")

    @cached_property
    def prototype(self) -> Project:
        """Archived half-way through the range."""
        half = self._world.today - timedelta(days=self._world.days // 2)
        return Project(self._id("proj_", "prototype"), "Search prototype", archived=half)

    @property
    def projects(self) -> list[Project]:
        return [*self.teams.values(), self.evals, self.prototype]

    @cached_property
    def keys(self) -> dict[int, ApiKey]:
        """By the number of the person who owns it."""
        return {
            person.number: ApiKey(
                self._id("key_", person.number), f"{person.email.split('@')[0]}-dev", self.teams[person.team], person
            )
            for person in self._world.people
        }

    @cached_property
    def workers(self) -> dict[str, ApiKey]:
        """The service accounts' keys, by the name of their project."""
        return {
            project.name: ApiKey(
                self._id("key_", "worker", project.name), f"{project.name.split()[0].lower()}-worker", project
            )
            for project in self.projects
        }

    @cached_property
    def service_user(self) -> str:
        """A member without name and e-mail."""
        return self._id("user-", "service")

    def user_id(self, person: Person) -> str:
        return self._id("user-", person.number)

    def workspace_user_id(self, person: Person) -> str:
        """The same person's id in the ChatGPT workspace, which is another one."""
        return self._id("user-", "workspace", person.number)

    def vector_store_id(self, project: Project) -> str:
        return self._id("vs_", project.id)

    def service_account_id(self, key: ApiKey) -> str:
        return self._id("svc_acct_", key.id)

    @property
    def created(self) -> int:
        return epoch(EPOCH)
