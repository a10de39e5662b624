"""Usage of completions and decisions: OpenAI's counts, some within others, as classes of tokens that add up."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from source_unified_usage.core.errors import mapping
from source_unified_usage.core.usage import Number, Row, compact, quantity, total
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.openai.usage import ApiUsage


class CachingUsage(ApiUsage):
    """The usage of an endpoint whose tokens are read from and written to a cache."""

    def results(self, window: Window) -> list[Row]:
        rows = super().results(window)
        for row in rows:
            with mapping(row):
                if not _input(row).agree:
                    self._warn_of_disagreement(row)
        return rows

    def figures(self, row: Row) -> dict[str, Any]:
        requests = quantity(row.get("num_model_requests"))
        return compact(requests=compact(total=requests), tokens=_tokens(row))

    def _warn_of_disagreement(self, row: Row) -> None:
        self.warn_once(
            "tokens",
            f"OpenAI's token counts do not add up in {self.key(row)}; input is taken as input_tokens less cached and "
            f"cache write tokens, and where that is negative only output and total are emitted.",
        )


class _Input(NamedTuple):
    """`input_tokens` without what was read from a cache: `fresh` and `written`, whether the vendor's parts `agree`."""

    fresh: Number
    written: Number | None
    agree: bool


def _input(row: Row) -> _Input:
    """The spelling of cache writes whose identity holds; where none does, the first. Raises KeyError or ValueError."""
    rest = _count(row["input_tokens"]) - (quantity(row.get("input_cached_tokens")) or 0)
    uncached = quantity(row.get("input_uncached_tokens"))
    spellings, agree = _written(row)
    for written in spellings:
        fresh = rest - (written or 0)
        if fresh >= 0 and uncached in (None, fresh):
            return _Input(fresh, written, agree or uncached is not None)
    return _Input(rest - (spellings[0] or 0), spellings[0], False)


def _written(row: Row) -> tuple[list[Number | None], bool]:
    """What may have been written to a cache, the likeliest first, and whether the classes agree with their sum.

    Either `input_cache_write_tokens` is the class of 30 minutes beside the one of 12 hours, or it is the sum of both
    (OpenAI Python SDK, autumn of 2026).
    """
    names = ("input_cache_write_tokens", "input_cache_write_30m_tokens", "input_cache_write_12h_tokens")
    written, half_hour, half_day = (quantity(row.get(name)) for name in names)
    beside = total(written, half_day)
    if half_hour is None:
        return [beside, written], True
    classes = total(half_hour, half_day)
    return [classes, beside, written], written in (None, classes)


def _tokens(row: Row) -> Mapping[str, Number]:
    """The inclusive counts as classes that add up; older rows lack some of them."""
    entered, output = _input(row), _count(row["output_tokens"])
    whole = _count(row["input_tokens"]) + output
    if entered.fresh < 0:
        return {"output": output, "total": whole}
    return compact(
        input=entered.fresh,
        output=output,
        cache_read=quantity(row.get("input_cached_tokens")),
        cache_write=entered.written,
        total=whole,
    )


def _count(value: Any) -> Number:
    count = quantity(value)
    if count is None:
        raise ValueError("a token count is missing")
    return count
