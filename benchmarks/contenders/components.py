"""The transformation that the declarative manifest runs for every row when it maps."""

from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.transformations import RecordTransformation

from benchmarks.contenders.unified import record as unified


@dataclass
class Unified(RecordTransformation):
    def transform(self, record: dict[str, Any], *_: Any, **__: Any) -> None:
        mapped = unified(dict(record))
        record.clear()
        record.update(mapped)
