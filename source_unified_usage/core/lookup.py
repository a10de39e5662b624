"""Names for ids: read once per sync, shared by the streams of a vendor, never worth failing for."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from source_unified_usage.core.api import Api
from source_unified_usage.core.errors import UNMAPPABLE, ConfigError, Unavailable
from source_unified_usage.core.progress import logger
from source_unified_usage.core.usage import Row


def by_id(rows: Iterable[Any]) -> dict[str, Row]:
    """What was listed, by id; what has none cannot be looked up."""
    return {row["id"]: row for row in rows if isinstance(row, Mapping) and row.get("id")}


def mailbox(email: str) -> str:
    """An e-mail as it is compared, for vendors do not spell it alike everywhere."""
    return email.strip().lower()


class Lookup:
    """A map that is read at its first use. Where the vendor refuses it, it is empty and one INFO line says so.

    `read` is given an Api that gives up after 30 seconds of 429. `tolerated`: statuses that say "not for this key".
    """

    def __init__(
        self,
        api: Api,
        what: str,
        read: Callable[[Any], Mapping[str, Any]],
        tolerated: tuple[int, ...] = (403, 404),
    ) -> None:
        self._api, self._what, self._read, self._tolerated = api, what, read, tolerated
        self._lock = threading.Lock()
        self._found: Mapping[str, Any] | None = None

    def __call__(self) -> Mapping[str, Any]:
        with self._lock:
            if self._found is None:
                self._found = self._ask()
            return self._found

    def _ask(self) -> Mapping[str, Any]:
        api = self._api.optional(*self._tolerated)
        try:
            return self._read(api)
        except (ConfigError, Unavailable) as error:
            if error.status != 429 and error.status not in self._tolerated:
                raise
            logger.info(f"{self._api.title}: no {self._what}, records carry ids only ({error})")
            return {}
        except UNMAPPABLE as error:
            raise api.unreadable(error) from error
