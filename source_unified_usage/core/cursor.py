"""The state of a stream during a sync: what is written, window by window."""

import threading
from collections.abc import MutableMapping
from typing import Any

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record

from source_unified_usage.core.progress import logger
from source_unified_usage.core.reading import WindowPartition
from source_unified_usage.core.scope import BOTH, scope_in
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.window import Covered


class WindowCursor(Cursor):
    """What has been written, as merged half-open windows, and with which scope. Emits the state after every window."""

    def __init__(
        self, stream: UsageStream, covered: Covered, repository: MessageRepository, states: ConnectorStateManager
    ) -> None:
        self._stream, self._covered = stream, covered
        self._repository, self._states = repository, states
        self._lock = threading.Lock()  # windows of one stream may end at the same time
        self._account: str | None = scope_in(states.get_stream_state(stream.name, None)).get("account")

    @property
    def state(self) -> MutableMapping[str, Any]:
        account = {"account": self._account} if self._account else {}
        scope = {**self._stream.scope, **account}
        more = {"scope": scope, "memory": dict(self._stream.memory())}
        return {**self._covered.to_state(), **{name: part for name, part in more.items() if part}}

    def observe(self, record: Record) -> None:
        """Nothing to do: the window has its own end, whatever its records say."""

    def close_partition(self, partition: Partition) -> None:
        assert isinstance(partition, WindowPartition)
        try:
            if partition.written is not None and self._stream.grain != "snapshot":
                with self._lock:
                    self._recognise(self._stream.api.account)
                    self._covered = self._covered.add(partition.written)
                    self._emit()
        finally:
            partition.close()

    def ensure_at_least_one_state_emitted(self) -> None:
        self._emit()

    def should_be_synced(self, record: Record) -> bool:
        return True

    def _recognise(self, account: str | None) -> None:
        """Forget what was read with the key of another account. One of those that were read before is none."""
        if account is None or account == self._account:
            return
        if self._account is not None and self._covered.windows and account not in self._account.split(BOTH):
            self._covered = Covered()
            logger.warning(
                f"{self._stream.name}: the key belongs to {account}, what was read before to {self._account}: the next "
                f"sync reads everything from the start."
            )
        self._account = account

    def _emit(self) -> None:
        name = self._stream.name
        self._states.update_state_for_stream(name, None, self.state)
        self._repository.emit_message(self._states.create_state_message(name, None))
