"""`_lake_streams`: what became of every configured stream at its latest sync. The model of the coverage reads it."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import NamedTuple

from sqlalchemy import Connection, text

TABLE = "_lake_streams"
NEVER = "Not read yet."
_OF_ONE_REQUEST = re.compile(r", stream \w+, \S+:| \(request id [^)]*\)")


class Outcome(NamedTuple):
    """`outcome`: ok, failed or not_read. `reason`: a sentence, empty when it is ok."""

    stream: str
    outcome: str
    reason: str = ""


def cause(stream: str, reason: str) -> str:
    """The reason without what names one stream or one request, so that it is equal for all that have the same cause."""
    return _OF_ONE_REQUEST.sub("", reason).replace(stream, "")


def expect(
    connection: Connection, schema: str, configured: Iterable[tuple[str, Sequence[str]]], kept: set[str]
) -> None:
    """Make the table hold a row for every configured stream, and no others.

    `configured`: vendors with their streams. `kept`: vendors whose streams cannot be told at the moment.
    """
    table = f"{schema}.{TABLE}"
    connection.execute(
        text(
            f"create table if not exists {table} "
            "(stream text, vendor text, synced_at timestamp, outcome text, reason text)"
        )
    )
    held = {(vendor, stream) for vendor, stream in connection.execute(text(f"select vendor, stream from {table}"))}
    wanted = {(vendor, stream) for vendor, streams in configured for stream in streams}
    for vendor, stream in held - wanted:
        if vendor not in kept:
            connection.execute(
                text(f"delete from {table} where vendor = :vendor and stream = :stream"),
                {"vendor": vendor, "stream": stream},
            )
    for vendor, stream in wanted - held:
        _insert(connection, table, vendor, Outcome(stream, "not_read", NEVER), None)
    connection.commit()


def replace(connection: Connection, schema: str, vendor: str, outcomes: Iterable[Outcome]) -> None:
    """Put the outcomes of a sync in the place of the earlier ones of the same streams."""
    table = f"{schema}.{TABLE}"
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    for one in outcomes:
        connection.execute(text(f"delete from {table} where stream = :stream"), {"stream": one.stream})
        _insert(connection, table, vendor, one, now)
    connection.commit()


def fail(connection: Connection, schema: str, vendor: str, reason: str) -> None:
    """Mark all streams of a vendor whose streams cannot be told."""
    connection.execute(
        text(
            f"update {schema}.{TABLE} set outcome = 'failed', reason = :reason, synced_at = :now where vendor = :vendor"
        ),
        {"reason": reason, "now": datetime.now(timezone.utc).replace(tzinfo=None), "vendor": vendor},
    )
    connection.commit()


def _insert(connection: Connection, table: str, vendor: str, one: Outcome, now: datetime | None) -> None:
    connection.execute(
        text(f"insert into {table} values (:stream, :vendor, :now, :outcome, :reason)"),
        {"stream": one.stream, "vendor": vendor, "now": now, "outcome": one.outcome, "reason": one.reason or None},
    )
