"""What the streams of Datadog have in common."""

from pendulum import DateTime

from source_unified_usage.core.stream import UsageStream
from source_unified_usage.vendors.datadog.api import DatadogApi
from source_unified_usage.vendors.datadog.organizations import Organizations

_KEPT_MONTHS = 15  # before the current one (Usage Metering)


class DatadogStream(UsageStream[DatadogApi]):
    """A stream of the organizations that the config asks for."""

    def __init__(self, api: DatadogApi, organizations: Organizations) -> None:
        super().__init__(api)
        self._organizations = organizations

    def earliest_available(self, today: DateTime) -> DateTime:
        return today.start_of("month").subtract(months=_KEPT_MONTHS)
