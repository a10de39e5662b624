"""From a vendor's rows to records, by the page."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from airbyte_cdk.models import AirbyteMessage, AirbyteRecordMessage, Type

from source_unified_usage.core.errors import UNMAPPABLE, BrokenContract, Defect, Malformed, Unmappable, reason_of
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.usage import Usage
from source_unified_usage.core.validator import RecordValidator, preview
from source_unified_usage.core.window import Window

# Records travel in pages, because the CDK's main loop takes longer for a queue item than the mapping of a row takes.
_PAGE = 250
_ISSUES = "https://github.com/source-unified-usage/source-unified-usage/issues"


class RecordPage(AirbyteMessage):
    """Some hundred records of one stream as one item of the CDK's queue.

    `lines` holds them as finished RECORD messages, one per line, when the entry point writes bytes; otherwise
    `records` holds them and the source unpacks them with `messages`.
    """

    def __init__(self, stream: str, records: Sequence[Usage], *, as_bytes: bool) -> None:
        super().__init__(type=Type.RECORD)
        self.stream, self.count = stream, len(records)
        self.emitted_at = int(time.time() * 1000)
        self.lines = self._serialise(records) if as_bytes else b""
        self.records = [] if as_bytes else records

    def messages(self) -> Iterator[AirbyteMessage]:
        for data in self.records:
            record = AirbyteRecordMessage(stream=self.stream, data=dict(data), emitted_at=self.emitted_at)
            yield AirbyteMessage(type=Type.RECORD, record=record)

    def _serialise(self, records: Sequence[Usage]) -> bytes:
        head = b'{"type":"RECORD","record":{"stream":"%s","data":' % self.stream.encode()
        tail = b',"emitted_at":%d}}\n' % self.emitted_at
        return head + (tail + head).join(map(orjson.dumps, records)) + tail


def pages(stream: UsageStream, window: Window) -> Iterator[list[Usage]]:
    """What one window holds. Raises BrokenContract, Defect, or what `rows` raises."""
    page: list[Usage] = []
    usages, validator, parts_done = stream.usages, RecordValidator(), stream.parts_done
    try:
        for item in stream.rows(window):
            if stream.parts_done != parts_done:
                validator.check(page)
                validator, parts_done = RecordValidator(), stream.parts_done
            try:
                page += usages(item)
            except UNMAPPABLE as error:
                raise Unmappable(item, error) from error
            if len(page) >= _PAGE:
                validator.check(page)
                yield page
                page = []
        validator.check(page)
    except Unmappable as error:
        raise _broken(stream, error.row, error.reason) from error
    except Malformed as error:
        raise Defect(
            f"{_of(stream)}: {error}. This is a defect of the source, neither the vendor's nor one of the "
            f"configuration: please report it at {_ISSUES}."
        ) from error
    except UNMAPPABLE as error:
        raise stream.api.unreadable(error) from error
    if page:
        yield page


def _broken(stream: UsageStream, row: Any, error: Exception) -> BrokenContract:
    return BrokenContract(
        f"{_of(stream)}: the vendor sent a row that cannot be mapped ({reason_of(error)}): {preview(row)}"
    )


def _of(stream: UsageStream) -> str:
    return f"{stream.api.title}, stream {stream.name}"
