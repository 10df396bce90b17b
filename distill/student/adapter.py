"""What is tuned on this machine, an adapter on the student's base or all of it: trained as the spec says, on whatever rows, and where it answers.

OUT/adapter/adapter_model.safetensors    as peft reads it
OUT/adapter.gguf                         where llama.cpp serves the base
OUT/model/model.safetensors              with: full, as transformers saves it
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base_model.local import LocalWeights
from distill.curate import preflight
from distill.rundir import file_hash
from distill.task.run import ActiveRun
from distill.teacher.endpoint.address import Address
from distill.teacher.endpoint.stopping import Stopped

if TYPE_CHECKING:
    from distill.student.trainers.fine_tuning import TrainResult, TuningSettings
    from distill.student.trainers.progress.loss_curve import OnStep, TrainStep
    from distill.task.task import Task

PEFT = "adapter/adapter_model.safetensors"
MODEL = "model/model.safetensors"
_GGUF = "adapter.gguf"


def served(task: Task) -> str:
    """The file of what was tuned, below the folder that it was trained into, as what serves it reads it."""
    if task.spec.student.train.with_ == "full":
        return MODEL
    weights, serve = task.base_weights, task.spec.student.serve
    return _GGUF if weights is not None and weights.llama_cpp and serve in ("auto", "llama.cpp") else PEFT


def address(base: Address, tuned: Path, name: str) -> Address:
    """Where the base answers with the adapter of a file on it, or a whole model of its own; a server that is running knows it by `name`."""
    if tuned.name == Path(MODEL).name:
        # Its folder holds the tokeniser with the template that it was trained with.
        own = LocalWeights(str(tuned.parent), tuned.parent.parent, tuned.parent.parent)
        return replace(base, weights=own, engine="transformers")
    at = replace(base, adapter=tuned, adapter_id=file_hash(tuned)[:16])
    return at if at.local else replace(at, model=name)


async def train(run: ActiveRun, rows: Path, out: Path, *, seed: int | None = None) -> TrainResult:
    """Train on the chat rows of a file, as the run trains its student, into the folder `out`; by itself with the spec's seed."""
    from distill.student.trainers import fine_tuning

    way, folder = run.task.spec.student.train, run.folder
    weights = run.task.base_weights
    if weights is None:
        raise ValueError("a student that is not tuned here has no weights here")
    run.watch.say("  preparing the base (once: its weights are fetched or dequantised where they have to be)")
    base = await asyncio.to_thread(weights.folder)
    settings = fine_tuning.TuningSettings(
        epochs=way.epochs, batch_size=way.batch_size, learning_rate=way.learning_rate, rank=way.rank, alpha=way.alpha,
        layers=way.layers, max_tokens=preflight.context_of(run.task), seed=way.seed if seed is None else seed, dropout=way.dropout,
        schedule=way.schedule, warmup=way.warmup, accumulate=way.accumulate, recompute=way.recompute, patience=way.patience,
        bits=way.bits, full=way.with_ == "full", begin=_begin(run, out),
    )  # fmt: skip
    shown = _shown(run, settings, rows)

    def trained() -> TrainResult:
        files = fine_tuning.TuningFiles(base, rows, folder / "valid.jsonl", out, weights.template)
        return fine_tuning.train(files, settings, track=way.track, on_step=shown)

    result = await asyncio.to_thread(trained)
    convert(run.task, base, out)
    return result


def _begin(run: ActiveRun, out: Path) -> str:
    """The adapter that the run's student begins with, where the spec says so and the run before has one."""
    if run.task.spec.student.train.from_ != "last" or not out.is_relative_to(run.folder.path / "student"):
        return ""
    last = run.parent / "student" / PEFT if run.parent else None
    if last is None or not last.exists():
        run.watch.say("  student.train.from: last, and no run before has an adapter: trained afresh")
        return ""
    run.watch.say(f"  the adapter begins with that of {run.parent.name if run.parent else ''}")
    return str(last)


def convert(task: Task, base: Path, out: Path) -> None:
    """Write the adapter of the folder `out` for llama.cpp, where that serves the base."""
    from distill.student.trainers import gguf

    if served(task) == _GGUF:
        gguf.to_gguf((out / PEFT).parent, base, out / _GGUF)


def _shown(run: ActiveRun, settings: TuningSettings, file: Path) -> OnStep:
    """Shows a step of the training's thread in this one; Stopped, which ends the training, once a signal asks to."""
    loop, given = asyncio.get_running_loop(), file.read_bytes()
    rows = given.count(b"\n") + given.count(b'"weight": 1')  # within a text its quotes would be escaped
    steps = settings.steps(rows)

    def show(step: TrainStep, left_s: float | None) -> None:
        if run.sender.stop.is_set():
            raise Stopped(
                f"training was stopped at step {step.step} of {steps}; run the same command again to go on from there"
            )
        told = partial(run.watch.training, step=step.step, steps=steps)
        loop.call_soon_threadsafe(partial(told, train_loss=step.train_loss, valid_loss=step.valid_loss, left_s=left_s))

    return show
