"""A run from start to exit code: the folder, the lock, the stages, the two Ctrl-Cs."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

from distill.curate import stage
from distill.curate.accounting import large_losses
from distill.errors import UsageError
from distill.evaluate import stage as evaluating
from distill.generate import served_models
from distill.generate.kept import Relabel, write_relabel
from distill.money import Budget
from distill.pipeline import empty_dataset, facts, generate, pending
from distill.pipeline.next_run import growing, run_number
from distill.pipeline.result import Run, result_of
from distill.report import stage as reporting
from distill.rundir import RunDir, numbers
from distill.seeds import labelling
from distill.spec import deadline
from distill.student import stage as teaching
from distill.task import event_loop, requirements, stores, used_spec
from distill.task.interrupt import interruptible
from distill.task.requirements import need_price
from distill.task.run import ORDER, ActiveRun
from distill.task.task import Task
from distill.teacher.batch import journal
from distill.teacher.batch.open_batches import left
from distill.teacher.progress import Watcher
from distill.teacher.send import Sender
from distill.teacher.store.store import Store


async def work(
    task: Task, *, stages: Sequence[str], watch: Watcher, partial: bool = False, new: bool = False,
    refresh: Relabel | bool = False,
    wait: bool = False, anyway: bool = False,
) -> Run:  # fmt: skip
    """Do `stages` in the order of a run; what was done, with the exit code. A refresh asks every row, or those of a `Relabel`."""
    need_price(task)
    before = numbers(task.home, task.spec.task)
    folder, parent = run_number.folder_of(task, stages=stages, new=new, refresh=refresh is not False, watch=watch)
    with folder.lock(), stores.opened(task.home, task.addresses) as store:
        if "generate" in stages:
            requirements.keys(task, answered=store.query("SELECT 1 FROM answers LIMIT 1").fetchone() is not None)
        if isinstance(refresh, Relabel) and parent is not None:
            write_relabel(folder, refresh)
        if refresh is False and (said := growing.left_out(task, folder, new=new)):
            watch.say(f"  {said}")
        task = _growing(task, folder, parent if refresh is not False else None, store)
        used_spec.write(task, folder)
        folder.note(teacher=task.models, parent=parent.name if parent else None)
        await _take_over(folder, store, watch)
        await stores.settle_names(store, folder, watch, new=folder.number not in before)
        for line in left(store, folder.name, task.endpoints):
            watch.say(f"  {line}")
        sender = _sender(task, folder, store, watch, wait=wait)
        run = ActiveRun(task, folder, store, sender, watch, parent, stages, facts=facts.FACTS, anyway=anyway)
        with interruptible(sender):
            await _stages(run, stages, partial=partial)
        return _with_warnings(run)


start = event_loop.finished(work)
"""The same from a thread whose loop, if it has one, goes on."""


def _growing(task: Task, folder: RunDir, parent: RunDir | None, store: Store) -> Task:
    """The task with what the run grows, which is decided once, when a refresh begins."""
    if parent is not None and "generate" not in folder.manifest()["stages"]:
        seeds = labelling.stored_labels(task, store).seeds
        growing.write_growth(folder, growing.growth_of(task, parent, seeds))
    return growing.as_grown(task, folder)


def _sender(task: Task, folder: RunDir, store: Store, watch: Watcher, *, wait: bool) -> Sender:
    """What the run sends with; its budget counts what earlier commands have spent."""
    budget = Budget(task.spec.budget.usd, store.spent(folder.name))
    return Sender(store=store, run=folder.name, budget=budget, watch=watch, wait=wait, deadline=_deadline(task, folder))


def _with_warnings(run: ActiveRun) -> Run:
    """The result, with a warning of each thing that nobody should find out by counting."""
    result = result_of(run)
    for line in (*served_models.other_models(result.models), *large_losses.loss_text(result.large_losses, result.name)):
        run.watch.say(f"warning: {line}")
    return result


async def _take_over(folder: RunDir, store: Store, watch: Watcher) -> None:
    """Nobody goes on with the task's older runs: what they have in batches is this run's now, or would never come home."""
    for number in numbers(folder.home, folder.task):
        older = RunDir(folder.home, folder.task, number)
        if number >= folder.number or not journal.opened(store, older.name):
            continue
        with contextlib.suppress(UsageError), older.lock():  # one that is at work keeps its own
            count = await journal.take_over(store, folder.name, of=older.name)
            watch.say(f"  {count} batch{'es' if count != 1 else ''} of run {older.name} are collected by this one")


def _deadline(task: Task, folder: RunDir) -> datetime | None:
    """The moment of the spec's deadline, counted from the run's first start, whoever goes on with it."""
    text = task.spec.deadline
    if text is None:
        return None
    began = folder.manifest().get("began")
    if began is None:
        began = datetime.now(UTC).isoformat()
        folder.note(began=began)
    moment = deadline.moment(text, datetime.fromisoformat(began))
    folder.note(deadline=moment.astimezone().isoformat(timespec="seconds"))
    return moment


_NEEDS = {
    "curate": "asked.parquet", "export": "samples.parquet", "train": "train.jsonl", "evaluate": "seeds.parquet", "report": "comparison.json",
}  # fmt: skip


_STAGES: Mapping[str, Callable[[ActiveRun], Awaitable[None]]] = {
    "generate": generate.generate, "curate": stage.curate, "export": teaching.export, "train": teaching.train,
    "evaluate": evaluating.evaluate, "report": reporting.report,
}  # fmt: skip


async def _stages(run: ActiveRun, names: Sequence[str], *, partial: bool) -> None:
    for name in names:
        _ready(run, name, partial)
        if name == "export" and _nothing(run):
            return
        if name == "train" and "report" in names and "evaluate" not in run.folder.manifest()["stages"]:
            await reporting.first_page(run)
        await _STAGES[name](run)
        if name == "generate":
            pending.no_rows(run, partial)
            run.nothing = empty_dataset.answers(run) if names[-1] == name else ""
        elif name == "curate" and (_nothing(run) or run.task.spec.dataset.preview):
            return
        elif name == "evaluate":
            run.nothing = empty_dataset.tests(run)


def _ready(run: ActiveRun, name: str, partial: bool) -> None:
    """Raise where what a stage reads is not there."""
    need = _NEEDS.get(name)
    if need and not (run.folder / need).exists():
        before = ORDER[ORDER.index(name) - 1]
        raise UsageError(f"{name} needs {need} of run {run.folder.name}; run `distill {before} {run.task.path}` first")
    if name == "export":
        pending.no_verdicts(run, partial)


def _nothing(run: ActiveRun) -> bool:
    """Whether no row is left to train on: then nothing more is done, and nothing paid for."""
    run.nothing = empty_dataset.dataset(run)
    return bool(run.nothing)
