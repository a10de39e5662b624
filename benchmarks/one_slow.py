"""All vendors at once while one of them is slow: the sync should last as long as the slow one alone."""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from sandbox import Fault, Sandbox
from source_unified_usage.vendors import VENDORS

SLOW = "claude"
DAYS = 7


def table(seconds: Callable[[Sequence[str | Path]], float]) -> str:
    """Wall seconds of a sync, for each vendor alone, all together, and the sum of the single ones."""
    names = [vendor.name for vendor in VENDORS]
    alone = {name: _sync(seconds, [name]) for name in names}
    together = _sync(seconds, names)
    lines = ["| vendors | wall s |", "|---|---:|"]
    lines += [f"| {name}{' (slowed)' if name == SLOW else ''} | {wall:.1f} |" for name, wall in alone.items()]
    lines += [f"| **all together** | {together:.1f} |", f"| the sum of them | {sum(alone.values()):.1f} |"]
    return "\n".join(lines)


def _sync(seconds: Callable[[Sequence[str | Path]], float], vendors: Sequence[str]) -> float:
    """Seconds of one sync against a fresh sandbox, in which every answer of the slow vendor comes in pieces."""
    with Sandbox(days=DAYS + 3) as sandbox, tempfile.TemporaryDirectory() as folder:
        sandbox.fault(SLOW, Fault(effect="slow", times=None))
        text = Path("secrets.example/sandbox.json").read_text(encoding="utf-8").replace(":8800/", f":{sandbox.port}/")
        example = json.loads(text)
        config = {name: example[name] for name in vendors}
        config["start_date"] = f"{sandbox.clock.now() - timedelta(days=DAYS):%Y-%m-%d}"
        streams = [
            stream.name
            for vendor in VENDORS
            if vendor.name in config
            for stream in vendor(config[vendor.name]).streams()
        ]
        catalog = {"streams": [_configured(name) for name in streams]}
        files = {"config": config, "catalog": catalog}
        arguments: list[str | Path] = []
        for name, content in files.items():
            path = Path(folder) / f"{name}.json"
            path.write_text(json.dumps(content), encoding="utf-8")
            arguments += [f"--{name}", path]
        wall = seconds([sys.executable, "-m", "benchmarks.unlimited_source", "read", *arguments])
    print(f"  {', '.join(vendors)}: {wall:.1f} s", flush=True)
    return wall


def _configured(name: str) -> dict[str, object]:
    stream = {"name": name, "json_schema": {}, "supported_sync_modes": ["incremental"]}
    return {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
