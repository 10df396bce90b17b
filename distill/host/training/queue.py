"""The jobs in turn: files are checked one job at a time, and one job at a time trains, the oldest first, each in a process of its own.

The state of a job is in the database alone. A pause or a cancel is a change there, which the job's process feels within a quarter of a
second: its standard input is closed, or it is killed. A host that starts finds the jobs as they were: one that was training goes on from its
last checkpoint.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO, Protocol

from distill.host.home import Home
from distill.host.state import jobs
from distill.host.state.database import Database
from distill.host.state.jobs import Job
from distill.host.training import order, outcome

_LOOK_S = 0.25
"""How often a process is looked at."""
_AFTER_FAULT_S = 5.0
_PATIENCE_S = 20.0
"""What a process gets to write its checkpoint when the server is closed."""
_PHASES = {"check": ("validating_files",), "train": ("running", "queued")}
"""Which jobs a phase takes, in order."""
_LOG = logging.getLogger(__name__)


class JobProcess(Protocol):
    """What the queue needs of a job's process, such as a `Popen`: closing its standard input ends it at its next step."""

    stdin: IO[bytes] | None

    def poll(self) -> int | None:
        """Its exit code, None while it works."""

    def kill(self) -> None:
        """End it at once."""


def started(folder: Path, phase: str) -> JobProcess:
    """The process of a job, in a session of its own, so that a Ctrl-C for the server is none for it."""
    command = [sys.executable, "-m", "distill.host.training.work", str(folder), phase]
    with (folder / "worker.log").open("ab") as log:
        return Popen(command, stdin=PIPE, stdout=DEVNULL, stderr=log, start_new_session=True)  # noqa: S603 - our own


class TrainingQueue:
    """Started and closed by the server, in its event loop; woken when there may be something to do. `start` starts a phase of a job."""

    def __init__(self, db: Database, home: Home, start: Callable[[Path, str], JobProcess] = started) -> None:
        self._db, self._home, self._start_process = db, home, start
        self._woken = {phase: asyncio.Event() for phase in _PHASES}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Go on with what there is."""
        self._tasks = [asyncio.create_task(self._lane(phase)) for phase in _PHASES]

    def wake(self) -> None:
        """Look for jobs: one was made, or goes on."""
        for event in self._woken.values():
            event.set()

    async def close(self) -> None:
        """Stop; what trains writes a checkpoint first and goes on when the host is started again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _lane(self, phase: str) -> None:
        while True:
            try:
                job = jobs.next_of(self._db, *_PHASES[phase])
                if job is None:
                    await self._woken[phase].wait()
                    self._woken[phase].clear()
                    continue
                await self._work_or_fail(job, phase)
            except (OSError, sqlite3.Error) as fault:
                # Such as a full disk: the job is tried again until what it says can be written down.
                _LOG.warning("the queue of jobs waits: %s", fault)
                await asyncio.sleep(_AFTER_FAULT_S)

    async def _work_or_fail(self, job: Job, phase: str) -> None:
        try:
            await self._work(job, phase)
        except (OSError, sqlite3.Error):
            raise
        except Exception:  # noqa: BLE001 - a fault of ours in one job must not end all jobs
            _LOG.exception("the job %s", job.id)
            message = "The host could not go on with this job; its log says why"
            outcome.fail(self._db, job.id, code="server_error", message=message)

    async def _work(self, job: Job, phase: str) -> None:
        """One process, from its start to its end."""
        while outcome.take(self._db, self._home, job.id):  # what an earlier one said while nobody listened
            pass
        now = jobs.get(self._db, job.id)
        if now is None or now.status not in _PHASES[phase]:
            return
        self._announce(now, phase)
        process = self._start_process(self._home.job(job.id), phase)
        try:
            code = await self._followed(process, job.id)
        finally:  # also where the server is closing
            await _stopped(process)
        outcome.process_ended(self._db, self._home, job.id, code)
        self.wake()
        ended = jobs.get(self._db, job.id)
        if ended is not None and ended.ended:
            await asyncio.to_thread(order.tidy, self._home.job(job.id))

    def _announce(self, job: Job, phase: str) -> None:
        if phase == "check":
            return
        if jobs.move(self._db, job.id, "queued", "running"):
            jobs.tell(self._db, job.id, "Fine-tuning job started")
        else:
            jobs.tell(self._db, job.id, "The job goes on from its last checkpoint")

    async def _followed(self, process: JobProcess, job_id: str) -> int:
        """Until the process has ended: what it says is taken in, and what the job was told is done. Returns the exit code."""
        while (code := process.poll()) is None:
            await asyncio.sleep(_LOOK_S)
            outcome.take(self._db, self._home, job_id)
            job = jobs.get(self._db, job_id)
            if job is None or job.status == "cancelled":
                process.kill()
            elif job.status == "paused":
                _stop(process)
        return code


def _stop(process: JobProcess) -> None:
    """Have it end at its next step."""
    if process.stdin is not None and not process.stdin.closed:
        process.stdin.close()


async def _stopped(process: JobProcess) -> None:
    """Stop it, and wait a while; it ends by itself later than that too."""
    _stop(process)
    for _ in range(int(_PATIENCE_S / _LOOK_S)):
        if process.poll() is not None:
            return
        await asyncio.sleep(_LOOK_S)
