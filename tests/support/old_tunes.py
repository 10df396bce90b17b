"""Tunes that a host made long ago: their rows, their files at the tuning double, and jobs that have ended."""

from __future__ import annotations

import json
import random
from typing import Any

from tuning_jobs import TuningHost, new_job

Row = dict[str, Any]
SYSTEM = "Route the message to a team: billing, delivery or account."
TEAMS = {
    "billing": ("the invoice charges me twice", "a refund of my payment is missing", "your bill shows a wrong price"),
    "delivery": ("the parcel has not come", "a courier left the box in the rain", "my shipment is late again"),
    "account": ("I cannot log in with my password", "please change my e-mail address", "the profile page locks me out"),
}
_WORDS = (
    "lamp", "river", "copper", "onion", "violin", "gravel", "passport", "thunder", "biscuit", "ladder", "walnut", "harbour", "pencil",
    "kettle", "mirror",
)  # fmt: skip


def message(i: int) -> tuple[str, str]:
    """(a message, its team); no two are near each other."""
    chance, team = random.Random(i), list(TEAMS)[i % 3]
    words = " ".join(chance.sample(_WORDS, 6))
    return f"{words}: {chance.choice(TEAMS[team])}, {chance.randrange(10**6)} {chance.choice(_WORDS)}", team


def row(i: int, system: str | None = SYSTEM) -> Row:
    asked, team = message(i)
    before = [{"role": "system", "content": system}] if system else []
    return {"messages": [*before, {"role": "user", "content": asked}, {"role": "assistant", "content": team}]}


def rows(count: int, start: int = 0) -> list[Row]:
    return [row(i) for i in range(start, start + count)]


def lines(given: list[Row]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in given)


def uploaded(host: TuningHost, data: bytes | list[Row]) -> str:
    """The id of a file that lies at the host."""
    data = data if isinstance(data, bytes) else lines(data)
    name = f"file-{len(host.files) + 1}"
    record = {"id": name, "object": "file", "bytes": len(data), "created_at": 0, "filename": "rows.jsonl"}
    host.files[name] = record | {"purpose": "fine-tune", "status": "processed", "data": data, "pending": 0}
    return name


def tuned(
    host: TuningHost, training: bytes | list[Row], validation: bytes | list[Row] | None = None, *, suffix: str = "router",
    **changed: Any,
) -> Row:  # fmt: skip
    """A job that has ended with a model; `changed` are fields that the host tells otherwise."""
    files = {"training_file": uploaded(host, training)}
    files |= {"validation_file": uploaded(host, validation)} if validation is not None else {}
    job = new_job(host, {"model": "tiny", **files})
    end = {"status": "succeeded", "finished_at": 1_790_000_000, "trained_tokens": 1234}
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3, "batch_size": 1}}}
    made = str(job["id"])
    job |= {**end, "fine_tuned_model": f"ft:tiny:acme:{suffix}:{made[-1]}x", "method": method, **changed}
    host.jobs[str(job["id"])] = host.jobs.pop(made)
    return job
