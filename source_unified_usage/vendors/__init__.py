"""The vendors, one package each. This is the only list of them."""

from source_unified_usage.core.vendor import Vendor
from source_unified_usage.vendors.claude import Claude
from source_unified_usage.vendors.confluent import Confluent
from source_unified_usage.vendors.cursor import Cursor
from source_unified_usage.vendors.datadog import Datadog
from source_unified_usage.vendors.github import GitHub
from source_unified_usage.vendors.openai import OpenAI
from source_unified_usage.vendors.scenario import Scenario

VENDORS: tuple[type[Vendor], ...] = (Claude, Confluent, Cursor, Datadog, GitHub, OpenAI, Scenario)
