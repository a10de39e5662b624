"""The look-ups of names: environments, organizations and the clusters of an environment."""

from datetime import date

from sandbox.kit import Json, cut
from sandbox.vendor import Call
from sandbox.vendors.confluent.costs import page_place, page_size, token_of
from sandbox.vendors.confluent.credentials import MAY_SEE_ENVIRONMENTS, Key
from sandbox.vendors.confluent.estate import REGION, Cluster, Environment, Estate
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.vendors.confluent.refusals import invalid, not_found, unauthorized

ENVIRONMENTS = "org/v2/environments"
ORGANIZATIONS = "org/v2/organizations"
CLUSTERS = "cmk/v2/clusters"
_API = "https://api.confluent.cloud"
_FOUNDED = date(2024, 6, 1)


class Lookups:
    def __init__(self, estate: Estate, knobs: Knobs) -> None:
        self._estate, self._knobs = estate, knobs

    def environments(self, call: Call, key: Key) -> Json:
        """The environments that the key may see; a BillingAdmin may see none."""
        self._admit("environments")
        seen = self._estate.environments if key.roles & MAY_SEE_ENVIRONMENTS else []
        items = [self._environment(environment) for environment in seen]
        return self._page(ENVIRONMENTS, "EnvironmentList", items, call)

    def organizations(self, call: Call, _: Key) -> Json:
        """The organization of the key."""
        self._admit("organizations")
        items = [
            {
                "api_version": "org/v2",
                "kind": "Organization",
                "id": id,
                "display_name": name,
                "metadata": _metadata(f"{ORGANIZATIONS}/{id}", f"organization={id}", _FOUNDED),
            }
            for id, name in self._knobs.organizations.items()
        ]
        return self._page(ORGANIZATIONS, "OrganizationList", items, call)

    def clusters(self, call: Call, key: Key) -> Json:
        """The Kafka clusters of one environment."""
        self._admit("clusters")
        asked = call.query.get("environment")
        if not asked:
            raise invalid("environment", "environment must be given")
        if not key.roles & MAY_SEE_ENVIRONMENTS:
            raise unauthorized()
        if asked not in {environment.id for environment in self._estate.environments}:
            raise not_found()
        items = [
            self._cluster(cluster)
            for cluster in self._estate.clusters
            if cluster.environment and cluster.environment.id == asked
        ]
        page = self._page(CLUSTERS, "ClusterList", items, call)
        return page if items or not self._knobs.null_clusters else {**page, "data": None}

    def _admit(self, lookup: str) -> None:
        if lookup in self._knobs.denied:
            raise unauthorized()

    def _page(self, path: str, kind: str, items: list[Json], call: Call) -> Json:
        size = page_size(call.query, 10, 100)
        asked = (path, call.query.get("environment"), size)
        place = page_place(call.query, asked, call.now, self._knobs.token_lifetime)
        page, more = cut(items, place, min(size, self._knobs.lookup_page_cap or size))
        url = f"{(self._knobs.next_base or call.base).rstrip('/')}/{path}"
        metadata: Json = {"first": url, "total_size": len(items)}
        if more is not None:
            metadata["next"] = f"{url}?page_token={token_of(asked, more, call.now)}"
        return {"api_version": path.rpartition("/")[0], "kind": kind, "metadata": metadata, "data": page}

    def _environment(self, environment: Environment) -> Json:
        name = f"{self._organization()}/environment={environment.id}"
        return {
            "api_version": "org/v2",
            "kind": "Environment",
            "id": environment.id,
            "display_name": environment.name,
            "metadata": _metadata(f"{ENVIRONMENTS}/{environment.id}", name, environment.created),
        }

    def _cluster(self, cluster: Cluster) -> Json:
        assert cluster.environment
        environment = cluster.environment
        name = f"environment={environment.id}/cloud-cluster={cluster.id}"
        config: Json = {"kind": cluster.kind}
        if cluster.ckus:
            config["cku"] = cluster.ckus
        return {
            "api_version": "cmk/v2",
            "kind": "Cluster",
            "id": cluster.id,
            "metadata": _metadata(f"{CLUSTERS}/{cluster.id}", f"{self._organization()}/{name}", environment.created),
            "spec": {
                "display_name": cluster.renamed[1] if cluster.renamed else cluster.name,
                "availability": "SINGLE_ZONE",
                "cloud": REGION["provider"].upper(),
                "region": REGION["region"],
                "config": config,
                "environment": {"id": environment.id},
            },
            "status": {"phase": "PROVISIONED"},
        }

    def _organization(self) -> str:
        return f"organization={next(iter(self._knobs.organizations), '')}"


def _metadata(path: str, name: str, created: date) -> Json:
    moment = f"{created.isoformat()}T08:00:00Z"
    return {
        "self": f"{_API}/{path}",
        "resource_name": f"crn://confluent.cloud/{name}",
        "created_at": moment,
        "updated_at": moment,
    }
