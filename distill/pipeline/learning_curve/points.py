"""The points of a curve, each trained once and kept in the run's folder:

    curve/lora/00050-0/      train.jsonl  adapter/ (adapter.gguf)  loss.json  answers.parquet  point.json
    curve/linear/00050-0/    linear.npz  answers.parquet  point.json

point.json is written when the training has ended; it names what was trained on, so a point whose rows or settings are others is trained
again. A training that was killed goes on from its checkpoint. Answers of a language model come from the store where it has them.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from distill.atomic_write import write_atomic, write_json, write_parquet
from distill.evaluate.arms import Answers, Arm, call, calls_table
from distill.pipeline.learning_curve.rows import CurveRows
from distill.pipeline.learning_curve.subsets import chosen
from distill.records import Json, content_id
from distill.rundir import file_hash
from distill.student import adapter, linear, soft_labels
from distill.student import stage as teaching
from distill.student.trainers import linear as linear_trainer
from distill.student.trainers.fine_tuning import TuningSettings
from distill.task.run import ActiveRun
from distill.task.stage import stale

_POINT = "point.json"


@dataclass(frozen=True, slots=True)
class PointName:
    """A training: how many rows, and by which seed, counted from the spec's own."""

    rows: int
    seed: int

    def folder(self, run: ActiveRun, rows: CurveRows) -> Path:
        return run.folder.path / rows.place / f"{self.rows:05d}-{self.seed}"


@dataclass(frozen=True, slots=True)
class Trained:
    """What a point came to: the answers to all test rows, and the seconds of its training, None where nobody measured them."""

    name: PointName
    answers: Answers
    seconds: float | None


def is_own(run: ActiveRun, rows: CurveRows, name: PointName) -> bool:
    """Whether a point is the run's own student: all rows, the spec's seed, and trained on what is there now."""
    train = run.task.spec.student.train
    more = train.preference is not None or train.replay is not None  # a point is trained on rows of the dataset alone
    if not rows.own or rows.student != "lora" or name.seed or name.rows < rows.samples.height or more:
        return False
    return not stale(run, "train", teaching.outputs(run.task))


def is_done(run: ActiveRun, rows: CurveRows, name: PointName) -> bool:
    """Whether a point was trained on these rows with these settings."""
    return _done(name.folder(run, rows), _key(run, rows, name)) is not None


async def trained(run: ActiveRun, rows: CurveRows, name: PointName) -> Trained | None:
    """A point with its answers, trained where it is not there; None where a linear model finds nothing to learn in so few rows."""
    out = name.folder(run, rows)
    if rows.student == "linear":
        found = await asyncio.to_thread(_linear, run, rows, name)
    else:
        found = await _lora(run, rows, name)
    if found is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_parquet(out / "answers.parquet", calls_table({rows.spender: found.answers}))
    return found


async def _lora(run: ActiveRun, rows: CurveRows, name: PointName) -> Trained:
    if is_own(run, rows, name):
        tuned, steps = run.folder.path / teaching.outputs(run.task)[-1], teaching.losses(run.folder)
        return Trained(name, await _asked(run, rows, tuned), float(steps[-1]["seconds"]) if steps else None)
    out, key = name.folder(run, rows), _key(run, rows, name)
    seconds = _done(out, key)
    if seconds is None:
        out.mkdir(parents=True, exist_ok=True)
        (out / _POINT).unlink(missing_ok=True)
        write_atomic(
            out / "train.jsonl", b"".join(rows.lines[place] for place in chosen(rows.keys, name.rows, name.seed))
        )
        result = await adapter.train(run, out / "train.jsonl", out, seed=_seed(run, name))
        seconds = result.steps[-1].seconds
        write_json(out / _POINT, {"key": key, **asdict(name), "seconds": seconds, "valid_loss": result.valid_loss})
    return Trained(name, await _asked(run, rows, out / adapter.served(run.task)), seconds)


async def _asked(run: ActiveRun, rows: CurveRows, tuned: Path) -> Answers:
    name = f"{run.folder.task}-{run.folder.number:03}-{file_hash(tuned)[:8]}"
    student = adapter.address(run.task.base, tuned, name)
    return await call(run.task, Arm(rows.spender, student, run.task.student_prompt), rows.tests, run.sender)


def _linear(run: ActiveRun, rows: CurveRows, name: PointName) -> Trained | None:
    out, key = name.folder(run, rows), _key(run, rows, name)
    seconds, file = _done(out, key), out / "linear.npz"
    if seconds is None or not file.exists():
        began = time.perf_counter()
        samples = rows.samples[chosen(rows.keys, name.rows, name.seed)]
        soft = soft_labels.of_rows(run.store.path, samples).sure if run.task.spec.student.train.soft_labels else {}
        model = linear.train(samples, run.task.output, seed=_seed(run, name), sure=soft)
        if model is None:
            return None
        seconds = round(time.perf_counter() - began, 3)
        out.mkdir(parents=True, exist_ok=True)
        write_atomic(file, linear.as_bytes(model))
        write_json(out / _POINT, {"key": key, **asdict(name), "seconds": seconds})
    return Trained(name, linear.answers(linear_trainer.load(file), rows.tests, run.task.output), seconds)


def _seed(run: ActiveRun, name: PointName) -> int:
    return run.task.spec.student.train.seed + name.seed


def _key(run: ActiveRun, rows: CurveRows, name: PointName) -> str:
    """Equal for trainings that are the same."""
    places, train = chosen(rows.keys, name.rows, name.seed), run.task.spec.student.train
    if rows.student == "linear":
        learnt = rows.samples[places].select("input", "answer", *(["request_id"] if train.soft_labels else []))
        return content_id("linear", learnt.rows(), run.task.output and dict(run.task.output), _seed(run, name))
    settings: dict[str, Json] = {
        one.name: getattr(train, one.name)
        for one in fields(TuningSettings)
        if one.name not in ("max_tokens", "full", "begin")
    }
    settings |= {"seed": _seed(run, name), "context": train.context}
    weights = run.task.base_weights
    lines = [rows.lines[place].decode() for place in places]
    return content_id(
        "lora", lines, file_hash(run.folder / "valid.jsonl"), settings, weights.identity if weights else ""
    )


def _done(out: Path, key: str) -> float | None:
    """The seconds of a training with this key that has ended; None where there is none."""
    try:
        found = json.loads((out / _POINT).read_bytes())
        return float(found["seconds"]) if found["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
