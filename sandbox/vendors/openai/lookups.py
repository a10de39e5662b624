"""The lists that give names to ids: projects, users and API keys."""

from datetime import date

from sandbox.kit import Json, list_after
from sandbox.times import epoch
from sandbox.vendor import Call
from sandbox.vendors.openai.credentials import Key
from sandbox.vendors.openai.directory import ApiKey, Directory, Project
from sandbox.vendors.openai.knobs import Knobs
from sandbox.vendors.openai.query import Query
from sandbox.vendors.openai.refusals import invalid, platform
from sandbox.world import Person, World

_PAGE = ("limit", "after")


class Lookups:
    """Every list as of a day."""

    def __init__(self, world: World, directory: Directory, knobs: Knobs) -> None:
        self._world, self._directory, self._knobs = world, directory, knobs

    def projects(self, call: Call, _: Key) -> Json:
        query = self._query(call, "include_archived")
        archived = query.boolean("include_archived")
        projects = [self._project(project, call.now.date()) for project in self._directory.projects]
        return self._list(query, [p for p in projects if archived or not p["archived_at"]])

    def users(self, call: Call, _: Key) -> Json:
        query = self._query(call)
        return self._list(query, self._members(call.now.date()))

    def api_keys(self, call: Call, _: Key) -> Json:
        today, id = call.now.date(), call.request.path_params["project"]
        project = next((one for one in self._directory.projects if one.id == id), None)
        if project is None:
            raise platform(404, "No such project.", code="not_found")
        query = self._query(call, "owner_project_access")
        access = query.choice("owner_project_access", ("active", "inactive", "any"), "active")
        if _is_archived(project, today) and not self._knobs.archived_keys:
            raise platform(400, "This project is archived.", code="project_archived")
        keys = [*self._directory.keys.values(), *self._directory.workers.values()]
        rows = [self._api_key(key, today) for key in keys if key.project is project]
        return self._list(query, [row for row in rows if access in ("any", row["owner_project_access"])])

    def _project(self, project: Project, today: date) -> Json:
        archived = project.archived if _is_archived(project, today) else None
        return {
            "id": project.id,
            "object": "organization.project",
            "name": project.name,
            "created_at": self._directory.created,
            "archived_at": epoch(archived) if archived else None,
            "status": "archived" if archived else "active",
            "external_key_id": None,
            "residency": "GLOBAL",
        }

    def _members(self, today: date) -> list[Json]:
        """Who is a member today; usage keeps the ids of those who left."""
        people = [p for p in self._world.people if p.active_on(today)]
        service = {
            "object": "organization.user",
            "id": self._directory.service_user,
            "name": None,
            "email": None,
            "role": "reader",
            "added_at": self._directory.created,
            "is_service_account": True,
        }
        return [*map(self._user, people), service]

    def _user(self, person: Person) -> Json:
        return {
            "object": "organization.user",
            "id": self._directory.user_id(person),
            "name": person.name,
            "email": person.email,
            "role": "owner" if person.number == 1 else "reader",
            "added_at": epoch(person.joined),
            "is_service_account": False,
        }

    def _api_key(self, key: ApiKey, today: date) -> Json:
        owner: Json
        if key.person:
            user = self._user(key.person)
            kept = {name: user[name] for name in ("id", "name", "email", "role")}
            owner = {"type": "user", "user": {**kept, "created_at": user["added_at"]}}
        else:
            account = {"id": self._directory.service_account_id(key), "name": key.name, "role": "member"}
            owner = {"type": "service_account", "service_account": {**account, "created_at": self._directory.created}}
        has_access = not key.person or key.person.active_on(today)
        return {
            "object": "organization.project.api_key",
            "redacted_value": f"sk-{'proj' if key.person else 'svcacct'}-...{key.id[-4:]}",
            "name": key.name,
            "created_at": self._directory.created,
            "last_used_at": None,
            "id": key.id,
            "owner_project_access": "active" if has_access else "inactive",
            "owner": owner,
        }

    def _query(self, call: Call, *names: str) -> Query:
        query = Query(call.query)
        if self._knobs.strict_parameters:
            query.known((*_PAGE, *names))
        return query

    def _list(self, query: Query, rows: list[Json]) -> Json:
        limit, after = min(query.limit(20, 100), self._knobs.page_cap or 100), query.text("after")
        page = list_after(rows, after, limit)
        if page is None:
            raise invalid("after", f"Invalid 'after': '{after}'.", None)
        return {"object": "list", **page}


def _is_archived(project: Project, today: date) -> bool:
    return project.archived is not None and project.archived <= today
