"""Every tune of an organisation, the most urgent first: how long it still answers, and whether its files are there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal

from distill.adopt.host import ends
from distill.adopt.host.access import KnownModel, look_up, opened
from distill.adopt.host.tunes import CHECKPOINT, Tune, every_job, tune_of
from distill.student.preflight import hosts
from distill.teacher.endpoint.address import Address

if TYPE_CHECKING:
    from openai import AsyncOpenAI

FileWord = Literal["there", "gone", "none", "unknown"]
_AT_ONCE = 8
"""Questions to the host at a time."""


@dataclass(frozen=True, slots=True)
class TuneEntry:
    """A tune with what is left of it. `answers` is False where the host does not know the model any more."""

    model: str
    base: str
    job_id: str
    """Empty where the host shows the model and no job of it."""
    method: str
    made: str | None
    """The day on which its job ended."""
    trained_tokens: int | None
    training_bytes: int | None
    training: FileWord
    validation: FileWord
    answers: bool
    last_day: str | None
    days: int | None
    """Until the last day; negative where it is past."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The tunes of an organisation; `without_model` counts jobs that made none, `closes` is the host's last day for new jobs."""

    host: str
    tunes: Sequence[TuneEntry]
    without_model: int = 0
    closes: str | None = None


async def inventory(at: Address, today: date) -> Inventory:
    """Ask the host for its jobs, then for the model and the files of each; nothing is paid."""
    async with opened(at) as client:
        jobs = [tune_of(job) async for job in every_job(client)]
        tunes = [job for job in jobs if job.model]
        made = len(tunes)
        tunes += await _without_job(client, [tune.model or "" for tune in tunes])
        files, models = await _files(client, tunes), await _models(client, tunes)
    entries = [_entry(one, files, models[one.model or ""], at.base_url, today) for one in tunes]
    closes = hosts.at(at.base_url).closes
    return Inventory(at.shown, sorted(entries, key=_urgency), len(jobs) - made, closes.isoformat() if closes else None)


def _urgency(entry: TuneEntry) -> tuple[bool, int, bool, int]:
    """What still answers before what does not, the fewest days first; at one day what still has its training file, then the newest."""
    days = entry.days if entry.days is not None else 10**6
    made = date.fromisoformat(entry.made).toordinal() if entry.made else 0
    return (not entry.answers or days < 0, days, entry.training != "there", -made)


def _entry(
    tune: Tune, files: Mapping[str, tuple[FileWord, int | None]], model: KnownModel, base_url: str | None, today: date
) -> TuneEntry:
    nothing: tuple[FileWord, int | None] = ("none", None)
    training, validation = files.get(tune.training_file or "", nothing), files.get(tune.validation_file or "", nothing)
    last = ends.last_day(tune.model or "", tune.base, base_url, model.shutdown_date)
    made = tune.finished_at or tune.created_at
    return TuneEntry(
        model=tune.model or "", base=tune.base, job_id=tune.job_id, method=tune.method,
        made=datetime.fromtimestamp(made, UTC).date().isoformat() if made is not None else None,
        trained_tokens=tune.trained_tokens, training_bytes=training[1], training=training[0], validation=validation[0],
        answers=model.there, last_day=last.isoformat() if last else None, days=(last - today).days if last else None,
    )  # fmt: skip


async def _without_job(client: AsyncOpenAI, known: Sequence[str]) -> list[Tune]:
    """Tuned models that the host lists and whose job it does not: another project's, or one that it has forgotten."""
    from openai import APIStatusError

    try:
        names = [model.id async for model in client.models.list()]
    except APIStatusError as error:
        if error.status_code not in (400, 403, 404, 405, 501):
            raise
        return []
    own = tuple(f"{model}{CHECKPOINT}" for model in known)
    fresh = [name for name in names if name.startswith("ft:") and name not in known and not name.startswith(own)]
    return [Tune("", name, name.split(":")[1], "succeeded", method="") for name in fresh]


async def _files(client: AsyncOpenAI, tunes: Sequence[Tune]) -> dict[str, tuple[FileWord, int | None]]:
    ids = dict.fromkeys(one for tune in tunes for one in (tune.training_file, tune.validation_file) if one)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def look(file_id: str) -> tuple[FileWord, int | None]:
        async with gate:
            return await _file(client, file_id)

    return dict(zip(ids, await asyncio.gather(*map(look, ids)), strict=True))


async def _file(client: AsyncOpenAI, file_id: str) -> tuple[FileWord, int | None]:
    from openai import APIStatusError

    try:
        found = await client.files.retrieve(file_id)
    except APIStatusError as error:
        if error.status_code in (404, 410):
            return "gone", None
        if error.status_code in (400, 403, 405, 501):
            return "unknown", None
        raise
    size = getattr(found, "bytes", None)
    return "there", size if isinstance(size, int) else None


async def _models(client: AsyncOpenAI, tunes: Sequence[Tune]) -> dict[str, KnownModel]:
    names = dict.fromkeys(tune.model for tune in tunes if tune.model)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def look(model: str) -> KnownModel:
        async with gate:
            return await look_up(client, model)

    return dict(zip(names, await asyncio.gather(*map(look, names)), strict=True))
