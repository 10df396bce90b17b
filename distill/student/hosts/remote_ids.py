"""The ids of what is at the host, kept in a file before each next step, so that a killed process goes on where it was."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from distill.atomic_write import write_json


@dataclass(frozen=True, slots=True)
class RemoteIds:
    """What is uploaded and made; `tag` says for which data and settings."""

    tag: str
    training_file: str | None = None
    validation_file: str | None = None
    job_id: str | None = None


def load(path: Path, tag: str) -> RemoteIds:
    """The stored ids, or none where they are for other data or settings."""
    try:
        stored = RemoteIds(**json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return RemoteIds(tag)
    return stored if stored.tag == tag else RemoteIds(tag)


def save(path: Path, ids: RemoteIds) -> None:
    """Write them whole or not at all."""
    write_json(path, asdict(ids))
