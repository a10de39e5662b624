"""The charts, as Vega-Lite. Colours are the page's CSS variables, so that they follow light, dark and print.

Bars have the length of a double; every number that is written beside them or in a tooltip is text made from the models'
exact decimals. Legends are the page's, because they wrap on a narrow screen.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

Spec = dict[str, Any]
Marks = Sequence[Mapping[str, Any]]

STATUSES = {  # of a day: its label, colour and shape within the square from -1 to 1
    "complete": ("complete", "var(--complete)", "M-0.9,-0.9H0.9V0.9H-0.9Z"),
    "provisional": ("may still change", "var(--complete)", "M-0.9,-0.9H0.9V0.9H-0.9ZM-0.55,-0.55V0.55H0.55V-0.55Z"),
    "quiet": ("read, nothing there", "var(--quiet-day)", "M-0.35,0A0.35,0.35,0,1,1,0.35,0A0.35,0.35,0,1,1,-0.35,0Z"),
    "missing": ("missing", "var(--missing)", "M-0.9,-0.25H0.9V0.25H-0.9Z"),
    "failed": (
        "failed",
        "var(--failed)",
        "M-0.9,-0.5L-0.5,-0.9L0,-0.4L0.5,-0.9L0.9,-0.5L0.4,0L0.9,0.5L0.5,0.9L0,0.4L-0.5,0.9L-0.9,0.5L-0.4,0Z",
    ),
}
# also Vega measures with it, so it names families; the same as in page.css
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
_BAR, _CELL = 26, 18  # pixels, with the space around
_NAMES = alt.ExprRef("containerSize()[0] < 600 ? 140 : 260")  # pixels
_TOTALS = 92  # pixels at the end of the bars


def columns(marks: Marks, colours: Mapping[str, str], about: str) -> Spec:
    """Stacked columns, up and down from zero. Marks: `at` (the column's name, in order), `part`, `amount`, `shown`."""
    order = list(dict.fromkeys(mark["at"] for mark in marks))
    thin = alt.ExprRef("bandwidth('x') < 8 ? 0 : 1")  # or the gaps would cover the columns
    label = "datum.value === 0 ? '0' : datum.label"  # not 0k
    amounts = alt.Axis(format="~s", labelExpr=label, tickCount=5, domain=False, ticks=False)
    chart = (
        alt.Chart(_data(marks))
        .mark_bar(stroke="var(--paper)", strokeWidth=thin, width=alt.ExprRef("min(72, bandwidth('x') * 0.7)"))
        .encode(
            x=alt.X("at:N", title=None, sort=order, axis=alt.Axis(labelAngle=0, labelOverlap=True, ticks=False)),
            y=alt.Y("amount:Q", title=None, axis=amounts),
            color=_parts(colours),
            tooltip=_tooltip(("at", "When"), ("part", "Of"), ("shown", "Amount")),
            order=alt.Order("place:Q"),
        )
    )
    return _finished(chart, about, height=240 if len({mark["part"] for mark in marks}) > 1 else 160)


def bars(marks: Marks, totals: Marks, colours: Mapping[str, str], about: str) -> Spec:
    """Stacked bars with their totals written at the end.

    Marks: `of` (the bar's name), `part`, `amount`, `shown`. Totals, in the order of the bars: `of`, `amount`, `shown`.
    """
    amounts = alt.X("amount:Q", axis=None, scale=alt.Scale(nice=False, rangeMax=alt.ExprRef(f"width - {_TOTALS}")))
    names = alt.Y(
        "of:N",
        title=None,
        sort=[total["of"] for total in totals],
        scale=alt.Scale(paddingInner=0.35, paddingOuter=0.15),
        axis=alt.Axis(labelLimit=_NAMES, labelPadding=8, ticks=False, domain=False, labelColor="var(--ink)"),
    )
    stacked = (
        alt.Chart(_data(marks))
        .mark_bar(stroke="var(--paper)", strokeWidth=1)
        .encode(
            x=amounts,
            y=names,
            color=_parts(colours),
            tooltip=_tooltip(("of", "Name"), ("part", "Of"), ("shown", "Amount")),
            order=alt.Order("place:Q"),
        )
    )
    written = (
        alt.Chart(_data(totals))
        .mark_text(align="left", dx=8, color="var(--ink)", fontSize=12)
        .encode(x=amounts, y=names, text="shown:N")
    )
    return _finished(alt.layer(stacked, written), about, height=_BAR * len(totals))


def calendar(marks: Marks, first: str, last: str, about: str) -> Spec:
    """A row of days for each stream, from a first to a last day. Marks: `stream`, `day`, `status`, `rows`."""
    labels, colours, shapes = zip(*STATUSES.values(), strict=True)
    streams = list(dict.fromkeys(mark["stream"] for mark in marks))
    values = [{**mark, "status": STATUSES[mark["status"]][0]} for mark in marks]
    days = alt.Axis(format="%-d %b", grid=False, labelPadding=6, tickCount="week", labelFlush=True, labelOverlap=True)
    names = alt.Axis(labelLimit=_NAMES, labelPadding=10, ticks=False, domain=False, labelColor="var(--ink)")
    chart = (
        alt.Chart(_data(values))
        .mark_point(filled=True, opacity=1, strokeWidth=0, size=alt.ExprRef("pow(clamp(width / 40, 5, 15), 2)"))
        .encode(
            x=alt.X("day:T", title=None, axis=days, scale=alt.Scale(type="utc", domain=[first, last], padding=8)),
            y=alt.Y("stream:N", title=None, sort=streams, axis=names),
            color=alt.Color("status:N", scale=alt.Scale(domain=labels, range=colours), legend=None),
            shape=alt.Shape("status:N", scale=alt.Scale(domain=labels, range=shapes), legend=None),
            tooltip=_tooltip(("stream", "Stream"), ("day", "Day"), ("status", "Status"), ("rows", "Rows")),
        )
    )
    return _finished(chart, about, height=_CELL * len(streams))


def _data(marks: Marks) -> alt.InlineData:
    return alt.InlineData(values=[dict(mark) for mark in marks])


def _parts(colours: Mapping[str, str]) -> alt.Color:
    return alt.Color("part:N", scale=alt.Scale(domain=list(colours), range=list(colours.values())), legend=None)


def _tooltip(*fields: tuple[str, str]) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in fields]


def _finished(chart: Any, about: str, height: int) -> Spec:
    spec: Spec = (
        chart.properties(width="container", height=height, description=about, background="transparent")
        .configure(font=_FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="var(--quiet)",
            labelFontSize=12,
            gridColor="var(--rule)",
            domainColor="var(--rule)",
            tickColor="var(--rule)",
        )
        .to_dict()
    )
    return spec
