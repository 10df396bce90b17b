"""The files of a tune, fetched once: what the host gives is kept byte for byte, what it does not give has its reason.

A file that is deleted or expired is a 404 of the content route, one that may not be downloaded a 400 or 403. Neither stops the
others. A result file is CSV, which OpenAI sends in base64.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from distill.adopt.host.tunes import Tune
from distill.atomic_write import write_atomic
from distill.secrets.masking import SecretMask

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Role = Literal["training", "validation", "result"]
FileState = Literal["saved", "gone", "refused", "given"]
NAMES: dict[Role, str] = {"training": "training.jsonl", "validation": "validation.jsonl", "result": "result.csv"}
_WORDS = 200
"""Letters of a host's reason that are kept."""


@dataclass(frozen=True, slots=True)
class TuneFile:
    """A file of a tune. `name` is its name in the folder `tune/`; `given`: its owner gave it, in place of the host."""

    role: Role
    file_id: str
    name: str
    state: FileState
    bytes: int = 0
    why: str = ""

    @property
    def here(self) -> bool:
        return self.state in ("saved", "given")


def wanted(tune: Tune) -> list[tuple[Role, str, str]]:
    """(role, id at the host, name in the folder) of every file of a tune."""
    found: list[tuple[Role, str, str]] = []
    if tune.training_file:
        found.append(("training", tune.training_file, NAMES["training"]))
    if tune.validation_file:
        found.append(("validation", tune.validation_file, NAMES["validation"]))
    for number, file_id in enumerate(tune.result_files, 1):
        found.append(("result", file_id, NAMES["result"] if number == 1 else f"result-{number}.csv"))
    return found


async def fetch(client: AsyncOpenAI, role: Role, file_id: str, name: str, folder: Path) -> TuneFile:
    """One file into the folder; what the host has no more, or does not give, comes back with the reason."""
    from openai import APIStatusError

    try:
        data = (await client.files.content(file_id)).content
    except APIStatusError as error:
        if error.status_code not in (400, 403, 404, 410):
            raise
        state: FileState = "gone" if error.status_code in (404, 410) else "refused"
        said = SecretMask.of([client.api_key]).text(" ".join(error.message.split()))
        return TuneFile(role, file_id, name, state, why=said[:_WORDS])
    if _page(data):
        return TuneFile(role, file_id, name, "refused", why="a web page came in place of the file")
    await asyncio.to_thread(write_atomic, folder / name, csv_of(data) if role == "result" else data)
    return TuneFile(role, file_id, name, "saved", len(data))


def csv_of(data: bytes) -> bytes:
    """A result file as CSV, whether it came so or in base64."""
    packed = b"".join(data.split())
    if b"," in data or not packed:
        return data
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return data


def _page(data: bytes) -> bool:
    return data[:200].lstrip().lower().startswith((b"<!doctype", b"<html"))
