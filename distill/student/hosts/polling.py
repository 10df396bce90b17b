"""A tuning job watched to its end, with what its host tells of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from distill.student.hosts.job import Event, TuneError, state_of
from distill.teacher.endpoint.job_states import State

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent

_NO_SUCH_PATH = (404, 405, 501)
_UNKNOWN_S = 86400.0
"""How long a job in a state that no table knows is taken for one that goes on."""


async def to_the_end(
    client: AsyncOpenAI, job: FineTuningJob, *, poll_s: float, tell: Callable[[Event], None]
) -> FineTuningJob:
    """Poll to the end, passing on each event once, oldest first."""
    told: set[str] = set()
    odd, since = "", time.monotonic()
    while True:
        job = await client.fine_tuning.jobs.retrieve(job.id)
        for event in reversed(await _fresh(client, job.id, told)):
            data = getattr(event, "data", None)
            tell(Event(getattr(event, "level", None) or "info", event.message, data if isinstance(data, dict) else {}))
        state = state_of(job)
        if state.ended:
            return job
        if state is State.UNKNOWN and odd != job.status:
            odd, since = job.status, time.monotonic()
            said = f"the host's word for the job is {odd!r}, which is unknown: it is treated as running"
            tell(Event("warn", said))
        if state is State.UNKNOWN and time.monotonic() - since > _UNKNOWN_S:
            raise TuneError(f"job {job.id} is {odd!r} for a day, a word that is not known here; look at it on the host")
        await asyncio.sleep(poll_s)


async def _fresh(client: AsyncOpenAI, job_id: str, told: set[str]) -> list[FineTuningJobEvent]:
    """The events that were not told yet, newest first; none from a host that tells none."""
    from openai import APIStatusError

    fresh: list[FineTuningJobEvent] = []
    try:
        async for event in client.fine_tuning.jobs.list_events(job_id, limit=100):
            if event.id in told:
                break  # newest first: what follows was told before
            told.add(event.id)
            fresh.append(event)
    except APIStatusError as error:
        if error.status_code not in _NO_SUCH_PATH:
            raise
        return []
    return fresh
