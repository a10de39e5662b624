"""Writes constraints.txt, the versions of poetry.lock in the form that pip takes."""

import re
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
PACKAGE = re.compile(r'^name = "(.+)"\nversion = "(.+)"\n')
# for all groups alike, or a table of one for each group
MARKERS = re.compile(r"^markers = (.+)$", re.M)
MARKER = re.compile(r'"((?:[^"\\]|\\.)+)"')


def main() -> None:
    """One line per package; where the lock holds several versions, each with the Pythons that it is for."""
    packages = (ROOT / "poetry.lock").read_text(encoding="utf-8").split("[[package]]\n")[1:]
    found = [(*PACKAGE.findall(package)[0], *MARKERS.findall(package)) for package in packages]
    names = [name for name, *_ in found]
    lines = []
    for name, version, *markers in found:
        condition = f" ; {_condition(*markers)}" if names.count(name) > 1 else ""
        lines.append(f"{name}=={version}{condition}")
    text = "# Made from poetry.lock by `make lock`.\n" + "\n".join(lines) + "\n"
    (ROOT / "constraints.txt").write_text(text, encoding="utf-8")


def _condition(markers: str) -> str:
    """The range of Pythons for which the package can be needed."""
    locks = [Marker(marker.replace('\\"', '"')) for marker in MARKER.findall(markers)]
    environments = [{"python_version": python, "python_full_version": f"{python}.0"} for python in PYTHONS]
    held = [at["python_version"] for at in environments if any(lock.evaluate(at) for lock in locks)]
    if len(held) == 1:
        return f'python_version == "{held[0]}"'
    bounds = [f'python_version >= "{held[0]}"'] if held[0] != PYTHONS[0] else []
    bounds += [f'python_version <= "{held[-1]}"'] if held[-1] != PYTHONS[-1] else []
    return " and ".join(bounds)


if __name__ == "__main__":
    main()
