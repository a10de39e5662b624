"""`python -m sandbox`: serve the vendors' APIs on one local port, and write the config that reads them."""

import argparse
import contextlib
import errno
import json
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from sandbox.server import Sandbox

EXAMPLE = Path(__file__).parent.parent / "secrets.example" / "sandbox.json"
CONFIG = Path("secrets") / "sandbox.json"
DAYS = 14


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=_port, default=8800)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--days", type=int, default=120, help="how many days of data there are")
    args = parser.parse_args()
    try:
        with Sandbox(seed=args.seed, days=args.days, port=args.port) as sandbox, contextlib.suppress(KeyboardInterrupt):
            config = _write_config(sandbox)
            print(f"sandbox ready on http://localhost:{sandbox.port} with {', '.join(sandbox.vendors)}")
            print(f"{CONFIG} reads it from {config['start_date']} on; Ctrl-C ends it", flush=True)
            threading.Event().wait()
    except OSError as error:
        sys.exit(f"The sandbox does not start on port {args.port}: {_reason(error)}.")


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "it is in use. make sandbox PORT=0 takes a free one"
    return error.strerror or str(error)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port, which is a number from 0 to 65535")
    return int(text)


def _write_config(sandbox: Sandbox) -> dict[str, Any]:
    """The example at this port, from two weeks before today: enough to show something, little enough to wait."""
    text = EXAMPLE.read_text(encoding="utf-8").replace(":8800/", f":{sandbox.port}/")
    config: dict[str, Any] = json.loads(text)
    config["start_date"] = f"{sandbox.clock.today() - timedelta(days=DAYS)}"
    CONFIG.parent.mkdir(exist_ok=True)
    CONFIG.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return config


if __name__ == "__main__":
    main()
