"""A run whose adapter is trained on from its preference pairs: first the rows, then the pairs.

    student/supervised/   the adapter of the rows with its loss.json and done.json; taken away when the pairs are done
    student/adapter/      the adapter of the pairs where they helped, else that of the rows

A training that is killed in the pairs goes on from its last checkpoint in student/preference.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from distill.atomic_write import write_json
from distill.base_model import load, local
from distill.curate import preflight
from distill.errors import UsageError
from distill.records import Json, content_id
from distill.rundir import file_hash
from distill.student import adapter, other_formats
from distill.student.processes import group as processes
from distill.student.tuning import pairs as pairing
from distill.task.run import ActiveRun
from distill.teacher.endpoint.stopping import Stopped
from distill.text.percentages import percent

if TYPE_CHECKING:
    from distill.student.tuning.dpo import DpoResult, DpoSettings, OnStep
    from distill.student.tuning.pairs import TokenPairs

_TRAINING = ("track", "preference")
"""Settings that change nothing of what is trained on the rows."""


async def tune(run: ActiveRun, rows: Path) -> Mapping[str, Json]:
    """Train on the rows of a file, then on the pairs; GateNotMet before either where there are too few pairs."""
    from distill.student.tuning import dpo

    weights = run.task.base_weights
    if weights is None:
        raise ValueError("a student that is not tuned here has no weights here")
    if (several := processes.count()) > 1:
        raise UsageError(
            f"pairs (student.train.preference) are trained in one process, and {several} were started; start `distill train` by itself"
        )
    base = await asyncio.to_thread(weights.folder)
    pairs = await asyncio.to_thread(_pairs, run, base)
    student = run.folder.path / "student"
    noted = await _supervised(run, base, rows, student / "supervised")
    settings, first = _settings(run), student / "supervised" / "adapter"
    shown = _shown(run, settings.steps(len(pairs.train)))

    def trained() -> DpoResult:
        return dpo.train(
            base=base, template=weights.template, adapter=first, pairs=pairs, out=student / "adapter", settings=settings,
            on_step=shown,
        )  # fmt: skip

    result = await asyncio.to_thread(trained)
    if not result.kept:
        shutil.rmtree(student / "adapter", ignore_errors=True)
        shutil.copytree(first, student / "adapter")
    curve = json.loads((student / "supervised" / "loss.json").read_bytes())
    write_json(student / "loss.json", [*curve, *result.curve])
    adapter.convert(run.task, base, student)
    shutil.rmtree(student / "supervised")
    run.watch.say(told(pairs, result))
    found = {"kept": result.kept, "pairs": len(pairs.train), "held_out": result.accuracy.n, "too_long": pairs.too_long}
    return {**noted, "preference": {**found, "margin": result.margin, "accuracy": result.accuracy.mean}}


def told(pairs: TokenPairs, result: DpoResult) -> str:
    """One line of what the pairs did."""
    right = result.accuracy
    long = f", {pairs.too_long:,} left out as too long" if pairs.too_long else ""
    end = "its adapter is kept" if result.kept else "that is no better than before, so the adapter of the rows is kept"
    return (
        f"  preferences: {len(pairs.train):,} pairs{long}; of {right.n} held out {percent(right.mean, 0)} came apart the right way "
        f"({percent(right.low, 0)} to {percent(right.high, 0)}), mean margin {result.margin:+.3g}: {end}"
    )


def _pairs(run: ActiveRun, base: Path) -> TokenPairs:
    way, weights = run.task.spec.student.train, run.task.base_weights
    if way.preference is None or weights is None:
        raise ValueError("no preferences are trained here")
    data = other_formats.dataset_of(run.task, run.folder)
    tokenizer = load.tokeniser(base, weights.template)
    found = data.pairs(way.preference.margin)
    return pairing.of_dataset(data, found, tokenizer, max_tokens=preflight.context_of(run.task))


async def _supervised(run: ActiveRun, base: Path, rows: Path, out: Path) -> Mapping[str, Json]:
    """The adapter of the rows, of this training or of one that was killed after it."""
    mark, key = out / "done.json", _key(run, base, rows)
    if mark.is_file() and (done := json.loads(mark.read_bytes()))["key"] == key:
        run.watch.say("  the adapter of the rows is there already; going on with the pairs")
        return dict(done["noted"])
    mark.unlink(missing_ok=True)
    result = await adapter.train(run, rows, out)
    noted = {"valid_loss": result.valid_loss, "best_step": result.best_step, "tokens": result.tokens}
    write_json(mark, {"key": key, "noted": noted})
    return noted


def _key(run: ActiveRun, base: Path, rows: Path) -> str:
    """Equal for trainings on the same rows in the same way."""
    student, weights = run.task.spec.student, run.task.base_weights
    way = student.train.model_dump(exclude=set(_TRAINING))
    files: Sequence[str] = [file_hash(path) for path in (rows, run.folder / "valid.jsonl")]
    template = local.fingerprint(weights.template) if weights and weights.template else ""
    return content_id(local.fingerprint(base), files, way, template)


def _settings(run: ActiveRun) -> DpoSettings:
    from distill.student.tuning.dpo import DpoSettings

    way = run.task.spec.student.train
    if way.preference is None:
        raise ValueError("no preferences are trained here")
    own = way.preference
    return DpoSettings(
        beta=own.beta, epochs=own.epochs, learning_rate=own.learning_rate, batch_size=way.batch_size, accumulate=way.accumulate,
        recompute=way.recompute, bits=way.bits, seed=way.seed,
    )  # fmt: skip


def _shown(run: ActiveRun, steps: int) -> OnStep:
    loop = asyncio.get_running_loop()

    def show(step: int, loss: float) -> None:
        if run.sender.stop.is_set():
            raise Stopped(
                f"training on preferences was stopped at step {step} of {steps}; run the same command again to go on from there"
            )
        told = partial(run.watch.training, step=step, steps=steps, train_loss=loss, valid_loss=None, left_s=None)
        loop.call_soon_threadsafe(told)

    return show
