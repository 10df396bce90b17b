"""The command `distill`, also as `python -m distill`: from its first moment on, an interrupt is one sentence and exit code 130."""

from __future__ import annotations

import signal
import sys
from types import FrameType

INTERRUPTED = "interrupted; everything answered is kept, run again to go on"


def main() -> None:
    """Run the command line. Ctrl-C and SIGTERM end alike while nothing is in flight; a run that sends has its own way."""
    try:
        signal.signal(signal.SIGTERM, _stop)
        from distill.cli.app import main as run

        run()
    except KeyboardInterrupt:  # before the command line was there to catch it
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stderr.write(f"error: {INTERRUPTED}\n")
        sys.exit(130)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
