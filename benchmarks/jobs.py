"""The command of each contender for the same work."""

import json
import subprocess
import sys
import tempfile
import venv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measuring import HERE, WORK, Command

PEERS = {"singer-sdk": "0.54.9", "dlt": "1.31.0"}
EXTRAS = {"singer-sdk": "[msgspec]"}
FIRST_DAY = "2026-06-01"


def environment(package: str) -> Path:
    """The Python of a venv with one peer in it, made at its first use."""
    python = WORK / package / "bin" / "python"
    if not python.exists():
        print(f"installing {package} {PEERS[package]} ...", flush=True)
        venv.create(WORK / package, with_pip=True)
        wanted = f"{package}{EXTRAS.get(package, '')}=={PEERS[package]}"
        subprocess.run([python, "-m", "pip", "install", "-q", wanted], check=True)
    return python


class Job:
    """Reading `days` days of events from one address, in every contender's way.

    `options` are those of the contender's script; "unified" makes it map every row to the unified record.
    """

    def __init__(self, url: str, days: int, folder: Path = WORK) -> None:
        self.url, self.days = url, days
        self._files = Path(tempfile.mkdtemp(dir=folder))

    def bare(self, *options: str) -> Command:
        return self._script(Path(sys.executable), "bare.py", *options)

    def ours(self) -> Command:
        cursor = {"api_key": "crsr_benchmark_key", "base_url": self.url}
        config = {"start_date": FIRST_DAY, "end_date": self._day(self.days - 1), "cursor": cursor}
        streams = [self._stream("cursor_usage_events")]
        catalog = self._file("catalog", {"streams": streams})
        files: list[str | Path] = ["--config", self._file("ours", config), "--catalog", catalog]
        return [sys.executable, "-m", "benchmarks.unlimited_source", "read", *files]

    def declarative(self, *options: str) -> Command:
        config = {"start_date": FIRST_DAY, "end_date": self._day(self.days), "base_url": self.url}
        cursor, key = ("start_date", "id") if "unified" in options else ("timestamp", "timestamp")
        stream = self._stream("usage_events", cursor, key)
        files: list[str | Path] = ["--config", self._file("declarative", config)]
        files += ["--manifest-path", self._manifest(*options)]
        files += ["--catalog", self._file("declarative_catalog", {"streams": [stream]})]
        if "unified" in options:
            files += ["--components-path", HERE / "contenders/components.py"]
        command = Path(sys.executable).parent / "source-declarative-manifest"
        return ["env", "AIRBYTE_ENABLE_UNSAFE_CODE=true", f"PYTHONPATH={HERE.parent}", command, "read", *files]

    def singer(self, *options: str) -> Command:
        return self._script(environment("singer-sdk"), "singer_tap.py", *options)

    def dlt(self, *options: str) -> Command:
        folder = tempfile.mkdtemp(dir=self._files)
        return self._script(environment("dlt"), "dlt_source.py", folder, *options)

    def _script(self, python: Path, name: str, *arguments: str) -> Command:
        return [python, HERE / "contenders" / name, self.url, FIRST_DAY, str(self.days), *arguments]

    def _manifest(self, *options: str) -> Path:
        """The manifest, for mapping with a transformation of one's own after the selection of records."""
        path = HERE / "contenders/manifest.yaml"
        if "unified" not in options:
            return path
        mapping = "{type: CustomTransformation, class_name: source_declarative_manifest.components.Unified}"
        text = path.read_text().replace("cursor_field: timestamp", "cursor_field: start_date")
        text = text.replace("    retriever:\n", f"    transformations: [{mapping}]\n    retriever:\n")
        mapped = self._files / "unified.yaml"
        mapped.write_text(text)
        return mapped

    def _day(self, offset: int) -> str:
        return str(date.fromisoformat(FIRST_DAY) + timedelta(days=offset))

    def _file(self, name: str, content: Any) -> Path:
        path = self._files / f"{name}.json"
        path.write_text(json.dumps(content))
        return path

    def _stream(self, name: str, cursor: str = "start_date", key: str = "id") -> dict[str, Any]:
        stream = {
            "name": name,
            "json_schema": {},
            "supported_sync_modes": ["full_refresh", "incremental"],
            "source_defined_cursor": True,
            "default_cursor_field": [cursor],
            "source_defined_primary_key": [[key]],
        }
        return {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
