"""The files of a tuning job at its host: uploaded once, and waited for until the host has read them.

A host reads a file after its upload, and many refuse a job of an unread one. It is waited for, but not for ever.
"""

from __future__ import annotations

import asyncio
import time

from distill.protocol.job_states import State
from distill.student.hosts.host import TuningHost
from distill.student.hosts.job import TuneError

FILE_S = 900.0
"""How long a host may take to read a file."""
_UPLOADED_S = 60.0
"""The same where its word is `uploaded`, which some hosts say for ever: then the create tells."""


async def read(host: TuningHost, file_id: str, *, poll_s: float) -> bool:
    """Wait until the host has read the file; False where it has it no more. Raises `TuneError` where it refuses the file, or
    does not read it."""
    began = time.monotonic()
    while True:
        file = await host.file(file_id)
        if file is None or file.state in (State.CANCELLED, State.EXPIRED):
            return False
        if file.state is State.COMPLETED:
            return True
        if file.state is State.FAILED:
            raise TuneError(f"the host refuses the file {file.name or file_id}: {file.fault or 'no reason given'}")
        waited_s = time.monotonic() - began
        if waited_s >= _UPLOADED_S and (file.state is State.UNKNOWN or file.word.lower() == "uploaded"):
            return True
        if waited_s >= FILE_S:
            raise TuneError(
                f"the host has not read the file {file_id} in {waited_s:.0f} s (its state is {file.word!r}); run again, the same upload serves"
            )
        await asyncio.sleep(poll_s)
