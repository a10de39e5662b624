"""Writes constraints.txt, the versions of poetry.lock in the form that pip takes."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = re.compile(
    r'^\[\[package\]\]\nname = "(.+)"\nversion = "(.+)"\n(?:.*\n)*?(?:markers = "(.+)"\n)?files = ', re.M
)


def main() -> None:
    """One line per package; where the lock holds several versions, each with the Python that it is for.

    pip knows no extras in constraints, so nothing but the Python version is taken from a marker.
    """
    found = PACKAGE.findall((ROOT / "poetry.lock").read_text(encoding="utf-8"))
    twice = {name for name, *_ in found if [other for other, *_ in found].count(name) > 1}
    lines = []
    for name, version, marker in found:
        python = re.search(r'python_version (==|>=) \\"(3\.\d+)\\"', marker)
        condition = f' ; python_version {python[1]} "{python[2]}"' if name in twice and python else ""
        lines.append(f"{name}=={version}{condition}")
    text = "# Made from poetry.lock by `make lock`.\n" + "\n".join(lines) + "\n"
    (ROOT / "constraints.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
