"""The console entry point: launch, write records as bytes, and end at once when the reader of stdout goes away."""

import gc
import io
import logging
import os
import select
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, cast

from source_unified_usage.startup import quick_imports

with quick_imports():
    from airbyte_cdk.connector import TConfig
    from airbyte_cdk.entrypoint import AirbyteEntrypoint
    from airbyte_cdk.models import AirbyteMessage, ConnectorSpecification
    from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor
    from airbyte_cdk.utils import AirbyteTracedException

    from source_unified_usage.core.config import validate
    from source_unified_usage.core.pages import RecordPage
    from source_unified_usage.source import SourceUnifiedUsage


class Entrypoint(AirbyteEntrypoint):
    """The CDK's entry point, with pages of records written as the bytes that the workers made."""

    def __init__(self, source: SourceUnifiedUsage, out: BinaryIO) -> None:
        super().__init__(source)
        self._out = out

    def read(
        self, source_spec: ConnectorSpecification, config: TConfig, catalog: Any, state: list[Any]
    ) -> Iterable[AirbyteMessage]:
        for message in super().read(source_spec, config, catalog, state):
            if isinstance(message, RecordPage):
                self._out.write(message.lines)
            else:
                yield message

    @staticmethod
    def handle_record_counts(message: AirbyteMessage, stream_message_count: Any) -> AirbyteMessage:
        """Counts for sourceStats, pages included."""
        if isinstance(message, RecordPage):
            stream_message_count[HashableStreamDescriptor(name=message.stream)] += message.count
            return message
        return AirbyteEntrypoint.handle_record_counts(message, stream_message_count)

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: TConfig) -> None:
        validate(cast(Mapping[str, Any], config), source_spec.connectionSpecification)


def run() -> None:
    """The command `source-unified-usage`: spec, check, discover or read, as the Airbyte protocol defines them."""
    logging.raiseExceptions = False  # a log line that cannot be written must not write a stack trace
    gc.set_threshold(50_000, 20, 20)  # pages of records make many objects and hardly any garbage
    out = _stdout()
    _end_with(out)
    try:
        entrypoint = Entrypoint(SourceUnifiedUsage(as_bytes=True), out)
        for message in entrypoint.run(entrypoint.parse_args(sys.argv[1:])):
            out.write(message.encode() + b"\n")
            out.flush()
        logging.shutdown()
    except SystemExit:
        raise
    except BrokenPipeError:
        os._exit(1)
    except BaseException as error:  # noqa: BLE001 - workers may still run: the process must end here
        _report(error)
        os._exit(1)


def _stdout() -> BinaryIO:
    """Stdout for bytes, text and log lines alike, always buffered: the buffer's lock keeps every line whole.

    With PYTHONUNBUFFERED set, Python's own stdout would cut a large page where a pipe is full and let a log line in.
    """
    out = io.BufferedWriter(io.FileIO(sys.stdout.fileno(), "wb", closefd=False), 1 << 16)
    sys.stdout = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stdout)
    return out


def _report(error: BaseException) -> None:
    """The last words on stdout: a trace for an expected error, and the log with the stack for a defect."""
    try:
        if isinstance(error, AirbyteTracedException):
            error.emit_message()
        else:
            sys.excepthook(type(error), error, error.__traceback__)
        for handler in logging.getLogger().handlers:
            handler.flush()
        sys.stdout.flush()
    except BrokenPipeError:
        pass


def _end_with(out: BinaryIO) -> None:
    """End the process as soon as nobody reads its output any more, even while it waits for a vendor."""
    poll = select.poll()
    poll.register(out.fileno(), 0)

    def watch() -> None:
        while not any(event & select.POLLERR for _, event in poll.poll()):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="stdout watch").start()


if __name__ == "__main__":
    run()
