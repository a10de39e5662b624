"""The comparison is fair: what the other contenders are given to map writes the records that this source writes."""

import sys
from pathlib import Path

from benchmarks import memory
from benchmarks.contenders.unified import record
from benchmarks.jobs import Job
from benchmarks.measuring import measure
from benchmarks.server import event
from source_unified_usage.vendors.cursor.mapping import Item, People
from unit_tests.vendors.samples import stream_of


def test_every_contender_maps_to_the_record_of_this_source() -> None:
    stream = stream_of("cursor", {"api_key": "crsr_1"}, "cursor_usage_events")
    for number in range(2000):
        row = event(1_790_812_800_000, number)
        assert [record(row)] == list(stream.usages(Item(row, People({}))))


def test_memory_is_that_of_the_contender_and_not_of_the_benchmark(tmp_path: Path) -> None:
    ballast = bytearray(b"x") * (150 << 20)
    small, large = (
        measure([sys.executable, "-S", "-c", f"print(len(b'x' * {size << 20}))"], tmp_path / "out") for size in (1, 60)
    )
    assert (tmp_path / "out").read_text() == f"{60 << 20}\n"
    assert small.memory < 40 < 60 < large.memory < 110 < len(ballast) >> 20


def test_the_declarative_manifest_maps_only_where_it_should(tmp_path: Path) -> None:
    job = Job("http://localhost:1", 1, tmp_path)
    raw, mapped = ([*map(str, job.declarative(*options))] for options in ((), ("unified",)))
    assert "Unified" not in Path(raw[raw.index("--manifest-path") + 1]).read_text()
    assert "components.Unified" in Path(mapped[mapped.index("--manifest-path") + 1]).read_text()


def test_a_table_of_memory_keeps_what_was_not_measured_now() -> None:
    first, second, third = (f"| `{case.stream}` | {case.size} | 1 | 2.0 | 3 |" for case in memory.CASES[:3])
    page = "\n".join(["before", memory.BEGIN, first, third, "| `gone` | x | 1 | 2.0 | 3 |", memory.END, "after"])
    again = first.replace("| 3 |", "| 4 |")
    written = memory.table({memory.CASES[0].stream: again, memory.CASES[1].stream: second}, page)
    assert [line for line in written.splitlines() if line.startswith("| `")] == [again, second, third]
    assert memory.table({}, written) == written
