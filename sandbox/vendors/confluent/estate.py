"""What the company runs on Confluent Cloud: environments, resources and their principals."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sandbox.world import World

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
REGION = {"provider": "aws", "region": "us-east-1"}


@dataclass(frozen=True)
class Environment:
    """`listed`: it still exists; the costs of a deleted one stay."""

    id: str
    name: str
    created: date
    listed: bool = True


@dataclass(frozen=True)
class Resource:
    """Whatever costs are booked on; `renamed`: from which day it has which other name."""

    id: str
    name: str
    environment: Environment | None
    renamed: tuple[date, str] | None = None

    def name_on(self, day: date) -> str:
        return self.renamed[1] if self.renamed and self.renamed[0] <= day else self.name


@dataclass(frozen=True)
class Cluster(Resource):
    """A Kafka cluster; `share` is its part of the company's traffic beside an average one."""

    kind: str = "Standard"
    ckus: int = 0
    share: float = 1.0


@dataclass(frozen=True)
class Connector(Resource):
    """`kind` is its class, as tier_dimensions name it."""

    kind: str = "S3Sink"


class Estate:
    """Every resource with an id made from the seed, so that it is the same on every day."""

    def __init__(self, world: World) -> None:
        self._draw = world.random("confluent", "estate")
        self.half = world.today - timedelta(days=world.days // 2)
        self.production = self._environment("production", date(2025, 1, 10))
        self.staging = self._environment("staging", date(2025, 2, 11))
        self.analytics = self._environment("analytics", date(2025, 6, 3))
        self._retired = Environment(self._id("env"), "legacy", date(2024, 8, 1), listed=False)
        self.environments = [self.production, self.staging, self.analytics]
        self.clusters = [self._cluster(number, team) for number, team in enumerate(world.teams)]
        self.clusters += [
            Cluster(self._id("lkc"), f"{name}-staging", self.staging, kind="Basic", share=0.1)
            for name in world.teams[:2]
        ]
        self.retired = Cluster(
            # one id in two environments: their costs differ in the environment alone
            self.clusters[-1].id,
            "orders-legacy",
            self._retired,
            kind="Basic",
            share=0.2,
        )
        kinds = ("BigQuerySink", "PostgresCdcSource", "S3Sink", "SnowflakeSink")
        self.connectors = [
            Connector(self._id("lcc"), f"{team}-{kind.lower()}", self.production, kind=kind)
            for number, team in enumerate(world.teams)
            for kind in (kinds[number % 4], kinds[(number + 1) % 4])
        ]
        self.custom_connector = self._resource("lcc", "crm-custom", self.production)
        self.registries = [
            self._resource("lsrc", "Stream Governance Package", environment)
            for environment in (self.production, self.staging)
        ]
        self.ksql = self._resource("lksqlc", "enrichment", self.production)
        self.pools = [
            self._resource("lfcp", "orders-pool", self.production),
            self._resource("lfcp", "reports-pool", self.analytics),
        ]
        self.link = self._resource("link", "prod-to-dr", self.production)
        self.bare = Resource("rtce-1", "", None)
        self.principals = self._principals(world)

    def _environment(self, name: str, created: date) -> Environment:
        return Environment(self._id("env"), name, created)

    def _resource(self, prefix: str, name: str, environment: Environment) -> Resource:
        return Resource(self._id(prefix), name, environment)

    def _cluster(self, number: int, team: str) -> Cluster:
        dedicated = number < 2
        return Cluster(
            self._id("lkc"),
            f"{team}-prod",
            self.production,
            renamed=(self.half, f"{team}-core") if number == 0 else None,
            kind="Dedicated" if dedicated else "Standard",
            ckus=2 - number if dedicated else 0,
            share=round(self._draw.uniform(0.4, 1.6), 2),
        )

    def _principals(self, world: World) -> dict[str, list[tuple[str, date | None]]]:
        """By cluster: principal ids, each with the day from which it is gone."""
        people = {person.number: self._id("u") for person in world.people}
        shared = self._id("sa")
        principals: dict[str, list[tuple[str, date | None]]] = {}
        for number, cluster in enumerate(self.clusters):
            team = world.teams[number % len(world.teams)]
            users = [
                (people[person.number], person.left)
                for person in world.people
                if person.team == team and (person.intensity or person.left)
            ]
            # the platform's service account reads from every cluster
            principals[cluster.id] = [(shared, None), (self._id("sa"), None), *users]
        principals[self.clusters[0].id].append((self.pools[0].id, None))
        return principals

    def _id(self, prefix: str) -> str:
        return f"{prefix}-{identifier(self._draw)}"


def identifier(draw: Random) -> str:
    """Six characters, as the vendor's ids end."""
    return "".join(draw.choice(_LETTERS) for _ in range(6))
