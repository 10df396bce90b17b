"""The input files of batches on this machine: written before a batch is entered in the journal, removed once it is collected."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from distill.records import Request
from distill.teacher.batch import journal
from distill.teacher.batch.files import input_file
from distill.teacher.batch.host.client import NotThere
from distill.teacher.batch.host.protocol import BatchService
from distill.teacher.batch.journal import BatchEntry
from distill.teacher.store.store import Store

_STALE_S = 3600.0
"""After which an input file that no open batch names was left by a crash, and is not just being written."""


def folder(store: Store) -> Path:
    """Where they lie, beside the store."""
    return store.path.parent / "batches"


def path(store: Store, key: str) -> Path:
    return folder(store) / f"{key}.jsonl"


def tidy(store: Store) -> None:
    """Remove input files that were written and never entered in the journal."""
    now, keys = time.time(), {batch.key for batch in journal.opened(store)}
    for found in folder(store).iterdir():
        with suppress(FileNotFoundError):  # another process tidies as well
            if found.name.partition(".")[0] not in keys and now - found.stat().st_mtime > _STALE_S:
                found.unlink()


def remove(store: Store, key: str) -> None:
    """All that is here of a batch, also what was downloaded before a crash."""
    for found in folder(store).glob(f"{key}.*"):
        found.unlink(missing_ok=True)


async def sent(store: Store, host: BatchService, batch: BatchEntry, requests: Iterable[Request], url: str) -> Path:
    """The input file of a batch; where it was removed or torn here, the host has it still, or it is written again."""
    here = path(store, batch.key)
    if here.exists() and here.stat().st_size == batch.bytes:
        return here
    aside = here.with_suffix(".part")
    aside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        await host.download(batch.file_id or "", aside)
        whole = aside.stat().st_size >= batch.bytes - 1  # a host may give it back without its last newline
    except NotThere:
        whole = False
    if not whole:
        known = {request.id: request for request in requests}
        with aside.open("wb") as file:
            for name in journal.order(store, batch.key):
                file.write(input_file.line(known[name], url) if name in known else input_file.stub(name, url))
    aside.replace(here)
    return here
