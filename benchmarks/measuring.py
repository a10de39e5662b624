"""Running commands and measuring them."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
WORK = Path(".benchmarks").absolute()
ROUNDS = 7

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Measure:
    """One whole process: seconds of wall and CPU time, peak resident memory in MB."""

    wall: float
    cpu: float
    memory: float


def measure(command: Command, out: Path = WORK / "out.jsonl") -> Measure:
    """Run it, its output into a file. Raises when it fails."""
    launcher = [sys.executable, "-I", "-S", HERE / "launcher.py", out]
    run = subprocess.run([str(part) for part in (*launcher, *command)], capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"{command[0]} failed: {run.stderr[-2000:]}")
    return Measure(**json.loads(run.stdout))


def typical(commands: Mapping[str, Callable[[], Command]]) -> dict[str, Measure]:
    """By name, the median of some rounds, figure by figure. All take turns, as a machine's speed changes in minutes."""
    found: dict[str, list[Measure]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            found[name].append(measure(command()))
            print(f"  {name}: {found[name][-1].wall:.2f} s", flush=True)
    return {
        name: Measure(*(median(getattr(r, figure) for r in rounds) for figure in ("wall", "cpu", "memory")))
        for name, rounds in found.items()
    }
