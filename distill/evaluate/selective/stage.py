"""The part of the evaluation that says what the student answers alone, and writes it for whoever serves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from distill.errors import UsageError
from distill.evaluate.arms import Answers, Arm
from distill.evaluate.selective import measure, nearness, routing, sure_rows
from distill.evaluate.selective.calibration import AskedRows, further
from distill.evaluate.selective.cascade import Selective
from distill.rundir import file_hash
from distill.student import linear
from distill.student.hosted.stage import HOSTED
from distill.task.run import ActiveRun

if TYPE_CHECKING:
    from distill.student.linear import Classifier
    from distill.task.task import Task


_FILES = (routing.FILE, routing.VECTORS, sure_rows.FILE)


def outputs(task: Task) -> list[str]:
    """The files that it writes; none where the spec sets no rows apart."""
    return [*_FILES] if task.spec.evaluate.calibration is not None else []


async def draws_of_tests(run: ActiveRun, asked: list[Arm], tests: pl.DataFrame) -> list[Answers]:
    """The student's further draws of the test rows, where draws tell how sure it is."""
    return await further(run, next((arm for arm in asked if arm.name == "student"), None), tests)


def selective(
    run: ActiveRun, calibration: AskedRows, tests: AskedRows, model: Classifier | None, usd: Mapping[str, float | None]
) -> Selective:
    """What the student answers alone; routing.json, its vectors and the rows behind it are written, or taken away where there is none."""
    files = [run.folder.path / name for name in _FILES]
    for file in files:
        file.unlink(missing_ok=True)
    if model is not None:
        said = linear.answers(model, calibration.rows, run.task.output)
        calibration = replace(calibration, answered={**calibration.answered, "student": said})
    inputs = (
        run.scan("samples.parquet").filter(pl.col("fate").is_in(["train", "valid"])).select("input").collect()["input"]
    )
    if inputs.is_empty():
        raise UsageError(f"{run.folder.name} has no training row, so nothing says how near an input is to them")
    texts = nearness.training_texts(inputs.to_list())
    measured = measure.measured(run.task, calibration, tests, model, texts, usd)
    found = measured.selective
    if found.threshold is not None:
        hashes = {"student": _student_hash(run), "dataset": file_hash(run.folder / "train.jsonl")}
        made = routing.routing_of(found, found.threshold, floor=texts.floor, hashes=hashes, teacher=run.task.models)
        texts.save(files[1])
        routing.write(files[0], made)
        sure_rows.write(files[2], measured.rows)
    return found


def _student_hash(run: ActiveRun) -> str:
    """Of what a run's training wrote: a model's file, its folder, or what names it at a host."""
    places = (*linear.FILES.values(), HOSTED, "student/model", "student/adapter")
    return next((file_hash(run.folder.path / name) for name in places if (run.folder.path / name).exists()), "absent")
