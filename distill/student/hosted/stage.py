"""The student as a host tunes it: the job with its quote, its events on the panel, and what is kept of it in the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from distill.atomic_write import write_json
from distill.errors import UsageError
from distill.records import Ended, Json
from distill.rundir import RunDir, read_json, read_parquet
from distill.student.hosted import cost as training_cost
from distill.student.hosted.cost import TrainingCost
from distill.student.hosts import remote_ids
from distill.student.hosts import tune as tuning
from distill.student.hosts.host import Event, HostAddress, RemoteJob, TuningJob
from distill.student.hosts.job import HostedResult, JobEnded, TuneError
from distill.student.hosts.named_rows import names_a_line, with_rows
from distill.task.run import ActiveRun
from distill.task.task import Task
from distill.teacher.store import training
from distill.teacher.store.store import Store
from distill.teacher.store.training import TrainingEnd

HOSTED = "student/hosted.json"
LOSSES = "student/loss.json"
PREFERENCES = "formats/openai-preference/"
_STATE = "job.json"
_WARNINGS = 20
"""Warnings of a host that are kept for the report."""


async def train(run: ActiveRun) -> Mapping[str, Json]:
    """Tune at the host; the stage's note. Raises TuneError in the host's words, with the ids of the rows that it names."""
    run.task.base.check()
    host, job, cost = host_of(run.task), job_of(run.task, run.folder), _cost(run)
    if remote_ids.load(state_of(run.folder), cost.key).job_id is None:
        run.watch.say(f"  {training_cost.quote_line(cost.quote, job.model)}")
    try:
        result = await tuning.tune(
            host, job, state=state_of(run.folder), poll_s=run.task.spec.student.train.poll_s, on_event=lambda event: _show(run, event),
            stop=run.sender.stop, spending=cost.spending,
        )  # fmt: skip
    except JobEnded as fault:
        await cost.end(cost.end_of(fault.job))
        raise JobEnded(with_ids(run, str(fault)), fault.job) from fault
    except TuneError as fault:
        await _unmade(run, cost)
        raise TuneError(with_ids(run, str(fault))) from fault
    except PermissionError:
        await _unmade(run, cost)
        raise
    await cost.end(cost.end_of(result.job))
    return _keep(run.folder, host, result, run.task.base.identity)


def host_of(task: Task) -> HostAddress:
    """Where the student of a task is tuned."""
    address = task.base
    return HostAddress(address.base_url, address.key, kind=task.spec.student.train.host)


def job_of(task: Task, folder: RunDir) -> TuningJob:
    """What is tuned of a run's dataset, and how; UsageError where method dpo has no preference pairs."""
    way, dpo = task.spec.student.train, task.spec.student.train.method == "dpo"
    train, valid = (folder / f"{PREFERENCES if dpo else ''}{name}.jsonl" for name in ("train", "valid"))
    if dpo and not train.exists():
        raise UsageError(
            f"run {folder.name} has no preference pairs for method dpo; `distill export {folder.task} --format openai-preference` "
            "makes them, then train again"
        )
    return TuningJob(
        model=way.base, train=train, valid=valid if valid.exists() or not dpo else None, suffix=way.suffix,
        hyper=way.hyperparameters, seed=way.seed, tag=folder.task, method=way.method, extra=way.extra,
    )  # fmt: skip


async def cancel(task: Task, folder: RunDir, store: Store) -> RemoteJob | None:
    """Cancel a run's job at its host and settle it in the ledger; None where no job of the run is known."""
    task.base.check()
    way = task.spec.student.train
    ids, price = remote_ids.last(state_of(folder)), training_cost.price_of(way, task.base.base_url)
    job = await tuning.cancel(host_of(task), state_of(folder))
    if job is not None and ids is not None and job.ended_badly:
        held = training.reserved(store.reader, folder.name, ids.tag)
        await training.end(store, folder.name, ids.tag, training_cost.end_of(job, price, held))
    return job


def facts(folder: RunDir) -> dict[str, Json]:
    """What is kept of a run's hosted training; empty where there was none."""
    return read_json(folder / HOSTED, dict) if (folder / HOSTED).exists() else {}


def with_ids(run: ActiveRun, message: str) -> str:
    """A host's message with the ids of the rows on the lines that it names; pairs are named in their own origins.jsonl."""
    folder = run.folder
    if not names_a_line(message) or run.task.spec.student.train.method == "dpo":
        return message
    rows = read_parquet(folder.path / "dataset.parquet", ["seed_id", "fate"])
    train, valid = (rows.filter(fate=fate)["seed_id"].to_list() for fate in ("train", "valid"))
    return with_rows(message, train, valid_ids=valid)


def _cost(run: ActiveRun) -> TrainingCost:
    way, job = run.task.spec.student.train, job_of(run.task, run.folder)
    price = training_cost.price_of(way, run.task.base.base_url)
    with job.train.open("rb") as lines:
        rows = training_cost.tokens_of(lines, way.base)
    quote = training_cost.quoted(rows, int(way.hyperparameters["n_epochs"]), price)
    key = job.id_at(host_of(run.task))
    return TrainingCost(run.store, run.folder.name, key, run.sender.budget, quote, price)


def state_of(folder: RunDir) -> Path:
    """The file of a run with the ids at the host."""
    return folder.path / "student" / _STATE


async def _unmade(run: ActiveRun, cost: TrainingCost) -> None:
    """A job that the host refused to make costs nothing; one that may be under way stays open in the ledger."""
    ids = remote_ids.last(state_of(run.folder))
    if ids is None or (ids.job_id is None and not ids.creating):
        await cost.end(TrainingEnd(Ended.REFUSED, None, 0.0))


def _show(run: ActiveRun, event: Event) -> None:
    step, steps = event.data.get("step"), event.data.get("total_steps")
    if isinstance(step, int) and isinstance(steps, int):
        losses = {name: event.data.get(name) for name in ("train_loss", "valid_loss")}
        run.watch.training(step=step, steps=steps, **losses)
        return
    level = f"{event.level}: " if event.level in ("warn", "error") else ""
    run.watch.say(f"  {level}{with_ids(run, event.message)}")


def _keep(folder: RunDir, host: HostAddress, result: HostedResult, endpoint: str) -> dict[str, Json]:
    write_json(folder / LOSSES, result.curve)
    job = result.job
    kept: dict[str, Json] = {
        "job": job.id,
        "model": result.fine_tuned_model,
        "trained_tokens": job.trained_tokens,
        "usd": job.usd,
        "host": host.kind,
        "endpoint": endpoint,
        "checkpoints": [asdict(one) for one in result.checkpoints],
        "warnings": [event.message for event in result.events if event.level in ("warn", "error")][:_WARNINGS],
    }
    write_json(folder / HOSTED, kept)
    return {"job": job.id, "model": result.fine_tuned_model}
