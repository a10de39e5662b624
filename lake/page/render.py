"""One HTML file: the parts, the style and one copy of Vega's JavaScript. A policy in it forbids every request."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import vl_convert

from lake.page import figures
from lake.page.parts import Figure, Folded, Table

_FOLDER = Path(__file__).parent


def html(**content: Any) -> str:
    """The page. `content`: what the template names."""
    scripts = [_vega(), (_FOLDER / "page.js").read_text(encoding="utf-8")]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": figures.shown, "exact": figures.exact, "as_data": _as_data}
    environment.tests |= {kind.__name__.lower(): _is(kind) for kind in (Figure, Folded, Table)}
    return environment.get_template("page.html").render(
        **content,
        numbers=figures.NUMBERS,
        style=(_FOLDER / "page.css").read_text(encoding="utf-8"),
        scripts=scripts,
        policy=_policy(scripts),
    )


@cache
def _vega() -> str:
    """Vega, Vega-Lite and Vega-Embed, of which the page calls only the last. Takes some seconds."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


def _is(kind: type) -> Callable[[object], bool]:
    return lambda part: isinstance(part, kind)


def _policy(scripts: list[str]) -> str:
    """Only these scripts run, and nothing is loaded from anywhere."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {allowed}"


def _as_data(spec: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(spec, separators=(",", ":")).replace("<", "\\u003c")
