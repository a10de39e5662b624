"""What the page is made of. Nothing here is HTML: the template escapes every text."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from lake.page import figures
from lake.page.charts import Spec
from source_unified_usage.vendors import VENDORS

Row = Mapping[Any, Any]  # values by column
Rows = Callable[[str], Sequence[Row]]  # the rows of a query, by column
Colours = Mapping[str, str]
SQUARE = "M-0.9,-0.9H0.9V0.9H-0.9Z"

_TITLES = {vendor.name: vendor.title for vendor in VENDORS}
_COLOURS = 8


@dataclass(frozen=True)
class Scope:
    """What the page is about. `colours`: of vendors, by title. `currencies`: in their order."""

    rows: Rows
    schema: str
    month: date
    last_day: date
    colours: Colours
    currencies: Sequence[str]

    @property
    def name(self) -> str:
        return figures.month(self.month)

    def by_currency(self, rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
        """Everything is shown for each currency apart: they are never added."""
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(row["currency"], []).append(row)
        order = [*self.currencies, *sorted(found.keys() - set(self.currencies))]
        yield from ((currency, found[currency]) for currency in order if currency in found)


@dataclass(frozen=True)
class Figure:
    """A chart. `legend`: label, colour and the SVG path of its symbol."""

    caption: str
    spec: Spec
    legend: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Table:
    """`columns`: label and kind (`figures.shown`). `total`: the last row is the sum of the others."""

    caption: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Any]]
    folded: bool = True
    total: bool = False


@dataclass(frozen=True)
class Folded:
    """Figures that are shown when the reader asks for them."""

    caption: str
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Section:
    """`said`: sentences; all there is when there is nothing to draw. `sql`: what the figures come from."""

    id: str
    title: str
    sql: Sequence[str]
    said: Sequence[str] = ()
    parts: Sequence[Figure | Table | Folded] = ()


def title_of(vendor: str) -> str:
    """As the vendor writes itself: `OpenAI`."""
    return _TITLES.get(vendor, vendor)


def palette(vendors: Iterable[str]) -> dict[str, str]:
    """A colour for each vendor by its title, the same everywhere in the page."""
    titles = sorted({title_of(vendor) for vendor in vendors}, key=str.lower)
    return {title: f"var(--c{number % _COLOURS})" for number, title in enumerate(titles)}


def legend(colours: Colours, present: Iterable[str]) -> list[tuple[str, str, str]]:
    """Squares in the colours of the parts that a figure has."""
    held = set(present)
    return [(part, colour, SQUARE) for part, colour in colours.items() if part in held]


def mark(scope: Scope, row: Row, amount: Decimal) -> dict[str, Any]:
    """What a chart needs to draw and to tell of a vendor's amount."""
    vendor = title_of(row["vendor"])
    return {
        "part": vendor,
        "amount": float(amount),
        "shown": f"{figures.amount(amount)} {row['currency']}",
        "place": list(scope.colours).index(vendor),
    }


def figure(scope: Scope, spec: Spec, caption: str, marks: Iterable[Row]) -> Figure:
    """A chart of vendors."""
    return Figure(caption, spec, legend(scope.colours, (mark["part"] for mark in marks)))


def is_money(currency: str) -> bool:
    """Whether it is a currency of ISO 4217 and not a unit of a vendor, as Scenario's CU."""
    return len(currency) == 3 and currency.isascii() and currency.isupper()
