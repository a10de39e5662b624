"""The look-ups of the simulated Scenario."""

from datetime import timedelta

from sandbox import Sandbox
from sandbox.vendors.scenario.credentials import TEAM_ID
from unit_tests.sandbox.scenario.asking import BUSY, activity, ask, exact


def test_projects_come_in_pages_without_the_deleted(own: Sandbox) -> None:
    first = ask(own, "/v1/projects", teamId=TEAM_ID).json()
    second = ask(own, "/v1/projects", paginationToken=first["nextPaginationToken"]).json()
    assert (len(first["projects"]), len(second["projects"]), "nextPaginationToken" in second) == (10, 1, False)
    everything = ask(own, "/v1/projects", pageSize=100).json()
    assert everything == {"projects": first["projects"] + second["projects"]}
    own.scenario.project_page_cap = 4
    assert len(ask(own, "/v1/projects", pageSize=100).json()["projects"]) == 4
    listed = {project["id"] for project in everything["projects"]}
    used = {row["projectId"] for day in range(7) for row in activity(own, BUSY - timedelta(days=day))}
    assert (used - listed, bool(listed - used)) == ({"project_SANDBOXarchived0001"}, True)
    names = {key["id"]: key["name"] for project in everything["projects"] for key in project["keys"]}
    assert names == {"apiu_SANDBOXrenderpipeline": "render-pipeline", "apiu_SANDBOXcithumbnails": "ci-thumbnails"}


def test_consumption_of_a_project_is_that_of_the_billing_period(own: Sandbox) -> None:
    projects = ask(own, "/v1/projects", pageSize=100).json()["projects"]
    deleted = {"projectIds": "project_SANDBOXarchived0001"}
    window = {"startDate": "2026-09-15T00:00:00Z", "endDate": "2026-09-22T09:30:00Z", "type": "consumption"}
    every, gone = (ask(own, **window, **more).json()["consumption"] for more in ({}, deleted))
    listed = sum(exact(project["consumption"]) for project in projects)
    assert listed == sum(exact(row["value"]) for row in every) - sum(exact(row["value"]) for row in gone) > 0


def test_look_ups_can_be_denied(own: Sandbox) -> None:
    own.scenario.denied = {"teams", "projects"}
    assert [ask(own, path).status_code for path in ("/v1/teams", "/v1/projects")] == [403, 403]
    assert ask(own, timeRange="last-day").status_code == 200
