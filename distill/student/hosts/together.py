"""Together's own fine-tuning API: /v1/files and /v1/fine-tunes.

A file goes up in three steps: its checksum, for which the host gives an address; the bytes, to that address and without our
key; and a word that they are there. Equal bytes get the file that is there already. A job has no metadata, so its suffix,
which is shown in the list and stands in the model's name, ends with the beginning of our tag.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distill.protocol.job_states import State, meaning
from distill.records import Json
from distill.student.hosts.host import (
    Checkpoint,
    Event,
    Limits,
    PriceQuote,
    RemoteFile,
    RemoteFiles,
    RemoteJob,
    TuningJob,
    laid_over,
)
from distill.student.hosts.together_api import TogetherApi

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OWN_KEYS = ("model", "training_file", "validation_file", "suffix", "random_seed")
"""Keys of a create that are set here, so that `extra` may not."""
_TAG = 11
"""Letters of ours at the end of a suffix."""
SUFFIX = 40 - _TAG - 1
"""Letters that are left of those that the host takes."""
_USD = 1e-9
"""`total_price` is in billionths of a dollar."""
_LOSSES = {
    "step": ("step", "global_step", "train/global_step"),
    "epoch": ("epoch", "train/epoch"),
    "train_loss": ("train_loss", "train/loss", "loss"),
    "valid_loss": ("valid_loss", "eval_loss", "eval/loss", "validation_loss"),
}
"""What a measurement may be called; the host does not document the names."""


class TogetherHost:
    """The host behind a client; `TuningHost` says what each call does."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._api = TogetherApi(client)

    async def limits(self, model: str) -> Limits:
        found = await self._api.get("/fine-tunes/models/limits", query={"model_name": model}) or {}
        names = {"n_epochs": "max_num_epochs", "learning_rate": "max_learning_rate"}
        return Limits(at_most={key: float(found[name]) for key, name in names.items() if found.get(name)})

    async def quote(self, job: TuningJob, files: RemoteFiles) -> PriceQuote | None:
        wanted = (
            "model",
            "training_file",
            "validation_file",
            "n_epochs",
            "n_evals",
            "training_method",
            "training_type",
        )
        asked = {name: value for name, value in body(job, files, "").items() if name in wanted}
        found = await self._api.post("/fine-tunes/estimate-price", asked, missing_ok=True)
        price = (found or {}).get("estimated_total_price")
        if not found or not found.get("estimation_available") or price is None:
            return None
        tokens = (found.get("estimated_train_token_count") or 0) + (found.get("estimated_eval_token_count") or 0)
        limit = found.get("user_limit")
        refused = (
            f"the account may spend ${limit or 0:.2f}, and the job is estimated at ${price:.2f}"
            if found.get("allowed_to_proceed") is False
            else ""
        )
        return PriceQuote(round(tokens), float(price), "the host's own estimate", refused)

    async def upload(self, path: Path) -> str:
        data = await asyncio.to_thread(path.read_bytes)
        about = {
            "purpose": "fine-tune",
            "file_name": path.name,
            "file_type": "jsonl",
            "checksum": hashlib.sha256(data).hexdigest(),
        }
        place = await self._api.place(about)
        if place.url:
            await self._api.put(place.url, data)
            await self._api.post(f"/files/{place.file_id}/preprocess", {})
        return place.file_id

    async def file(self, file_id: str) -> RemoteFile | None:
        found = await self._api.get(f"/files/{file_id}")
        if found is None:
            return None
        word, report = str(found.get("processing_status") or ""), found.get("validation_report") or {}
        state = State.FAILED if report.get("valid") is False or word == "INVALID_FORMAT" else _read(word)
        return RemoteFile(file_id, str(found.get("filename") or ""), word, state, str(report.get("error") or ""))

    async def create(self, job: TuningJob, files: RemoteFiles, tag: str) -> RemoteJob:
        return job_of(await self._api.post("/fine-tunes", body(job, files, tag), retries=0) or {})

    async def find(self, tag: str, files: RemoteFiles | None) -> RemoteJob | None:  # noqa: ARG002 - equal bytes share a file here
        listed = await self._api.get("/fine-tunes") or {}
        found = [job for job in listed.get("data") or () if _mark(tag) in f"{job.get('suffix')} {_name(job)}"]
        going = [job for job in found if not job_of(job).ended_badly]
        newest = max(going, key=lambda job: str(job.get("created_at")), default=None)
        return job_of(newest) if newest is not None else None

    async def poll(self, job_id: str) -> RemoteJob | None:
        found = await self._api.get(f"/fine-tunes/{job_id}")
        if found is None:
            return None
        job = job_of(found)
        return job_of(found, await self._events(job_id)) if job.state is State.FAILED else job

    async def events(self, job_id: str, told: set[str]) -> list[Event]:
        fresh: list[Event] = []
        rows = [_said(row) for row in await self._events(job_id)]
        metrics = await self._api.get(f"/fine-tunes/{job_id}/metrics") or {}
        for event in [*rows, *(_measured(row) for row in metrics.get("metrics") or ())]:
            key = f"{event.level}|{event.message}|{dict(event.data)}"
            if key not in told:
                told.add(key)
                fresh.append(event)
        return fresh

    async def checkpoints(self, job_id: str) -> list[Checkpoint]:
        listed = await self._api.get(f"/fine-tunes/{job_id}/checkpoints") or {}
        found = [
            Checkpoint(one.get("step"), str(one.get("object_name") or one.get("path")))
            for one in listed.get("data") or ()
        ]
        return sorted(found, key=lambda one: one.step or 0)

    async def cancel(self, job_id: str) -> RemoteJob:
        return job_of(await self._api.post(f"/fine-tunes/{job_id}/cancel", {}) or {})

    async def _events(self, job_id: str) -> list[dict[str, Json]]:
        listed = await self._api.get(f"/fine-tunes/{job_id}/events") or {}
        return sorted(listed.get("data") or (), key=lambda row: str(row.get("created_at")))


def body(job: TuningJob, files: RemoteFiles, tag: str) -> dict[str, Json]:
    """The create request."""
    method = {"method": "sft", "train_on_inputs": "auto"} if job.method == "supervised" else {"method": "dpo"}
    epochs = int(job.hyper.get("n_epochs") or 1)
    given = {
        "model": job.model,
        "training_file": files.train,
        "validation_file": files.valid,
        "n_epochs": epochs,
        "n_evals": epochs if files.valid else 0,
        "n_checkpoints": 1,
        "batch_size": "max",
        "training_method": method,
        "suffix": f"{job.suffix}-{_mark(tag)}" if job.suffix else _mark(tag),
        "random_seed": job.seed,
        **job.hyper,
    }
    return laid_over({key: value for key, value in given.items() if value is not None}, job.extra)


def job_of(job: Mapping[str, Json], events: Sequence[Mapping[str, Json]] = ()) -> RemoteJob:
    """A job as this host shows it; why it failed stands in its events."""
    word, price = job.get("status"), job.get("total_price")
    faults = [row for row in events if "error" in f"{row.get('level')} {row.get('type')}".lower()]
    error = str(faults[-1].get("message") or "") if faults else ""
    usd = price * _USD if isinstance(price, int | float) and price > 0 else None
    state = State.FAILED if word == "user_error" else meaning(word)
    return RemoteJob(str(job["id"]), str(word or ""), state, _name(job) or None, job.get("token_count"), usd, error)


def _mark(tag: str) -> str:
    """The part of our tag that stands in a suffix."""
    return f"d{tag[: _TAG - 1]}"


def _name(job: Mapping[str, Json]) -> str:
    return str(job.get("model_output_name") or "")


def _read(word: str) -> State:
    """Of a file: COMPLETED also where it is not validated at all."""
    return meaning(word) if word else State.COMPLETED


def _said(row: Mapping[str, Json]) -> Event:
    level = str(row.get("level") or "info").lower().removeprefix("legacy_")
    level = {"warning": "warn", "iwarning": "warn", "ierror": "error"}.get(level, level)
    return Event(level, str(row.get("message") or row.get("type") or ""))


def _measured(row: Mapping[str, Json]) -> Event:
    data = {name: next((row[key] for key in keys if key in row), None) for name, keys in _LOSSES.items()}
    if data["train_loss"] is None and data["valid_loss"] is None:
        return Event("info", f"measured: {dict(row)}")
    losses = {"training loss": data["train_loss"], "validation loss": data["valid_loss"]}
    said = ", ".join(f"{name} {value:.4f}" for name, value in losses.items() if value is not None)
    return Event("info", f"step {data['step']}: {said}", data)
