"""The student trained again on the same rows with the same settings, by other seeds: how much of its score is the luck of one training.

    student_seeds/2/adapter.gguf     as the student's own, or adapter/, model/
    student_seeds/2/trained.json     what it was trained on: it is trained again only where that is another

The student itself is the first and the one that serves; the second has its seed + 1.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING

from distill import reads
from distill.atomic_write import write_json
from distill.evaluate.scores import TRAINING
from distill.records import Json, content_id
from distill.rundir import file_hash
from distill.student import adapter
from distill.student.tuning import replay

if TYPE_CHECKING:
    from pathlib import Path

    from distill.task.run import ActiveRun
    from distill.teacher.endpoint.address import Address

FOLDER = "student_seeds"
_DONE = "trained.json"


async def trained(run: ActiveRun) -> dict[str, Address]:
    """Arm → where each further training answers, trained where it is not there; none where the spec asks for one training."""
    train = run.task.spec.student.train
    if not train.local or "student" not in run.task.spec.arms or train.seeds == 1:
        return {}
    found = {}
    for number in range(2, train.seeds + 1):
        out = run.folder.path / FOLDER / str(number)
        await _trained(run, out, train.seed + number - 1, f"training {number} of {train.seeds} of the student")
        name = f"{run.folder.task}-{run.folder.number:03}-seed-{number}"
        found[f"{TRAINING}{number}"] = adapter.address(run.task.base, out / adapter.served(run.task), name)
    return found


async def _trained(run: ActiveRun, out: Path, seed: int, said: str) -> None:
    key = _key(run, seed)
    if _is_done(run, out, key):
        return
    run.watch.say(f"  {said}")
    _begun(out)
    with replay.rows_of(run) as rows:
        await adapter.train(run, rows, out, seed=seed)
    write_json(out / _DONE, {"key": key})


def _is_done(run: ActiveRun, out: Path, key: str) -> bool:
    try:
        found = json.loads((out / _DONE).read_bytes())
    except (OSError, ValueError):
        return False
    return found == {"key": key} and (out / adapter.served(run.task)).exists()


def _begun(out: Path) -> None:
    """A folder in which nothing says that a training has ended."""
    out.mkdir(parents=True, exist_ok=True)
    (out / _DONE).unlink(missing_ok=True)


def _key(run: ActiveRun, seed: int) -> str:
    """Equal for trainings that are the same."""
    from distill.student.trainers.fine_tuning import TuningSettings

    train, weights = run.task.spec.student.train, run.task.base_weights
    reads.note_file(run.folder / "train.jsonl")
    settings: dict[str, Json] = {
        one.name: getattr(train, one.name)
        for one in fields(TuningSettings)
        if one.name not in ("max_tokens", "full", "begin")
    }
    files = [file_hash(run.folder / name) for name in ("train.jsonl", "valid.jsonl")]
    mixed = train.replay and [train.replay.share, file_hash(run.task.path.parent / train.replay.from_)]
    base = weights.identity if weights else ""
    return content_id(files, settings | {"seed": seed}, train.with_, train.context, base, mixed)
