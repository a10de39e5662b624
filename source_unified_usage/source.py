"""The Airbyte source: spec, check, discover and read over all configured vendors."""

import logging
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from itertools import chain
from queue import Queue
from typing import Any

from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStreamStatus,
    AirbyteStreamStatusReason,
    AirbyteStreamStatusReasonType,
    ConfiguredAirbyteCatalog,
    ConnectorSpecification,
    FailureType,
    Level,
    Status,
    StreamDescriptor,
)
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository, MessageRepository
from airbyte_cdk.sources.message.concurrent_repository import ConcurrentMessageRepository
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem
from airbyte_cdk.sources.utils.slice_logger import DebugSliceLogger
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message as status_message

from source_unified_usage.core import clock, files
from source_unified_usage.core.check import ask_all, reason_of_failure
from source_unified_usage.core.config import excluded_fields, present, read_range
from source_unified_usage.core.cursor import WindowCursor
from source_unified_usage.core.errors import ConfigError, SourceError, Unavailable, reason_of
from source_unified_usage.core.offer import Offer
from source_unified_usage.core.outlook import outlook
from source_unified_usage.core.pages import RecordPage
from source_unified_usage.core.progress import Heartbeat, logger
from source_unified_usage.core.reading import StreamReading, cdk_stream
from source_unified_usage.core.scope import scope_in, widened
from source_unified_usage.core.spec import specification
from source_unified_usage.core.stream import Range, UsageStream
from source_unified_usage.core.vendor import Vendor, configured
from source_unified_usage.core.window import Covered
from source_unified_usage.vendors import VENDORS

# Items are pages of records: at most some 10 MB wait for a slow reader of stdout.
_QUEUED_PAGES = 32


class SourceUnifiedUsage(AbstractSource):
    """Usage and cost of the configured vendors, every record in one schema.

    `as_bytes`: `read` yields RecordPages that carry finished lines, for an entry point that writes bytes; otherwise
    it yields ordinary messages.
    """

    def __init__(self, *_: Any, as_bytes: bool = False, **__: Any) -> None:
        self._as_bytes = as_bytes
        self._queue: Queue[QueueItem] = Queue(maxsize=_QUEUED_PAGES)
        self._repository = ConcurrentMessageRepository(self._queue, InMemoryMessageRepository(Level.INFO))
        self._offer = Offer(VENDORS, self._offered)

    @property
    def message_repository(self) -> MessageRepository:
        return self._repository

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        return specification(VENDORS)

    # --- check

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Ask every configured credential once, all at the same time; name every one that fails."""
        ok, reason = self.check_connection(logger, config)
        status = Status.SUCCEEDED if ok else Status.FAILED
        return AirbyteConnectionStatus(status=status, message=reason or None)

    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, str]:
        try:
            self._wanted(config)
            self._excluded(config)
            vendors = self._vendors(config)
            for vendor in vendors:
                vendor.streams()
            probes = [probe for vendor in vendors for probe in vendor.probes()]
            failures = ask_all(probes)
        except Exception as error:  # noqa: BLE001 - a defect must not leave the user without a status
            return False, reason_of_failure("the configuration", error)
        return not failures, " ".join(failures)

    # --- discover

    def streams(self, config: Mapping[str, Any]) -> list[Any]:
        """The offered streams as the CDK's discovery wants them. Asks no vendor."""
        wanted = self._wanted(config)
        return [
            cdk_stream(StreamReading(stream, closed=wanted.closed(stream.grain)), self._cursor(stream, Covered()))
            for stream in self._offered(config)
        ]

    # --- read

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Read the catalog's streams. One that fails leaves the others whole; the error comes at the end."""
        wanted = self._wanted(config)
        excluded = self._excluded(config)
        offered = {stream.name: stream for stream in self._offered(config)}
        selected = [configured.stream.name for configured in catalog.streams]
        unknown = [name for name in selected if name not in offered]
        for name in unknown:
            yield from _not_offered(name, self._offer.why_not(name, present(config)))
        readings = []
        engine_streams = []
        states = ConnectorStateManager(state)
        self._warn_of_unknown(states)
        for stream in (offered[name] for name in selected if name in offered):
            covered = _covered(stream, states, wanted)
            stream.recall(states.get_stream_state(stream.name, None).get("memory") or {})
            covered = stream.plan(wanted, covered)
            stream.api.on_limited = self._limited(stream.name)
            closed = wanted.closed(stream.grain)
            reading = StreamReading(stream, excluded, closed=closed, as_bytes=self._as_bytes)
            readings.append(reading)
            engine_streams.append(cdk_stream(reading, self._cursor(stream, covered, states)))
        for line in outlook(readings):
            logger.info(line)
        if engine_streams:
            with Heartbeat([reading.stats for reading in readings]):
                workers = sum(1 + reading.stream.windows_at_once for reading in readings) + 1
                yield from self._run(engine_streams, workers)
        failures = {reading.stream.name: reading.failure for reading in readings if reading.failure}
        if failures or unknown:
            raise _sync_failed(failures, unknown)

    def _run(self, streams: list[Any], workers: int) -> Iterator[AirbyteMessage]:
        engine = ConcurrentSource.create(
            num_workers=workers,
            initial_number_of_partitions_to_generate=len(streams),
            logger=_engine_logger(),
            slice_logger=DebugSliceLogger(),
            message_repository=self._repository,
            queue=self._queue,
        )
        try:
            for message in engine.read(streams):
                if isinstance(message, RecordPage) and not self._as_bytes:
                    yield from message.messages()
                else:
                    yield message
        except AirbyteTracedException as error:
            if error.internal_message != "Concurrent read failure":
                raise
            # the engine's summary is always a config error; the caller raises one that says who must act

    def _warn_of_unknown(self, states: ConnectorStateManager) -> None:
        """A state of another source would otherwise not be noticed, and everything would be read again."""
        named = {descriptor.name for descriptor in states.per_stream_states}
        if unknown := named and sorted(named - self._offer.all_names()):
            logger.warning(
                f"The state names streams that this source does not have, they are ignored: {', '.join(unknown)}"
            )

    def _cursor(
        self,
        stream: UsageStream,
        covered: Covered,
        states: ConnectorStateManager | None = None,
    ) -> WindowCursor:
        return WindowCursor(stream, covered, self._repository, states or ConnectorStateManager())

    def _limited(self, name: str) -> Any:
        reasons = [AirbyteStreamStatusReason(type=AirbyteStreamStatusReasonType.RATE_LIMITED)]

        def report() -> None:
            descriptor = StreamDescriptor(name=name)
            self._repository.emit_message(status_message(descriptor, AirbyteStreamStatus.RUNNING, reasons))

        return report

    # --- the config

    def configure(self, config: Mapping[str, Any], temp_dir: str) -> Mapping[str, Any]:
        """The config in the form in which it is used, so that the masked secrets are those that are sent.

        The CDK's own method would also write it to a temporary file, with all keys.
        """
        used: Mapping[str, Any] = present(config)
        return used

    def _wanted(self, config: Mapping[str, Any]) -> Range:
        return read_range(present(config), clock.now())

    def _excluded(self, config: Mapping[str, Any]) -> list[str]:
        return excluded_fields(present(config))

    def _vendors(self, config: Mapping[str, Any]) -> Sequence[Vendor]:
        return configured(VENDORS, config)

    def _offered(self, config: Mapping[str, Any]) -> list[UsageStream]:
        return list(chain.from_iterable(vendor.offered() for vendor in self._vendors(config)))

    # --- files that the user names

    @classmethod
    def read_config(cls, config_path: str) -> MutableMapping[str, Any]:
        return files.read_config(config_path)

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        return files.read_catalog(catalog_path)

    @classmethod
    def read_state(cls, state_path: str | None) -> list[AirbyteStateMessage]:
        return files.read_state(state_path)


def _covered(stream: UsageStream, states: ConnectorStateManager, wanted: Range) -> Covered:
    """What the state covers, up to the last day or month that is over.

    Nothing when the config now lets the stream read more than before.
    """
    state = states.get_stream_state(stream.name, None)
    try:
        covered = Covered.from_state(state)
        more = widened(scope_in(state), stream.scope)
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"The state of stream {stream.name} cannot be read ({reason_of(error)}); it needs slices, as this source "
            f"writes them. Reset the stream or take it out of the state: it is then read from the start."
        ) from None
    if more and covered.windows:
        logger.warning(
            f"{stream.name}: what is already read lacks rows because {' and '.join(more)} changed; everything from "
            f"{wanted.start} on is read again."
        )
        return Covered()
    if covered.high_water_mark and covered.high_water_mark > wanted.now:
        logger.warning(
            f"{stream.name}: the state ends on {covered.high_water_mark.to_date_string()}, after today, "
            f"{wanted.today.to_date_string()}. It counts up to today only. If a clock was ahead, reset the stream: "
            f"days that were not over then count as read."
        )
    return covered.until(wanted.closed(stream.grain))


def _not_offered(name: str, sentence: str) -> Iterator[AirbyteMessage]:
    """A stream of the catalog that the config does not offer is an error, not silence."""
    descriptor = StreamDescriptor(name=name)
    yield ConfigError(sentence).as_airbyte_message(descriptor)
    yield status_message(descriptor, AirbyteStreamStatus.INCOMPLETE)


def _sync_failed(failures: Mapping[str, Exception], unknown: Sequence[str]) -> SourceError:
    """One summary. Its type says whether Airbyte tries again: yes, as soon as one stream failed temporarily."""
    reasons = [f"{name}: {error}" for name, error in failures.items()]
    reasons += [f"{name}: not offered by this configuration" for name in unknown]
    count = "1 stream was" if len(reasons) == 1 else f"{len(reasons)} streams were"
    summary = f"{count} not read whole. " + " | ".join(reasons)
    kinds = {getattr(error, "failure_type", FailureType.system_error) for error in failures.values()}
    if FailureType.transient_error in kinds:
        return Unavailable(summary)
    return SourceError(summary) if FailureType.system_error in kinds else ConfigError(summary)


def _engine_logger() -> logging.Logger:
    """The engine's own log: warnings only, and no stack traces of errors that say what to do."""
    engine = logger.getChild("engine")
    engine.setLevel(logging.WARNING)
    if not engine.filters:
        engine.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], SourceError)))
    return engine
