"""Every configured credential asked once, beside the reads, which may find out late that one is refused."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lake.display import Display
from lake.environment import COMMAND
from lake.selection import Selected


class Check:
    """The source's `check` of all vendors in one process. It stops no read: another credential may be good."""

    def __init__(self, jobs: Sequence[Selected], display: Display, folder: Path) -> None:
        config = {name: value for job in jobs for name, value in job.config.items()}
        place = folder / "check.json"
        place.write_text(json.dumps(config), encoding="utf-8")
        self._display = display
        command = [*COMMAND, "check", "--config", str(place)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")

    def run(self) -> None:
        """Wait for the answers and show them."""
        said, _ = self._process.communicate()
        messages = [json.loads(line) for line in said.splitlines()]
        for status in (one["connectionStatus"] for one in messages if one["type"] == "CONNECTION_STATUS"):
            if status["status"] == "SUCCEEDED":
                self._display.say("check", "every vendor accepts its credentials")
            else:
                self._display.say("check", f"failed: {status['message']}", style="red")

    def stop(self) -> None:
        self._process.terminate()
