"""One child as the parent sees it: the rows that are out at it, and why it ended.

Verdicts come back one by one, so the row that a child is at is always known: it is the first without a verdict. Text goes
both ways as lines of JSON; nothing of the user's is unpickled here, and a line that is no verdict ends the child.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from distill.errors import Fault, SpecError
from distill.sandbox.child import NO_MEMORY
from distill.text.normalise import storable

IMPORT_S = 30.0
"""What importing the user's file, and the libraries that it names, may take."""
FEW, _MOST = 4, 256
"""Rows that are out at a child: few until it shows that it is fast, so that the children share slow ones evenly."""
BYTES = 2**20
_LONGEST = 2**16
"""Bytes of a child's line; a longer one is not ours."""
_ROOT = Path(__file__).parents[2]
_START = "import sys; sys.path.insert(0, sys.argv[1]); from distill.sandbox import child; del sys.path[0]; child.main()"
_ONE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "MALLOC_ARENA_MAX")
_ENV = dict.fromkeys(_ONE, "1")
"""All that a child's environment holds: no key of ours, and what keeps libraries from a thread and a heap for every core."""
LAYERS = frozenset({"landlock", "seccomp", "hook"})
_NONSENSE = (ValueError, TypeError, RecursionError, OverflowError)
"""What reading a line may raise that was not written by our side of the child."""
NumberedLine = tuple[int, bytes]
"""A row's number and its line."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the function said of one row: a score in 0..1 with its own message; no score where it could not judge, and then `cause` says why."""

    score: float | None
    message: str = ""
    cause: str = ""

    @property
    def detail(self) -> str:
        """Why there is no score, in a line."""
        return f"verify: {self.cause}: {self.message}" if self.message else f"verify: {self.cause}"


@dataclass(frozen=True, slots=True)
class Source:
    """The user's file as it was read, and the function's name; what is hashed is what is run."""

    path: Path
    text: str
    function: str


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Of one row: seconds by the clock, and of one child: MiB of address space. `kernel` off is for tests of the layers."""

    seconds: float = 2.0
    megabytes: int = 512
    kernel: bool = True


@dataclass(slots=True)
class Child:
    """One process, the rows that are out at it, and when it must have said something. Once made, it must be ended."""

    source: Source
    limits: SandboxLimits
    selector: selectors.BaseSelector
    waiting: deque[NumberedLine] = field(default_factory=deque)
    held: set[str] = field(default_factory=set)
    ready: bool = False
    ended: bool = False
    deadline: float = 0.0
    _process: subprocess.Popen[bytes] = field(init=False)
    _unsent: bytearray = field(default_factory=bytearray)
    _heard: bytearray = field(default_factory=bytearray)
    _judged: int = 0
    _window: int = FEW
    _cause: str = ""
    """Why its first row has no verdict, where the child said so itself or spoke nonsense."""

    def __post_init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            [sys.executable, "-I", "-B", "-X", "utf8", "-c", _START, str(_ROOT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, env=_ENV,
            cwd=self.source.path.parent, start_new_session=True,
        )  # fmt: skip
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None  # noqa: S101 - both were asked for
            os.set_blocking(pipe.fileno(), False)
        self.selector.register(self._out, selectors.EVENT_READ, self)
        given = {
            "path": str(self.source.path), "source": self.source.text, "function": self.source.function,
            "parent": os.getpid(), "seconds": self.limits.seconds, "megabytes": self.limits.megabytes,
            "kernel": self.limits.kernel,
        }  # fmt: skip
        self.deadline = time.monotonic() + IMPORT_S
        self._send(json.dumps(given).encode() + b"\n")

    @property
    def _in(self) -> int:
        return self._process.stdin.fileno()  # type: ignore[union-attr]  # asked for above

    @property
    def _out(self) -> int:
        return self._process.stdout.fileno()  # type: ignore[union-attr]  # asked for above

    @property
    def room(self) -> int:
        """Rows that it may be given now."""
        busy = len(self._unsent) > BYTES or len(self.waiting) > self._window // 2
        return 0 if busy else self._window - len(self.waiting)

    def give(self, rows: list[NumberedLine]) -> None:
        """Hand rows over; an idle child's clock starts."""
        if not rows:
            return
        if self.ready and not self.waiting:
            self.deadline = time.monotonic() + self.limits.seconds
        self.waiting.extend(rows)
        self._send(b"".join(line for _, line in rows))

    def push(self) -> None:
        """Write as much as the pipe takes."""
        with contextlib.suppress(BlockingIOError, BrokenPipeError):  # a broken one is read to its end
            del self._unsent[: os.write(self._in, memoryview(self._unsent)[:BYTES].tobytes())]
            if not self._unsent:
                self.selector.unregister(self._in)

    def pull(self) -> Iterator[tuple[int, CheckResult]]:
        """What it has said; its clock starts anew at a whole verdict, whatever other bytes come."""
        data = os.read(self._out, BYTES)
        self.ended = not data
        self._heard += data
        *lines, rest = bytes(self._heard).split(b"\n")
        self._heard = bytearray(rest)
        self._window = max(FEW, min(_MOST, 4 * len(lines)))
        for line in lines:
            if self.ended:
                return
            if self.ready:
                yield from self._verdict(line)
            else:
                self._greeted(line)
        if len(rest) > _LONGEST:
            self._nonsense()

    def lost(self, *, late: bool) -> tuple[int, CheckResult] | None:
        """The verdict on the row that it was at when it ended; None where the row deserves another try."""
        if not self.ready:
            raise self._unimportable(f"it takes more than {IMPORT_S:g} s" if late else self._ending())
        if not self.waiting or (self._judged and not late):
            return None
        number, _ = self.waiting.popleft()
        cause = f"no answer within {self.limits.seconds:g} s" if late else self._cause or self._ending()
        return number, CheckResult(None, cause=cause)

    def end(self) -> None:
        """End it and all that it may have started; twice is once."""
        if self._process.returncode is not None:
            return
        for pipe in (self._out, self._in):
            with contextlib.suppress(KeyError):
                self.selector.unregister(pipe)
        if self.ended and not self._cause:
            with contextlib.suppress(subprocess.TimeoutExpired):  # it is on its way out, and its status says why
                self._process.wait(0.5)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with self._process:
            self._process.kill()

    def _send(self, data: bytes) -> None:
        if not self._unsent:
            self.selector.register(self._in, selectors.EVENT_WRITE, self)
        self._unsent += data

    def _greeted(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            at, message = said.get("fault", (0, ""))
            at, message = int(at), storable(str(message))
            held = set[str]() if message else {layer for layer in map(str, said["ready"]) if layer in LAYERS}
        except (*_NONSENSE, AttributeError, KeyError):
            raise self._unimportable("it writes into the pipe to distill") from None
        if message:
            if message == NO_MEMORY:
                message = f"it needs more than {self.limits.megabytes} MiB; raise `megabytes`"
            raise self._unimportable(message, line=at)
        self.ready, self.held = True, held
        self.deadline = time.monotonic() + self.limits.seconds

    def _verdict(self, line: bytes) -> Iterator[tuple[int, CheckResult]]:
        try:
            number, score, message, cause = json.loads(line)
            known = bool(self.waiting) and self.waiting[0][0] == number
            said = CheckResult(_score(score), storable(str(message)), storable(str(cause)))
        except _NONSENSE:
            known = False
        if not known:
            self._nonsense()
        elif said.cause == NO_MEMORY:
            self.ended, self._cause = True, f"used more than {self.limits.megabytes} MiB"
        else:
            self.waiting.popleft()
            self._judged += 1
            self.deadline = time.monotonic() + self.limits.seconds
            yield number, said

    def _nonsense(self) -> None:
        self.ended, self._cause = True, "wrote into the pipe to distill"

    def _ending(self) -> str:
        status = self._process.returncode
        if status >= 0:
            return f"ended its process (exit code {status})"
        try:
            return f"its process was ended by {signal.Signals(-status).name}"
        except ValueError:
            return f"its process was ended by signal {-status}"

    def _unimportable(self, why: str, *, line: int = 0) -> SpecError:
        where = f"{self.source.path}:{line}" if line else str(self.source.path)
        return SpecError(str(self.source.path), [Fault(where, f"cannot be imported: {why}")])


def _score(said: object) -> float | None:
    if said is None:
        return None
    if not isinstance(said, int | float) or not 0 <= said <= 1:  # NaN is not
        raise ValueError("no score")
    return float(said)
