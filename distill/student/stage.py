"""Export and train: the dataset's files, checked token by token, and the student that learns from them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from distill.curate import preflight
from distill.errors import GateNotMet
from distill.generate import served_models
from distill.records import GOLD
from distill.rundir import RunDir, file_hash, read_json, write_atomic, write_json
from distill.seeds.expansion import inherit
from distill.tables import lookup
from distill.task.run import ActiveRun
from distill.task.stage import stage
from distill.task.task import rate_of
from distill.teacher.endpoint import embedded
from distill.teacher.endpoint.address import Address

if TYPE_CHECKING:
    import polars as pl

    from distill.task.task import Task

ADAPTER = "student/adapter.gguf"
HOSTED = "student/hosted.json"
LOSSES = "student/loss.json"


LEAST_ROWS = 10
"""What OpenAI's endpoint takes; fewer teach nothing elsewhere either."""


async def export(run: ActiveRun) -> None:
    """train.jsonl, valid.jsonl, test.jsonl, dataset.parquet and the dataset's card."""
    outputs = ["train.jsonl", "valid.jsonl", "test.jsonl", "dataset.parquet", "expect.json", "CARD.md"]
    await stage(run, "export", outputs=outputs, work=_export)
    missed = [one for one in read_json(run.folder / "expect.json", list) if not one["holds"]]
    if missed:
        said = "; ".join(f"{one['test']}: {one['wanted']} expected, found {one['found']}" for one in missed)
        raise GateNotMet(
            f"the dataset is not what the spec expects: {said}. Nothing was trained; the funnel says where rows went"
        )


async def _export(run: ActiveRun) -> Mapping[str, Any]:
    import polars as pl

    from distill.curate import expect
    from distill.student import export as files

    template = run.task.student_prompt
    kept = run.scan("samples.parquet").filter(pl.col("fate") != "dropped").collect()
    if run.task.spec.student.train.with_ != "none":
        enough(int((kept["fate"] == "train").sum()))
    strata = sorted(set(run.table("seeds.parquet", ["stratum"])["stratum"]))
    write_json(run.folder / "expect.json", expect.check(kept, strata, run.task.spec.expect.model_dump()))
    own = lookup.requests(run.table("seeds.parquet", ["seed_id", "fields"]))
    seeds = run.scan("seeds.parquet")
    known = "own_id" in seeds.collect_schema()  # a run made before rows kept their own ids has none
    ids = dict(seeds.select("seed_id", "own_id").drop_nulls().collect().iter_rows()) if known else {}
    counts = files.write(kept, folder=run.folder.path, tools=run.task.tools, own=own, ids=ids)
    tests = run.scan("seeds.parquet").filter(pl.col("role") == "test").collect()
    rows = [
        {
            "seed_id": seed,
            "messages": template.fill(json.loads(fields)),
            "gold": json.loads(gold) if gold else None,
            **own.get(seed, {}),
            **({"id": ids[seed]} if seed in ids else {}),
        }
        for seed, fields, gold in tests.select("seed_id", "fields", "gold").iter_rows()
    ]
    count = files.write_test(rows, folder=run.folder.path)
    write_atomic(run.folder / "CARD.md", _card(run, kept, counts, count).encode())
    return {"rows": counts | {"test": count}}


def _card(run: ActiveRun, kept: pl.DataFrame, counts: Mapping[str, int], tests: int) -> str:
    task, made = run.task, inherit.rows_on(run.scan("seeds.parquet"), kept)
    on_made = f"- synthetic seeds: {made} rows (seeds.expand)\n" if made else ""
    spec, rows = task.spec, Counter(kept["teacher"].to_list())
    by = [f"{one.address.model} ({rows[n]} rows)" for n, one in enumerate(task.teachers)]
    by += [f"approved work ({rows[GOLD]} gold rows)"] if rows[GOLD] else []
    named = "".join(f"- another model answered: {one}\n" for one in run.fact("models", served_models.others))
    return (
        f"# {spec.task}\n\n{spec.about}\n\n"
        f"- run: {run.fact('name', lambda run: run.folder.name)}\n- answers by: {', '.join(by)}\n- terms: {spec.teacher.terms or 'not stated in the spec'}\n"
        f"- rows: {counts['train']} train, {counts['valid']} valid; {tests} test rows were set aside and never train\n"
        f"{named}{on_made}- every row that was left out is in dropped.parquet, with its stage, reason and detail\n"
    )


async def train(run: ActiveRun) -> None:
    """The student, by the way the spec names."""
    way = run.task.spec.student.train
    if way.with_ == "none":
        return
    outputs = [LOSSES, ADAPTER] if way.with_ == "lora" else [LOSSES, HOSTED]
    await stage(run, "train", outputs=outputs, work=_lora if way.with_ == "lora" else _hosted)


async def _lora(run: ActiveRun) -> Mapping[str, Any]:
    from distill.student.trainers import gguf, lora

    way = run.task.spec.student.train
    loop = asyncio.get_running_loop()
    run.watch.say("  preparing the base (once: dequantises its weights)")
    folder = await asyncio.to_thread(preflight.base_folder, run.task)
    rows = (run.folder / "train.jsonl").read_bytes().count(b"\n")
    steps = round(way.epochs * -(-rows // way.batch_size))

    def logged(step: lora.TrainStep) -> None:
        loop.call_soon_threadsafe(
            lambda: run.watch.training(
                step=step.step, steps=steps, train_loss=step.train_loss, valid_loss=step.valid_loss
            )
        )

    result = await asyncio.to_thread(
        lora.train, base=folder, train=run.folder / "train.jsonl", valid=run.folder / "valid.jsonl", out=run.folder.path / "student",
        epochs=way.epochs, batch_size=way.batch_size, learning_rate=way.learning_rate, rank=way.rank, alpha=way.alpha,
        layers=way.layers, max_tokens=way.context or embedded.CONTEXT, seed=way.seed, on_step=logged,
    )  # fmt: skip
    gguf.to_gguf(result.adapter, folder, run.folder / ADAPTER)
    return {"valid_loss": result.valid_loss, "best_step": result.best_step, "tokens": result.tokens}


async def _hosted(run: ActiveRun) -> Mapping[str, Any]:
    from distill.student.hosts import openai_compatible
    from distill.student.hosts.job import Host

    way, address = run.task.spec.student.train, run.task.base
    address.check()
    result = await openai_compatible.tune(
        Host(base_url=address.base_url, key=address.key), train=run.folder / "train.jsonl", valid=run.folder / "valid.jsonl",
        model=way.base, suffix=way.suffix, hyper={"n_epochs": round(way.epochs)}, seed=way.seed, state=run.folder.path / "student" / "job.json",
        tag=run.folder.task, poll_s=way.poll_s, on_event=lambda event: run.watch.say(f"  {event.message}"), stop=run.sender.stop,
    )  # fmt: skip
    write_json(run.folder / LOSSES, result.curve)
    write_json(
        run.folder / HOSTED,
        {"job": result.job_id, "model": result.fine_tuned_model, "trained_tokens": result.trained_tokens},
    )
    return {"job": result.job_id, "model": result.fine_tuned_model}


def student_of(task: Task, folder: RunDir) -> Address | None:
    """Where a run's student is; None where it has none."""
    base = task.base
    if (folder / ADAPTER).exists() and task.spec.student.train.with_ == "lora":
        path = folder / ADAPTER
        return Address(model=base.model, adapter=path, adapter_id=file_hash(path)[:16], timeout_s=base.timeout_s)
    if (folder / HOSTED).exists():
        model = read_json(folder / HOSTED, dict, needs="model")["model"]
        return replace(base, model=model, rate=rate_of(task.spec.student.train.tuned_price) or base.rate)
    return None


def losses(folder: RunDir) -> list[dict[str, Any]]:
    """The loss curve of a run, empty where there is none."""
    path = folder / LOSSES
    return read_json(path, list) if path.exists() else []


def dataset_of(samples: pl.DataFrame) -> dict[str, int]:
    """Rows by fate."""
    return {fate: int((samples["fate"] == fate).sum()) for fate in ("train", "valid", "dropped")}


def enough(rows: int, *, least: int = LEAST_ROWS) -> None:
    """Raise where so few training rows are left that no tuner takes them."""
    if rows < least:
        raise GateNotMet(
            f"{rows} rows are left to train on and tuning takes at least {least}; "
            "the funnel says where the others went: add seeds, or loosen the gate that cost most"
        )
