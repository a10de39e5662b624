"""Writes the lists of streams and vendors that people and dbt read: `make tables`.

The tables of streams in docs/unified-usage.md, the suggested streams and allowed hosts of metadata.yaml, dbt's seed of
streams, and the names of the vendors wherever a sentence has all of them.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from scripts.marked import insert
from source_unified_usage.core.vendor import Vendor
from source_unified_usage.core.window import Span
from source_unified_usage.streams import StreamFacts, all_streams, bills, spenders
from source_unified_usage.vendors import VENDORS

ROOT = Path(__file__).parent.parent
PAGE, METADATA, SEED = "docs/unified-usage.md", "metadata.yaml", "dbt/seeds/unified_usage_streams.csv"
RECORDS = ROOT / "unit_tests" / "vendors"
HEAD = "| Stream | One row is | Counts as | Grain | Read again | Offered by |\n|---|---|---|---|---|---|\n"
SENTENCES = (PAGE, "README.md", "pyproject.toml")  # the files with a sentence that names all vendors
# "reads usage and cost of A, B and C and writes", "usage and cost of A, B and C in one"
_SENTENCE = re.compile(r"(usage and cost of\s)[^.]+?(\s(?:and writes|in one)\s)")


def written() -> dict[str, str]:
    """The content of each file by name, as the code says."""
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in (*SENTENCES, METADATA)}
    for vendor in VENDORS:
        begin = f"<!-- streams of {vendor.name}: begin, written by `make tables` -->"
        end = f"<!-- streams of {vendor.name}: end -->"
        texts[PAGE] = insert(texts[PAGE], begin, end, f"\n\n{table(vendor)}\n")
    for what, items in {"hosts": hosts(), "streams": suggested()}.items():
        begin, end = f"# {what}: begin, written by `make tables`", f"# {what}: end"
        lines = "".join(f"      - {json.dumps(item) if item.startswith('*') else item}\n" for item in items)
        texts[METADATA] = insert(texts[METADATA], begin, end, f"\n{lines}      ")
    for name in SENTENCES:
        texts[name], count = _SENTENCE.subn(rf"\g<1>{names()}\g<2>", texts[name])
        assert count, f"{name} has no sentence with all vendors"
    rows = io.StringIO()
    csv.writer(rows, lineterminator="\n").writerows(seed())
    return {**texts, SEED: rows.getvalue()}


def table(vendor: type[Vendor]) -> str:
    """The streams of a vendor in Markdown, and the documentation that they follow."""
    lines = [_line(stream) for stream in all_streams() if stream.vendor is vendor]
    read = datetime.strptime(vendor.as_of, "%Y-%m")
    return f"{HEAD}{''.join(lines)}\nAs {vendor.title} documented it in {read:%B %Y}: {'; '.join(vendor.pages)}.\n"


def _line(stream: StreamFacts) -> str:
    about = re.sub(r"\b[a-z]+_[a-z_]+\b", r"`\g<0>`", stream.about).replace("|", r"\|")
    ways = (
        ", ".join(f"`{need.removeprefix(f'{stream.vendor.name}.')}`" for need in options) for options in stream.needs
    )
    needs = " or ".join(ways)
    again = "every sync" if stream.grain == "snapshot" else _length(stream.lookback)
    return f"| `{stream.name}` | {about} | {_counts_as(stream)} | {stream.grain} | {again} | {needs} |\n"


def _counts_as(stream: StreamFacts) -> str:
    role: str = stream.role
    restated = ", ".join(f"`{name}`" for name in stream.restates)
    if restated:
        role = f"restates {restated}" if role == "restates" else f"{role}, or restates {restated} if that is read"
    return f"{role}, tokens" if stream.counts_tokens else role


def _length(span: Span) -> str:
    length = f"{span.count} {span.unit if span.count != 1 else span.unit.removesuffix('s')}"
    return f"{length}, and from the first of their month" if span.whole_month else length


def names() -> str:
    """All vendors, as a sentence names them."""
    *others, last = (vendor.title for vendor in VENDORS)
    return f"{', '.join(others)} and {last}"


def hosts() -> list[str]:
    """Every host that the source connects to without a configured base URL."""
    found = (urlsplit(address).hostname for vendor in VENDORS for address in vendor.addresses())
    return [host for host in dict.fromkeys(found) if host]


def suggested() -> list[str]:
    """The streams that answer the common questions without counting anything twice.

    The bills (what did we spend), whatever tells who spent them, and the tokens that may be added up (on which models);
    of these no stream that an option beside the credentials offers.
    """
    offered = [each for each in all_streams() if not any(": " in need for need in each.needs[0])]
    chosen = {each.name for each in (*bills(offered), *spenders(offered, names_people))}
    return [each.name for each in offered if each.name in chosen or each.counts_tokens]


def names_people(stream: str) -> bool:
    """Whether a record of the mapping tests has both a person and money."""
    records = [
        record for path in RECORDS.glob(f"*/records/{stream}.*") for record in json.loads(path.read_text("utf-8"))
    ]
    return any(record.get("user") and record.get("charges") for record in records)


def seed() -> Iterator[tuple[str, ...]]:
    """The rows of dbt's seed of streams, its head first; a lookback in months is as long as it can be in days.

    `restates` has names with a space between them. A bill that restates a stream is the bill only where that stream has
    no rows.
    """
    yield "stream", "vendor", "role", "restates", "counts_tokens", "grain", "lookback_days", "lookback_whole_month"
    for each in all_streams():
        span = each.lookback
        days = span.count if span.unit == "days" else 31 * (span.count + 1)  # from a month's last day to a first
        again = 0 if each.grain == "snapshot" else days
        counts_tokens, whole_month = (str(flag).lower() for flag in (each.counts_tokens, span.whole_month))
        facts = (each.name, each.vendor.name, each.role, " ".join(each.restates), counts_tokens, each.grain)
        yield *facts, str(again), whole_month


def main() -> None:
    for name, text in written().items():
        (ROOT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
