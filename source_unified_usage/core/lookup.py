"""Names for ids: read once per sync and shared by the streams of a vendor. A failure costs names, never rows."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic

from typing_extensions import TypeVar

from source_unified_usage.core import clock
from source_unified_usage.core.api import Api
from source_unified_usage.core.errors import UNMAPPABLE, SourceError, Unavailable
from source_unified_usage.core.progress import logger
from source_unified_usage.core.usage import Row, compact

T = TypeVar("T", default=Any)
_LONGEST = 30  # seconds that names may hold up a sync, waits for the vendor's rate limit not counted
_MOST_PAGES = 1000  # of one list; more is a vendor that never ends

Pages = Callable[[Any], Iterable[Mapping[str, T]]]
"""Asks the Api that it is given, and yields the entries of a list by id, page after page."""


def by_id(rows: Iterable[Any]) -> dict[str, Row]:
    """The entries of a list by id, without those that have none."""
    return {row["id"]: row for row in rows if isinstance(row, Mapping) and row.get("id")}


def mailbox(email: str) -> str:
    """An e-mail in the form in which it is compared: vendors do not spell it alike everywhere."""
    return email.strip().lower()


def texts(rows: Iterable[Any], *fields: str) -> dict[str, dict[str, str]]:
    """These fields of the entries of a list, by id. A value that is no text is left out: it must not break a record."""
    return {id: texts_of(row, *fields) for id, row in by_id(rows).items() if isinstance(id, str)}


def texts_of(row: Row, *fields: str) -> dict[str, str]:
    """Those of the fields that are texts and not empty."""
    return {field: row[field] for field in fields if row.get(field) and isinstance(row[field], str)}


def named(id: str | None, names: Mapping[str, Mapping[str, str]], **more: Any) -> dict[str, Any]:
    """What a record says of something: its id, its name where it is known, and `more`."""
    return compact(id=id, name=names.get(id, {}).get("name"), **more) if id else compact(**more)


def names(api: Api, pages: Pages[T]) -> tuple[Mapping[str, T], SourceError | None]:
    """As much of a list as comes in time, and why it failed, if it did. Raises nothing, whatever is wrong with it."""
    api = api.for_lookup()
    found: dict[str, T] = {}
    began = clock.monotonic()
    try:
        for count, page in enumerate(pages(api), 1):
            found.update(page)
            if count == _MOST_PAGES or clock.monotonic() - began - api.paced > _LONGEST:
                raise Unavailable(f"{count} pages in {clock.monotonic() - began:.0f} s, the rest is left")
    except SourceError as error:
        return found, error
    except UNMAPPABLE as error:
        return found, api.unreadable(error)
    return found, None


class Lookup(Generic[T]):
    """A list that is read at its first use.

    A call is for names and never raises: names that the vendor refuses or fails to send are missing, and one INFO line
    says so. `required` is for rows that depend on the list.
    """

    def __init__(self, api: Api, what: str, pages: Pages[T]) -> None:
        self._api, self._what, self._pages = api, what, pages
        self._lock = threading.Lock()
        self._found: Mapping[str, T] | None = None
        self._whole = False

    def __call__(self) -> Mapping[str, T]:
        with self._lock:
            if self._found is None:
                self._found, failure = names(self._api, self._pages)
                self._whole = failure is None
                if failure:
                    say_missing(self._api, self._what, failure, some=bool(self._found))
            return self._found

    def required(self, api: Api) -> Mapping[str, T]:
        """The whole list, asked for with `api` unless names were read from it before. Raises what reading it raises."""
        with self._lock:
            if self._found is None or not self._whole:
                self._found = {id: row for page in self._pages(api) for id, row in page.items()}
                self._whole = True
            return self._found


def say_missing(api: Api, what: str, failure: SourceError, *, some: bool) -> None:
    said = f"not all {what}, some records" if some else f"no {what}, records"
    logger.info(f"{api.title}: {said} carry ids only ({failure})")
