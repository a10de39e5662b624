"""The section about tokens: by model and class."""

from typing import Any

from lake.page import charts, figures, queries
from lake.page.parts import Figure, Scope, Section, Table, legend, title_of

_TOP = 15
_CLASSES = {"input": "input", "cache_read": "cache read", "cache_write": "cache write", "output": "output"}
_CLASSES |= {"unclassified": "not classified"}
_COLOURS = {label: f"var(--t{number})" for number, label in enumerate(_CLASSES.values())}


def models(scope: Scope) -> Section:
    """A bar for each of the models with most tokens, made of the classes of tokens."""
    sql = queries.tokens(scope.schema, scope.month)
    found = scope.rows(sql)
    title = "Tokens by model"
    if not found:
        return Section("models", title, [sql], [f"No stream that counts tokens has any in {scope.name}."])
    named = [(f"{row['model']} ({title_of(row['vendor'])})", row) for row in found]
    marks: list[dict[str, Any]] = [
        {"of": name, "part": part, "amount": row[column], "shown": figures.count(row[column]), "place": place}
        for name, row in named[:_TOP]
        for place, (column, part) in enumerate(_CLASSES.items())
        if row[column]
    ]
    ends = [{"of": name, "amount": row["total"], "shown": figures.count(row["total"])} for name, row in named[:_TOP]]
    caption = f"Tokens by model and class, {scope.name}"
    if len(named) > _TOP:
        caption += f": the top {_TOP} of {len(named)}"
    figure = Figure(caption, charts.bars(marks, ends, _COLOURS, caption), legend(_COLOURS, (m["part"] for m in marks)))
    columns = [("Model", "text"), ("Vendor", "text"), *((label.capitalize(), "count") for label in _CLASSES.values())]
    columns += [("Total", "count"), ("Requests", "count")]
    body = [
        (row["model"], title_of(row["vendor"]), *(row[name] for name in _CLASSES), row["total"], row["requests"])
        for row in found
    ]
    return Section("models", title, [sql], parts=[figure, Table(f"All {len(found)} models", columns, body)])
