"""The CDK's standard tests on a scenario of the sandbox."""

import fcntl
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

from integration_tests.harness import NOW, ROOT, sandbox_config
from sandbox import Sandbox
from source_unified_usage import SourceUnifiedUsage

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]

# acceptance-test-config.yml names this file
SCENARIO = ROOT / ".tmp" / "sandbox.json"


@pytest.fixture(scope="module", autouse=True)
def _sandbox_scenario() -> Iterator[Path]:
    """Three days of every vendor: few enough requests to stay below every limit without waiting."""
    SCENARIO.parent.mkdir(exist_ok=True)
    with SCENARIO.with_suffix(".lock").open("w") as lock, Sandbox(now=NOW) as sandbox:
        # the file's name is fixed: test processes beside this one take their turn
        fcntl.flock(lock, fcntl.LOCK_EX)
        SCENARIO.write_text(json.dumps(sandbox_config(sandbox, start_date=f"{NOW - timedelta(days=3):%Y-%m-%d}")))
        with time_machine.travel(NOW, tick=True):
            yield SCENARIO


class TestSuite(SourceTestSuiteBase):
    """Spec, check, discover and read as Airbyte's own suite wants them."""

    connector = SourceUnifiedUsage
