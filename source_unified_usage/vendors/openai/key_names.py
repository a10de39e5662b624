"""Names of API keys: OpenAI lists them by project, so threads ask project by project while the rows are read."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from source_unified_usage.core import clock
from source_unified_usage.core.errors import SourceError
from source_unified_usage.core.lookup import names, say_missing, texts
from source_unified_usage.core.paths import path
from source_unified_usage.vendors.openai.api import PlatformApi

# Seconds for which rows wait for names, in all of a sync: requests share one limit of 60 a minute with the reading
_PATIENCE = 60.0
_AT_ONCE = 4  # our choice, as for windows
# An archived project refuses to list its service accounts (OpenAI API reference: Project service accounts), so its keys
# too; the next project may list them
_OF_ONE_PROJECT = (400, 404)

Named = Mapping[str, str]


class KeyNames:
    """Keys by id with their `name`. A project is asked once a sync, and only if a key of it has come without a name.

    The first project is asked alone, because it may show that all are refused. `projects`: the organization's, by id. A
    key whose project no row has named yet is looked for in one after another.
    """

    def __init__(self, api: PlatformApi, projects: Callable[[], Collection[str]]) -> None:
        self._api, self._projects = api, projects
        self._found: dict[str, Named] = {}
        self._project_of: dict[str, str] = {}
        self._open: dict[str, None] = {}  # keys in the order in which they came, until their name has come or has none
        self._under_way: set[str] = set()
        self._asked: set[str] = set()
        self._threads = 0
        self._patience = _PATIENCE
        self._refused = self._missing_said = False
        self._changed = threading.Condition()

    def expect(self, keys: Iterable[tuple[str, str | None]]) -> None:
        """Ask for the names of these keys, each with its project where its row names one; nothing waits for them."""
        with self._changed:
            for key, project in keys:
                if project:
                    self._project_of.setdefault(key, project)
                if key not in self._found and not self._refused:
                    self._open.setdefault(key)
            self._start()

    def of(self, keys: Iterable[str]) -> Mapping[str, Named]:
        """The names of these keys that come in time."""
        wanted = set(keys)
        with self._changed:
            began = clock.monotonic()
            self._changed.wait_for(lambda: wanted.isdisjoint(self._open), self._patience)
            self._patience = max(0.0, self._patience - (clock.monotonic() - began))
            return {key: self._found[key] for key in wanted if key in self._found}

    def _start(self) -> None:
        """A thread for each project that rows name; one is enough to look for keys without a project."""
        named = {own for key in self._open if (own := self._project_of.get(key))} - self._under_way - self._asked
        most = min(_AT_ONCE, max(1, len(self._under_way) + len(named))) if self._asked else 1
        while self._open and self._threads < most:
            self._threads += 1
            # a daemon thread, so that the process can end while it still asks
            threading.Thread(target=self._read, daemon=True, name="key names").start()

    def _read(self) -> None:
        while (project := self._next()) is not None:
            self._add(project)

    def _next(self) -> str | None:
        """The project to ask next: one that a row names, else any, where no row names the project of a key.

        None ends the thread; while others are still asking, they go on with what is left.
        """
        known = self._projects()
        with self._changed:
            left = {} if self._refused else {project: None for project in known if project not in self._asked}
            for key in [key for key in self._open if self._settled(key, left)]:
                del self._open[key]
            self._changed.notify_all()
            owners = (self._project_of.get(key) for key in self._open)
            project = next((own for own in owners if own and own not in self._under_way), None)
            if project is None and self._open and not self._under_way:
                project = next(iter(left))
            if project is None:
                self._threads -= 1
            else:
                self._under_way.add(project)
            return project

    def _settled(self, key: str, left: Collection[str]) -> bool:
        """Whether its name has come, or none of the projects that are `left` can have it."""
        own = self._project_of.get(key)
        return key in self._found or (own not in left if own else not left)

    def _add(self, project: str) -> None:
        found, failure = names(self._api, lambda api: _keys(api, project))
        with self._changed:
            self._under_way.remove(project)
            self._asked.add(project)
            self._found.update(found)
            if failure:
                self._refused |= failure.status not in _OF_ONE_PROJECT
                self._say(failure)
            self._start()

    def _say(self, failure: SourceError) -> None:
        if not self._missing_said:
            self._missing_said = True
            say_missing(self._api, "API key names", failure, some=bool(self._found or not self._refused))


def _keys(api: PlatformApi, project: str) -> Iterator[Mapping[str, Named]]:
    # without "any", keys whose owner lost access are hidden (OpenAI API reference: List project API keys)
    query = {"owner_project_access": "any"}
    keys = path("v1", "organization", "projects", project, "api_keys")
    return (texts(rows, "name") for rows in api.listing(keys, query))
