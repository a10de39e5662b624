"""Writes constraints.txt, the versions of poetry.lock in the form that pip takes."""

import re
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
PACKAGE = re.compile(
    r'^\[\[package\]\]\nname = "(.+)"\nversion = "(.+)"\n(?:.*\n)*?(?:markers = "(.+)"\n)?files = ', re.M
)


def main() -> None:
    """One line per package; where the lock holds several versions, each with the Pythons that it is for.

    pip knows no extras in constraints, so nothing but the Python version is taken from a marker.
    """
    found = PACKAGE.findall((ROOT / "poetry.lock").read_text(encoding="utf-8"))
    twice = {name for name, *_ in found if [other for other, *_ in found].count(name) > 1}
    lines = []
    for name, version, marker in found:
        condition = f" ; {_condition(marker)}" if name in twice else ""
        lines.append(f"{name}=={version}{condition}")
    text = "# Made from poetry.lock by `make lock`.\n" + "\n".join(lines) + "\n"
    (ROOT / "constraints.txt").write_text(text, encoding="utf-8")


def _condition(marker: str) -> str:
    """The range of Pythons for which this marker of the lock can hold."""
    lock = Marker(marker.replace('\\"', '"'))
    environments = [{"python_version": python, "python_full_version": f"{python}.0"} for python in PYTHONS]
    held = [at["python_version"] for at in environments if lock.evaluate({**at, "extra": "dev"})]
    if len(held) == 1:
        return f'python_version == "{held[0]}"'
    bounds = [f'python_version >= "{held[0]}"'] if held[0] != PYTHONS[0] else []
    bounds += [f'python_version <= "{held[-1]}"'] if held[-1] != PYTHONS[-1] else []
    return " and ".join(bounds)


if __name__ == "__main__":
    main()
