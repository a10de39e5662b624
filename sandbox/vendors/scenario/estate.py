"""The studio: its teams, projects, people, API keys and models."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from sandbox.vendors.scenario.credentials import OTHER_TEAM_ID, PROJECT_ID, TEAM_ID
from sandbox.world import Person, World

KeyStatus = Literal["active", "deleted", "inactive"]


@dataclass(frozen=True)
class Project:
    """A deleted project keeps its usage, but is not listed any more."""

    id: str
    name: str
    deleted: bool = False
    idle: bool = False


@dataclass(frozen=True)
class Member:
    """A person or an API key, as usage names them.

    `described`: `entities` knows the member; `free_only`: the member's jobs cost nothing and are no consumption.
    """

    id: str
    person: Person | None = None
    key_id: str | None = None
    key_name: str | None = None
    key_status: KeyStatus = "active"
    described: bool = True
    free_only: bool = False

    @property
    def is_api_key(self) -> bool:
        return self.key_id is not None


@dataclass(frozen=True)
class Model:
    """`price` in compute units per job, before discounts; an unnamed model is missing from `entities`."""

    id: str
    name: str | None
    price: Decimal
    usage: str
    asset: str
    description: str | None = None


@dataclass(frozen=True)
class Team:
    """`scale` is its activity beside the main team's."""

    id: str
    name: str
    plan: str
    projects: tuple[Project, ...]
    scale: float


MODELS = (
    Model("model_google-gemini-3-1-flash", "Gemini 3.1 Flash", Decimal("7.25"), "custom", "image"),
    Model("model_bfl-flux-2-dev", "FLUX.2 Dev", Decimal("4.5"), "images-generation", "image"),
    Model("model_kling-video-3-0", "Kling 3.0", Decimal("62.5"), "custom", "video", "Text and image to video"),
    Model("model_SANDBOXheroLora000001", "Hero LoRA", Decimal("4.125"), "images-generation", "image"),
    # two private models may share a name
    Model("model_SANDBOXheroLora000002", "Hero LoRA", Decimal("4.125"), "images-generation", "image"),
    Model("model_meshy-5", "Meshy 5", Decimal("20"), "custom", "3d"),
    Model("model_skybox-360", "Skybox 360", Decimal("10.375"), "skybox-base-360", "image-hdr"),
    Model("model_elevenlabs-sfx", "Sound Effects", Decimal("1.875"), "custom", "audio"),
    Model("model_SANDBOXdeleted00000001", None, Decimal("3.75"), "upscale", "image"),
    # a usageName that SDK 2.4.0 does not know
    Model("model_sync-lips-2", "Lips 2", Decimal("15.125"), "lip-sync", "video"),
    Model("model_scenario-preview", "Preview (free)", Decimal(0), "images-generation", "image"),
)
TRAINED, FREE = MODELS[3], MODELS[-1]


class Estate:
    """Everything that does not change with the day, made from the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    @cached_property
    def teams(self) -> dict[str, Team]:
        projects = (
            Project("project_SANDBOXdefault00001", "Default Project"),
            Project(PROJECT_ID, "Mobile RPG"),
            Project("proj_SANDBOXmarketing0001", "Marketing"),
            *(
                Project(f"project_SANDBOX{name}{'0' * (12 - len(name))}", name.title(), idle=name == "search")
                for name in self._world.teams
            ),
            Project("project_SANDBOXconcept00001", "Concept Art", idle=True),
            Project("project_SANDBOXpitch0000001", "Pitch", idle=True),
            Project("project_SANDBOXarchived0001", "Archived Jam", deleted=True),
        )
        labs = (Project("project_SANDBOXlabs00000001", "Labs"),)
        return {
            TEAM_ID: Team(TEAM_ID, "Acme Studio", "enterprise", projects, 1.0),
            OTHER_TEAM_ID: Team(OTHER_TEAM_ID, "Acme Labs", "pro", labs, 0.15),
        }

    @cached_property
    def people(self) -> tuple[Member, ...]:
        return tuple(
            Member(
                id=f"{self._world.random('scenario', 'user', person.number).getrandbits(128):032x}",
                person=person,
                described=person.number % 11 != 0,
                free_only=person.number % 10 == 5,
            )
            for person in self._world.people
        )

    @cached_property
    def api_keys(self) -> tuple[Member, ...]:
        """The key behind the deleted one is known by its usage alone."""
        named: tuple[tuple[str, KeyStatus, bool], ...] = (
            ("render-pipeline", "active", True),
            ("ci-thumbnails", "inactive", True),
            ("old-batch", "deleted", True),
            ("shadow", "deleted", False),
        )
        return tuple(
            Member(
                id=f"apiu_SANDBOX{name.replace('-', '')}",
                key_id=f"api_SANDBOX{name.replace('-', '')}",
                key_name=name,
                key_status=status,
                described=described,
            )
            for name, status, described in named
        )

    @cached_property
    def members(self) -> dict[str, Member]:
        return {member.id: member for member in (*self.people, *self.api_keys)}

    def project_of(self, member: Member, team: Team, luck: float) -> Project:
        """Where a member works: mostly at home, some of the time anywhere that is not idle."""
        busy = [project for project in team.projects if not project.idle]
        if luck < 0.6 and member.person is not None:
            return busy[member.person.number % len(busy)]
        return busy[int(luck * 1000) % len(busy)]

    def user_entity(self, id: str, today: date) -> dict[str, Any] | None:
        """A user as `entities` describes one; people who have left keep their id only."""
        member = self.members[id]
        if not member.described:
            return None
        if member.person is None:
            return {"id": id, "isApiKey": True, "apiKeyId": member.key_id, "apiKeyStatus": member.key_status}
        if not member.person.active_on(today):
            return {"id": id, "isApiKey": False}
        asset = f"asset_SANDBOXavatar{member.person.number:03d}"
        avatar = {"assetId": asset, "url": f"https://cdn.example.invalid/{asset}.png?Signature=sandbox"}
        named = {"email": member.person.email, "fullName": member.person.name}
        return {"id": id, "isApiKey": False, **named, **({"avatar": avatar} if member.person.number % 2 else {})}

    def born(self) -> str:
        """When the teams and projects were made."""
        return f"{self._world.first_day - timedelta(days=400)}T11:19:41.579Z"


def model_entity(id: str) -> dict[str, Any] | None:
    """A model as `entities` describes one; None: a deleted one."""
    for model in MODELS:
        if model.id == id and model.name is not None:
            described = {"shortDescription": model.description} if model.description else {}
            return {"id": id, "name": model.name, **described}
    return None
