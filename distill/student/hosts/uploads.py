"""The files of a tuning job at its host: uploaded once, and waited for until the host has read them.

A host reads a file after its upload, and many refuse a job of an unread one. It is waited for, but not for ever.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from distill.student.hosts.job import TuneError
from distill.teacher.endpoint.job_states import State, of_file

if TYPE_CHECKING:
    from openai import AsyncOpenAI

FILE_S = 900.0
"""How long a host may take to read a file."""
_UPLOADED_S = 60.0
"""The same where its word is `uploaded`, which some hosts say for ever: then the create tells."""


async def upload(client: AsyncOpenAI, path: Path) -> str:
    data = await asyncio.to_thread(path.read_bytes)
    return (await client.files.create(file=(path.name, data), purpose="fine-tune")).id


async def there(client: AsyncOpenAI, file_id: str, *, poll_s: float) -> bool:
    """Whether the host has a file that was uploaded before, read by the time this returns."""
    from openai import NotFoundError

    try:
        return await read(client, file_id, poll_s=poll_s)
    except NotFoundError:
        return False


async def read(client: AsyncOpenAI, file_id: str, *, poll_s: float) -> bool:
    """Wait until the host has read the file; False where it has it no more. Raises `TuneError` where it refuses the file, or
    does not read it."""
    began = time.monotonic()
    while True:
        file = await client.files.retrieve(file_id)
        word = getattr(file, "status", None)
        match of_file(word, uploaded_is_read=False):
            case State.COMPLETED:
                return True
            case State.FAILED:
                why = getattr(file, "status_details", None) or "no reason given"
                raise TuneError(f"the host refuses the file {getattr(file, 'filename', file_id)}: {why}")
            case State.CANCELLED | State.EXPIRED:
                return False
            case state:
                waited_s = time.monotonic() - began
        if waited_s >= _UPLOADED_S and (state is State.UNKNOWN or str(word).lower() == "uploaded"):
            return True
        if waited_s >= FILE_S:
            raise TuneError(
                f"the host has not read the file {file_id} in {waited_s:.0f} s (its state is {word!r}); run again, the same upload serves"
            )
        await asyncio.sleep(poll_s)
