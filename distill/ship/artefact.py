"""What is shipped, scored beside the adapter that it came from: the same test rows, the same prompt, each of its answers.

A merged or quantised model need not answer as the student did that was compared. So the file or the server itself is asked, its answers are
kept in the store as any are, and the loss is reported with its interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from distill import url
from distill.base_model.local import LocalWeights, fingerprint
from distill.errors import UsageError
from distill.evaluate.arms import Answers, Arm, arms_of, call, rules_of
from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.metrics.names import deciding
from distill.evaluate.scores import mean_of, of_rows, scores_by_arm
from distill.evaluate.scoring.table import scores_table
from distill.money import Budget
from distill.rundir import RunDir, read_parquet
from distill.stats import Estimate, paired_difference
from distill.student.stage import student_of
from distill.task import event_loop, stores
from distill.task.interrupt import interruptible
from distill.task.task import Task
from distill.teacher.endpoint.address import Address
from distill.teacher.progress import Watcher
from distill.teacher.send import Sender

ARM = "shipped"


@dataclass(frozen=True, slots=True)
class ShippedScore:
    """An artefact beside the student of its run, by one metric; None where there is nothing to score by."""

    run: str
    artefact: str
    engine: str
    metric: str
    shipped: Estimate | None
    student: Estimate | None
    difference: Estimate | None
    """Shipped minus student, row by row."""
    rows: int
    answered: int
    same: int
    """Rows on which both say the same, letter by letter."""


def address_of(task: Task, given: str, model: str | None) -> Address:
    """A server by its URL, a GGUF file, or a folder as transformers reads it."""
    if "://" in given:
        if wrong := url.wrong(given):
            raise UsageError(f"--student {given}: it {wrong}")
        if model is None:
            raise UsageError("--student URL needs --model NAME, the student's name at that server")
        base = task.base
        return replace(base, model=model, base_url=given, weights=None, engine="", adapter=None, adapter_id="")
    path = Path(given).expanduser().resolve()
    if path.is_dir() and (files := sorted(path.glob("*.gguf"))):
        path = files[0]
    weights = LocalWeights(str(path), path.parent, task.home / ".distill" / "base")
    name = f"{path.name}@{fingerprint(weights.path)}"  # so that an answer of another file is never taken for its
    engine = "llama.cpp" if weights.gguf else "transformers"
    return Address(model=name, weights=weights, engine=engine, rate=task.base.rate, timeout_s=task.base.timeout_s)


async def score(task: Task, folder: RunDir, address: Address, given: str, watch: Watcher) -> ShippedScore:
    """Ask the artefact the test rows of a run, and hold its answers against those of the run's own student."""
    tests = read_parquet(folder / "seeds.parquet").filter(pl.col("role") == "test")
    if tests.height == 0:
        raise UsageError(f"{folder.name} has no test rows to score on")
    student = student_of(task, folder)
    if student is None:
        raise UsageError(f"{folder.name} has no student to hold it against; run `distill train {folder.name}` first")
    arms = [Arm("student", student, task.student_prompt), Arm(ARM, address, task.student_prompt)]
    with stores.opened(task.home) as store:
        budget = Budget(task.spec.budget.usd, store.spent(folder.name))
        sender = Sender(store=store, run=folder.name, budget=budget, watch=watch)
        with interruptible(sender):
            answered = {arm.name: await call(task, arm, tests, sender) for arm in arms}
            teacher = next((arm for arm in arms_of(task, student=None) if arm.name == "teacher"), None)
            if teacher is not None and task.output is None:  # what text is held against, where there is no schema
                answered["teacher"] = await call(task, teacher, tests, sender)
    return _scored(task, folder, tests, answered, given, address.engine or address.shown)


scored = event_loop.finished(score)
"""The same from a thread whose loop, if it has one, goes on."""


def _scored(
    task: Task, folder: RunDir, tests: pl.DataFrame, answered: dict[str, Answers], given: str, engine: str
) -> ShippedScore:
    table = scores_by_arm(scores_table(task, tests, answered, rules_of(task, tests, answered)))
    metric = deciding((name for arm, name in table if arm == ARM), task.spec.evaluate.decide_by)
    ours, theirs = table.get((ARM, metric), {}), table.get(("student", metric), {})
    both, clusters = sorted(ours.keys() & theirs.keys()), clusters_of(tests)
    texts = [
        {seed: answer.said for seed, answer in answered[arm] if answer is not None and answer.ok}
        for arm in (ARM, "student")
    ]
    return ShippedScore(
        run=folder.name, artefact=given, engine=engine, metric=metric, shipped=mean_of(ours, ours, clusters),
        student=mean_of(theirs, theirs, clusters), rows=tests.height, answered=len(texts[0]),
        difference=paired_difference(
            [ours[seed] for seed in both], [theirs[seed] for seed in both], of_rows(clusters, both)
        ) if both else None,
        same=sum(texts[1].get(seed) == text for seed, text in texts[0].items()),
    )  # fmt: skip
