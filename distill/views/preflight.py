"""A dataset before it trains: of a run against its spec, or a chat file of anybody's against a base or a host."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from distill.errors import UsageError
from distill.pipeline import arguments
from distill.pipeline.open_task import open_task
from distill.student import before_training
from distill.student.preflight import speed, target
from distill.student.preflight.check import DatasetFiles, PreflightReport, check
from distill.student.preflight.data.json_lines import check_path
from distill.student.preflight.gpus.cards import Gpus
from distill.student.preflight.speed import Speed
from distill.task.task import Task

_FILES = (".jsonl", ".json", ".ndjson", ".txt", ".csv", ".tsv", ".parquet", ".gz")
"""Ends of names that are of files of rows, and of no task."""
_MOST_EPOCHS = 10_000


def preflight(
    path: str | Path, *, base: str = "", host: str = "", valid: str | Path | None = None, test: str | Path | None = None,
    epochs: float | None = None, usd_per_million: float | None = None, gpus: Gpus | None = None,
) -> PreflightReport:  # fmt: skip
    """What is wrong with a chat file before it trains, and what training it would take; nothing is changed or sent.

        report = distill.preflight("train.jsonl", base="Qwen/Qwen3-0.6B", valid="valid.jsonl")
        report.ok, [(one.name, one.count) for one in report.findings]

    `base` is a folder, a *.gguf file, an id of the model hub or "embedded/smollm2-135m"; with `host` (openai, azure, nebius, together,
    fireworks) a model's name there, and its limits are checked. `gpus` are those of another machine. UsageError where a file or the base is not there.
    """
    files = DatasetFiles(
        Path(path), Path(valid) if valid is not None else None, Path(test) if test is not None else None
    )
    if epochs is not None and not 0 < epochs <= _MOST_EPOCHS:
        raise UsageError(f"{epochs:g} epochs: expected a number above 0, at most {_MOST_EPOCHS:,}")
    if usd_per_million is not None and not 0 <= usd_per_million < math.inf:
        raise UsageError(f"a price of {usd_per_million:g}: expected dollars a million trained tokens, say 3.0")
    for one in (files.train, files.valid, files.test):
        if one is not None:  # before a base is looked for
            check_path(one)
    here = Path.cwd()
    aim = target.of_names(
        base, host, folder=here, home=arguments.project_at(here), epochs=epochs, usd_per_million=usd_per_million
    )
    return check(files, aim.counter, dataclasses.replace(aim.way, gpus=gpus), today=datetime.now(UTC).date())


def is_file(given: str) -> bool:
    """Whether an argument means a file of rows, there or not; else it is a task or a run."""
    path = Path(given)
    return path.name.lower().endswith(_FILES) or (
        arguments.exists(path) and path.is_file() and path.suffix not in (".yaml", ".yml")
    )


def of_run(given: str, home: Path, overrides: Sequence[str], gpus: Gpus | None = None) -> PreflightReport:
    """The same for the dataset of a run, or of a task's newest run, against what its spec trains."""
    folder = arguments.run_of(given, home)
    place = arguments.place_of(Path(given) if arguments.exists(Path(given)) else folder.path)
    task = open_task(place.spec, overrides=list(overrides), env=os.environ, home=folder.home, priced=False)
    if task.spec.task != folder.task:
        raise UsageError(
            f"{place.spec} is the task {task.spec.task!r}, and the run {folder.name} is of another; name its spec"
        )
    return before_training.whole_report(task, folder, rate=partial(_speed, task), gpus=gpus)


def _speed(task: Task) -> Speed | None:
    train = task.spec.student.train
    return speed.earlier(task.home, train.base, train.layers, train.with_) or speed.measured()
