"""`python -m sandbox`: serve the vendors' APIs on one local port."""

import argparse
import contextlib
import threading

from sandbox.server import Sandbox


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8800)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--days", type=int, default=120, help="how many days of data there are")
    args = parser.parse_args()
    with Sandbox(seed=args.seed, days=args.days, port=args.port) as sandbox:
        vendors = ", ".join(sandbox.vendors)
        print(f"sandbox ready on http://localhost:{sandbox.port} with {vendors}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
