"""The command `distill`, also as `python -m distill`: from its first moment on, an interrupt is one sentence and exit code 130."""

from __future__ import annotations

import contextlib
import signal
import sys
from types import FrameType

from distill.errors import INTERRUPTED, NOT_HERE


def main() -> None:
    """Run the command line, where it can run. Ctrl-C, SIGTERM and a terminal that is closed end alike while nothing is in flight; a run
    that sends has its own way.
    """
    if sys.platform == "win32":
        sys.stderr.write(f"error: {NOT_HERE}\n")
        sys.exit(2)
    try:
        for name in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(name) is not signal.SIG_IGN:  # as `nohup` leaves it
                signal.signal(name, _stop)
        from distill.cli.app import main as run

        run()
    except KeyboardInterrupt:  # before the command line was there to catch it
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with contextlib.suppress(OSError):  # nobody may be there to read it
            sys.stderr.write(f"error: {INTERRUPTED}\n")
        sys.exit(130)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
