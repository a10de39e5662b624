"""Every stream that some configuration offers, with what its class says of it: docs, metadata and reports follow it."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from typing import NamedTuple

from source_unified_usage.core.offer import Offer
from source_unified_usage.core.stream import Grain, Role
from source_unified_usage.core.vendor import Vendor, configured
from source_unified_usage.core.window import Span
from source_unified_usage.vendors import VENDORS


class StreamFacts(NamedTuple):
    """What `UsageStream` documents, and each choice of the fewest options that offers the stream.

    `role`: with the fewest options that offer it; `restates`: with all options. A bill that restates a stream is the
    bill only where that stream is not read.
    """

    name: str
    vendor: type[Vendor]
    about: str
    role: Role
    restates: tuple[str, ...]
    counts_tokens: bool
    grain: Grain
    step: Span
    lookback: Span
    needs: tuple[tuple[str, ...], ...]


OFFER = Offer(VENDORS, lambda config: chain.from_iterable(each.offered() for each in configured(VENDORS, config)))


@cache
def all_streams() -> tuple[StreamFacts, ...]:
    """By vendor, in the order in which it offers them."""
    return tuple(
        StreamFacts(
            stream.name,
            vendor,
            stream.about,
            OFFER.plainest(stream.name).role,
            stream.restates,
            stream.counts_tokens,
            stream.grain,
            stream.step,
            stream.lookback,
            tuple(map(tuple, OFFER.ways(stream.name, {}))),
        )
        for vendor, stream in OFFER.all_streams()
    )


def bills(streams: Iterable[StreamFacts]) -> list[StreamFacts]:
    """Those whose net is what the vendors bill where these streams are read; together they count no money twice."""
    streams = list(streams)
    names = {stream.name for stream in streams}
    return [stream for stream in streams if stream.role == "bill" and names.isdisjoint(stream.restates)]


def spenders(streams: Iterable[StreamFacts], names_people: Callable[[str], bool]) -> Iterator[StreamFacts]:
    """For each bill the stream that shows who spent it: itself, or else the first that restates it, if any.

    None that also restates a bill which another of them shows: together they count no money twice.
    """
    streams = list(streams)
    shown: set[str] = set()
    for bill in bills(streams):
        cuts = [bill, *(stream for stream in streams if bill.name in stream.restates)]
        for cut in cuts:
            money = {bill.name, *cut.restates}
            if names_people(cut.name) and money.isdisjoint(shown):
                shown |= money
                yield cut
                break
