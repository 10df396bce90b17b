"""Our job among all that a host of OpenAI's protocol lists, in whatever order and pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from distill.protocol.job_states import State, meaning

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.fine_tuning import FineTuningJob

TAG = "distill_run"
"""The name of our tag in a job's metadata."""
_PAGES = 50
"""Of a hundred jobs each, looked through for ours."""


def _ended_badly(job: FineTuningJob) -> bool:
    return meaning(getattr(job, "status", None)) in (State.FAILED, State.CANCELLED, State.EXPIRED)


async def ours(client: AsyncOpenAI, tag: str, training_file: str | None) -> FineTuningJob | None:
    """The newest job with our tag or of our training file, which no other job has; never one that ended badly."""
    found: list[FineTuningJob] = []
    async for jobs in pages(client):
        for job in jobs:
            tagged = (getattr(job, "metadata", None) or {}).get(TAG) == tag
            same = training_file is not None and getattr(job, "training_file", None) == training_file
            if (tagged or same) and not _ended_badly(job):
                found.append(job)
        if found:
            break
    return max(found, key=lambda job: getattr(job, "created_at", None) or 0, default=None)


async def pages(client: AsyncOpenAI) -> AsyncIterator[list[FineTuningJob]]:
    """The jobs of the host a page at a time, each once: some hosts give the first page for ever, or take no limit. No filter
    is asked for: a host that keeps no metadata would find nothing."""
    from openai import BadRequestError, NotFoundError, UnprocessableEntityError

    try:
        page = await client.fine_tuning.jobs.list(limit=100)
    except (BadRequestError, UnprocessableEntityError):
        page = await client.fine_tuning.jobs.list()
    except NotFoundError:  # a host may list none
        return
    seen = set[str]()
    for _ in range(_PAGES):
        fresh = [job for job in getattr(page, "data", None) or () if job.id not in seen]
        if not fresh:
            return
        yield fresh
        seen |= {job.id for job in fresh}
        if not page.has_next_page():
            return
        page = await page.get_next_page()
