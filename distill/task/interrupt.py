"""A signal to stop: what is in flight comes home first."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator

from distill.task import event_loop
from distill.teacher.send import Sender


@contextlib.contextmanager
def interruptible(sender: Sender) -> Iterator[None]:
    """First Ctrl-C or SIGTERM: no new sends, what is in flight comes home. Second: stop now; at most what was in flight is pending.

    A terminal or a connection that is closed (SIGHUP) is a first one, however often the system and the shell say so. Where
    nobody is to be hung up (nohup) it ends nothing.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def asked() -> None:
        if sender.stop.is_set() and task is not None:
            task.cancel()
        sender.stop.set()

    handled: list[signal.Signals] = []
    wanted = {signal.SIGINT: asked, signal.SIGTERM: asked}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        wanted[signal.SIGHUP] = sender.stop.set
    try:
        for one, handler in wanted.items():
            loop.add_signal_handler(one, handler)
            handled.append(one)
    except (NotImplementedError, RuntimeError, ValueError):  # not the main thread: a notebook's own handler stays
        pass
    try:
        with event_loop.interrupts(asked):
            yield
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        for handle in handled:
            loop.remove_signal_handler(handle)
