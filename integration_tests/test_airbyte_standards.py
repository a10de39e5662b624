"""The CDK's standard tests on a scenario of the sandbox, which conftest.py at the root starts."""

from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

from source_unified_usage import SourceUnifiedUsage

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]


class TestSuite(SourceTestSuiteBase):
    """Spec, check, discover and read as Airbyte's own suite wants them."""

    connector = SourceUnifiedUsage
