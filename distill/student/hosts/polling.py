"""A tuning job watched to its end, with what its host tells of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from distill.protocol.job_states import State
from distill.student.hosts.host import Event, RemoteJob, TuningHost
from distill.student.hosts.job import TuneError

_UNKNOWN_S = 86400.0
"""How long a job in a state that no table knows is taken for one that goes on."""


async def to_the_end(host: TuningHost, job_id: str, *, poll_s: float, tell: Callable[[Event], None]) -> RemoteJob:
    """Poll to the end, passing on each event once, oldest first."""
    told: set[str] = set()
    odd, since = "", time.monotonic()
    while True:
        job = await host.poll(job_id)
        if job is None:
            raise TuneError(f"the host does not know job {job_id} any more; look at it there")
        for event in await host.events(job_id, told):
            tell(event)
        if job.state.ended:
            return job
        if job.state is State.UNKNOWN and odd != job.word:
            odd, since = job.word, time.monotonic()
            said = f"the host's word for the job is {odd!r}, which is unknown: it is treated as running"
            tell(Event("warn", said))
        if job.state is State.UNKNOWN and time.monotonic() - since > _UNKNOWN_S:
            raise TuneError(f"job {job.id} is {odd!r} for a day, a word that is not known here; look at it on the host")
        await asyncio.sleep(poll_s)
