"""The first step: a tune's job and files from its host, and the task that is made of them. Nothing is paid.

Stopped at any point, the same command goes on: what is saved is not fetched again, and once the task is there the host is not
asked at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from distill.adopt import adoption as adoptions
from distill.adopt.adoption import JOB, TUNE, Adoption
from distill.adopt.host import access, ends
from distill.adopt.host.files import NAMES, Role, TuneFile, fetch, wanted
from distill.adopt.host.tunes import find
from distill.adopt.task.written import StudentAndPrice, WrittenTask, write_task
from distill.atomic_write import write_atomic, write_json
from distill.errors import UsageError
from distill.money import Rate
from distill.spec import SPEC_FILE
from distill.task import event_loop
from distill.teacher.endpoint.address import Address

if TYPE_CHECKING:
    from openai import AsyncOpenAI


@dataclass(frozen=True, slots=True)
class AdoptRequest:
    """What a person asks for: a tune, and what they say of it. `own` are files of theirs in place of the host's."""

    given: str
    base_url: str | None = None
    key_env: str = "OPENAI_API_KEY"
    base: str | None = None
    into: Path | None = None
    own: Mapping[Role, Path] | None = None
    price: Rate | None = None


@dataclass(frozen=True, slots=True)
class AdoptedFiles:
    """The tune, its files, and its task; `task` is None where the task was there before."""

    folder: Path
    adoption: Adoption
    task: WrittenTask | None = None

    @property
    def spec(self) -> Path:
        return self.folder / SPEC_FILE

    @property
    def files(self) -> Sequence[TuneFile]:
        return self.adoption.files


async def take(request: AdoptRequest, project: Path, env: Mapping[str, str]) -> AdoptedFiles:
    """The files of a tune, and its task; UsageError where there is no such tune, or no task can be made of its files."""
    before = adoptions.found(project, request.given, request.into)
    if before is not None and adoptions.complete(before[0]):
        if request.own:
            raise UsageError(
                f"{before[0]} holds this tune's task already; for one of your own files give a new folder: --into FOLDER"
            )
        return AdoptedFiles(*before)
    at = access.address_of(request.base_url, request.key_env, env)
    own = {role: await asyncio.to_thread(_own, path) for role, path in (request.own or {}).items()}
    async with access.opened(at) as client:
        folder, adoption = before or await _begun(client, request, project, at)
        adoption = await _fetched(client, folder, adoption, own)
    rate = request.price or ends.rate_of(adoption.tune.model or "", adoption.tune.base, at.base_url)
    choice = StudentAndPrice(request.base, at.base_url, request.key_env, rate)
    return AdoptedFiles(folder, adoption, await asyncio.to_thread(write_task, folder, adoption, choice))


taken = event_loop.finished(take)
"""The same from a thread whose loop, if it has one, goes on."""


async def _begun(client: AsyncOpenAI, request: AdoptRequest, project: Path, at: Address) -> tuple[Path, Adoption]:
    """A folder for the tune, with its job as the host wrote it."""
    tune, job = await find(client, request.given)
    looked = await access.look_up(client, tune.model or "")
    folder = adoptions.place(project, tune, request.into)
    last = ends.last_day(tune.model or "", tune.base, at.base_url, looked.shutdown_date)
    made = Adoption(tune, at.shown, last_day=last.isoformat() if last else None, dark=not looked.there)
    await asyncio.to_thread(adoptions.write, folder, made)  # first: with it the folder is known for this tune's
    await asyncio.to_thread(write_json, folder / TUNE / JOB, job)
    return folder, made


async def _fetched(client: AsyncOpenAI, folder: Path, adoption: Adoption, own: Mapping[Role, bytes]) -> Adoption:
    """The adoption with every file that the host gives, or that its owner gave; each is noted as soon as it is here."""
    for file in _given(folder, own):
        adoption = adoption.with_file(file)
        await asyncio.to_thread(_save, folder, file, own[file.role], adoption)
    for role, file_id, name in wanted(adoption.tune):
        there = adoption.file(name)
        if there is not None and there.here and (folder / TUNE / name).exists():
            continue
        adoption = adoption.with_file(await fetch(client, role, file_id, name, folder / TUNE))
        await asyncio.to_thread(adoptions.write, folder, adoption)
    return adoption


def _given(folder: Path, own: Mapping[Role, bytes]) -> list[TuneFile]:
    return [
        TuneFile(role, "", NAMES[role], "given", len(data))
        for role, data in own.items()
        if not (folder / TUNE / NAMES[role]).exists()
    ]


def _save(folder: Path, file: TuneFile, data: bytes, adoption: Adoption) -> None:
    write_atomic(folder / TUNE / file.name, data)
    adoptions.write(folder, adoption)


def _own(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise UsageError(f"{path}: {fault.strerror or fault}; give the file as it was uploaded, JSON Lines") from None


def noted_dark(files: AdoptedFiles) -> AdoptedFiles:
    """The same, once its host has said that the model answers no more."""
    adoption = replace(files.adoption, dark=True)
    adoptions.write(files.folder, adoption)
    return replace(files, adoption=adoption)
