"""Settings of all tests, and what Airbyte's standard tests need, run by pytest or by `airbyte-cdk`."""

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# no test depends on the speed of the machine; `--hypothesis-profile thorough` makes three times as many examples
settings.register_profile("quick", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=33)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=100)
settings.load_profile("quick")

# acceptance-test-config.yml names this file
SCENARIO = Path(__file__).parent / ".tmp" / "sandbox.json"


@pytest.fixture(scope="module", autouse=True)
def _scenario_of_the_standard_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Three days of every vendor, of a few people: so few requests that no rate limit is reached.

    `airbyte-cdk connector test` writes a module of the same name as ours, so both get it.
    """
    if request.path.name != "test_airbyte_standards.py":
        yield
        return
    import time_machine

    from integration_tests.harness import NOW, sandbox_config
    from sandbox import Sandbox

    SCENARIO.parent.mkdir(exist_ok=True)
    with SCENARIO.with_suffix(".lock").open("w") as lock, Sandbox(now=NOW, people=6) as sandbox:
        # the name of the file is fixed, so parallel test processes take turns
        fcntl.flock(lock, fcntl.LOCK_EX)
        SCENARIO.write_text(json.dumps(sandbox_config(sandbox, start_date=f"{NOW - timedelta(days=3):%Y-%m-%d}")))
        with time_machine.travel(NOW, tick=True):
            yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`airbyte-cdk connector test` selects the tests of the image even where no Docker runs."""
    of_the_image = [item for item in items if item.get_closest_marker("image_tests")]
    if of_the_image and not _docker_runs():
        for item in of_the_image:
            item.add_marker(pytest.mark.skip(reason="needs a Docker daemon"))


def _docker_runs() -> bool:
    return bool(shutil.which("docker")) and subprocess.run(["docker", "info"], capture_output=True).returncode == 0
