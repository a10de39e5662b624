"""The lists that give names to ids: projects, users, keys, service accounts."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sandbox.vendors.openai.directory import ApiKey, Directory, Project, epoch
from sandbox.vendors.openai.knobs import Knobs
from sandbox.vendors.openai.parameters import Parameters
from sandbox.vendors.openai.refusals import Refusal, platform
from sandbox.world import Person, World

Json = dict[str, Any]

_PAGE = ("limit", "after")


class Lookups:
    """Every look-up as of a day; `read` finds the one that a path names."""

    def __init__(self, world: World, directory: Directory, knobs: Knobs) -> None:
        self._world, self._directory, self._knobs = world, directory, knobs

    def read(self, path: str, parameters: Parameters, today: date) -> Json:
        """The answer to `/organization/<path>`."""
        found: Callable[[], Json] | None = None
        match path.split("/"):
            case ["projects"]:
                return self._projects(parameters, today)
            case ["projects", project, *rest]:
                one = next((p for p in self._directory.projects if p.id == project), None)
                if one is None:
                    raise _not_found("project")
                found = {
                    (): lambda: self._project(one, today),
                    ("api_keys",): lambda: self._api_keys(one, parameters, today),
                    ("service_accounts",): lambda: self._accounts(one, parameters, today),
                }.get(tuple(rest))
            case ["users"]:
                return self._users(parameters, today)
            case ["users", user]:
                users = self._members(today)
                if match := next((one for one in users if one["id"] == user), None):
                    return match
                raise _not_found("user")
            case ["admin_api_keys"]:
                return self._admin_keys(parameters)
        if found is None:
            raise platform(404, f"Invalid URL (GET /v1/organization/{path})")
        return found()

    def _projects(self, parameters: Parameters, today: date) -> Json:
        self._known(parameters, "include_archived")
        archived = parameters.boolean("include_archived")
        projects = [self._project(project, today) for project in self._directory.projects]
        return self._list(parameters, [p for p in projects if archived or not p["archived_at"]])

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

    def _users(self, parameters: Parameters, today: date) -> Json:
        self._known(parameters, "emails")
        members = self._members(today)
        if emails := parameters.array("emails"):
            members = [member for member in members if member["email"] in emails]
        return self._list(parameters, members)

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

    def _api_keys(self, project: Project, parameters: Parameters, today: date) -> Json:
        self._known(parameters, "owner_project_access")
        choices = ("active", "inactive", "any")
        access = parameters.choice("owner_project_access", choices, "active")
        if not self._knobs.archived_keys:
            _refuse_archived(project, today)
        keys = [*self._directory.keys.values(), *self._directory.workers.values()]
        rows = [self._api_key(key, today) for key in keys if key.project is project]
        wanted = [row for row in rows if access in ("any", row["owner_project_access"])]
        return self._list(parameters, wanted)

    def _api_key(self, key: ApiKey, today: date) -> Json:
        owner: Json
        if key.person:
            user = self._user(key.person)
            kept = {name: user[name] for name in ("id", "name", "email", "role")}
            owner = {"type": "user", "user": {**kept, "created_at": user["added_at"]}}
        else:
            owner = {"type": "service_account", "service_account": self._account(key)}
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

    def _accounts(self, project: Project, parameters: Parameters, today: date) -> Json:
        self._known(parameters)
        _refuse_archived(project, today)
        worker = self._directory.workers[project.name]
        kind = {"object": "organization.project.service_account"}
        return self._list(parameters, [kind | self._account(worker)])

    def _account(self, key: ApiKey) -> Json:
        return {
            "id": self._directory.service_account_id(key),
            "name": key.name,
            "role": "member",
            "created_at": self._directory.created,
        }

    def _admin_keys(self, parameters: Parameters) -> Json:
        self._known(parameters, "order")
        order = parameters.choice("order", ("asc", "desc"), "asc")
        owner = self._user(self._world.people[0])
        del owner["email"], owner["is_service_account"]
        owner["created_at"] = owner.pop("added_at")
        rows = [
            {
                "object": "organization.admin_api_key",
                "id": f"key_admin{number:04}",
                "name": name,
                "redacted_value": f"sk-admin...{number:04}",
                "created_at": self._directory.created,
                "expires_at": None,
                "last_used_at": None,
                "owner": {"type": "user", **owner},
            }
            for number, name in enumerate(("usage reader", "owner"), 1)
        ]
        return self._list(parameters, rows if order == "asc" else rows[::-1])

    def _known(self, parameters: Parameters, *names: str) -> None:
        if self._knobs.strict_parameters:
            parameters.known((*_PAGE, *names))

    def _list(self, parameters: Parameters, rows: list[Json]) -> Json:
        limit = min(parameters.limit(20, 100), self._knobs.page_cap or 100)
        begin = 0
        if after := parameters.text("after"):
            ids = [row["id"] for row in rows]
            if after not in ids:
                raise platform(400, f"Invalid 'after': '{after}'.", param="after")
            begin = ids.index(after) + 1
        page = rows[begin : begin + limit]
        return {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": begin + limit < len(rows),
        }


def _refuse_archived(project: Project, today: date) -> None:
    if _is_archived(project, today):
        raise platform(400, "This project is archived.", code="project_archived")


def _is_archived(project: Project, today: date) -> bool:
    return project.archived is not None and project.archived <= today


def _not_found(what: str) -> Refusal:
    return platform(404, f"No such {what}.", code="not_found")
