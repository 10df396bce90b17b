"""A student that is tuned on this machine: its settings of the spec, its files in a run, and where it answers.

with: lora   student/adapter/  (peft), and student/adapter.gguf where llama.cpp answers
with: full   student/model/    as transformers saves it
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from distill import reads
from distill.base_model.local import LocalWeights
from distill.curate import preflight
from distill.records import Json
from distill.rundir import RunDir, file_hash
from distill.student.tuning import preferred, replay
from distill.task.run import ActiveRun
from distill.teacher.endpoint.address import Address
from distill.teacher.endpoint.stopping import Stopped
from distill.text.percentages import percent

if TYPE_CHECKING:
    from pathlib import Path

    from distill.student.trainers.lora import LoraSettings, TrainResult
    from distill.student.trainers.loss_curve import OnStep, TrainStep
    from distill.task.task import Task

ADAPTER = "student/adapter.gguf"
PEFT_FOLDER = "student/adapter"
PEFT = f"{PEFT_FOLDER}/adapter_model.safetensors"
MODEL = "student/model/model.safetensors"
LOSSES = "student/loss.json"


def tuned_file(task: Task) -> str:
    """The file of a run that holds what was tuned, as what serves it reads it."""
    weights, serve = task.base_weights, task.spec.student.serve
    if task.spec.student.train.with_ == "full":
        return MODEL
    return ADAPTER if weights is not None and weights.llama_cpp and serve in ("auto", "llama.cpp") else PEFT


def student_of(task: Task, folder: RunDir) -> Address | None:
    """Where a run's student is: an adapter on the base, or a model of its own; None where it is not there."""
    base, tuned = task.base, folder / tuned_file(task)
    if not tuned.exists():
        return None
    if task.spec.student.train.with_ == "full":
        at = tuned.parent
        # Its folder holds the tokeniser with the template that it was trained with.
        return replace(base, weights=LocalWeights(str(at), at.parent, at.parent), engine="transformers")
    on_base = replace(base, adapter=tuned, adapter_id=file_hash(tuned)[:16])
    return on_base if on_base.local else replace(on_base, model=f"{folder.task}-{folder.number:03}")


async def tune(run: ActiveRun) -> Mapping[str, Json]:
    """Tune the base on the run's rows, an adapter or all of it; an adapter then on its preference pairs, where the spec says so."""
    from distill.student.trainers import gguf

    weights = run.task.base_weights
    if weights is None:
        raise ValueError("a student that is not tuned here has no weights here")
    run.watch.say("  preparing the base (once: its weights are fetched or dequantised where they have to be)")
    base = await asyncio.to_thread(weights.folder)
    if run.task.spec.student.train.preference is not None:
        noted = await preferred.tune(run, base, partial(_trained, run, base, weights.template))
    else:
        result = await _trained(run, base, weights.template, run.folder.path / "student")
        noted = {"valid_loss": result.valid_loss, "best_step": result.best_step, "tokens": result.tokens}
    if tuned_file(run.task) == ADAPTER:
        gguf.to_gguf(run.folder.path / PEFT_FOLDER, base, run.folder / ADAPTER)
    return noted


async def _trained(run: ActiveRun, base: Path, template: Path | None, out: Path) -> TrainResult:
    """What supervised training leaves in `out`."""
    from distill.student.trainers import lora

    settings, folder = settings_of(run.task), run.folder
    train = _rows(run)
    rows = train.read_bytes().count(b"\n")
    result = await asyncio.to_thread(
        lora.train, base=base, template=template, train=train, valid=folder / "valid.jsonl", out=out,
        settings=settings, track=run.task.spec.student.train.track, on_step=_shown(run, settings.steps(rows)),
    )  # fmt: skip
    (folder.path / "student" / replay.MIXED).unlink(missing_ok=True)
    return result


def _rows(run: ActiveRun) -> Path:
    """The file that is trained on: the dataset's, or with general rows in it."""
    way, own = run.task.spec.student.train, run.folder / "train.jsonl"
    if way.replay is None:
        return own
    general = run.task.path.parent / way.replay.from_
    reads.note_file(general)
    mixed = replay.mix(own, general, way.replay.share, seed=way.seed, out=run.folder.path / "student")
    short = f", {mixed.wanted:,} were wanted" if mixed.general < mixed.wanted else ""
    run.watch.say(
        f"  replay: {mixed.general:,} of {mixed.rows:,} rows that train are general ones ({percent(mixed.general / mixed.rows)}{short})"
    )
    return mixed.path


def settings_of(task: Task) -> LoraSettings:

    from distill.student.trainers.lora import LoraSettings

    way = task.spec.student.train
    return LoraSettings(
        epochs=way.epochs, batch_size=way.batch_size, learning_rate=way.learning_rate, rank=way.rank, alpha=way.alpha,
        layers=way.layers, max_tokens=preflight.context_of(task), seed=way.seed, dropout=way.dropout,
        schedule=way.schedule, warmup=way.warmup, accumulate=way.accumulate, recompute=way.recompute, patience=way.patience,
        bits=way.bits, full=way.with_ == "full",
    )  # fmt: skip


def _shown(run: ActiveRun, steps: int) -> OnStep:
    """Shows a step of the training's thread in this one; Stopped, which ends the training, once a signal asks to."""
    loop = asyncio.get_running_loop()

    def show(step: TrainStep, left_s: float | None) -> None:
        if run.sender.stop.is_set():
            raise Stopped(
                f"training was stopped at step {step.step} of {steps}; run the same command again to go on from there"
            )
        told = partial(run.watch.training, step=step.step, steps=steps)
        loop.call_soon_threadsafe(partial(told, train_loss=step.train_loss, valid_loss=step.valid_loss, left_s=left_s))

    return show
