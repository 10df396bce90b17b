"""Export and train: the dataset's files, checked token by token, and the student that learns from them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from distill.atomic_write import write_atomic, write_json
from distill.errors import GateNotMet
from distill.records import GOLD, Json
from distill.rundir import RunDir, read_json
from distill.student import adapter, before_training, linear, other_formats, soft_labels
from distill.student import export as export_files
from distill.student.dataset_card import dataset_card
from distill.student.hosted import stage as hosted
from distill.student.hosted.stage import HOSTED, LOSSES
from distill.student.preflight.target import LEAST_ROWS
from distill.student.trainers import linear as linear_trainer
from distill.student.tuning import preferred, replay
from distill.tables import lookup
from distill.task.run import ActiveRun
from distill.task.stage import stage
from distill.teacher.endpoint.address import Address
from distill.teacher.endpoint.models import rate_of

if TYPE_CHECKING:
    from distill.student.linear import Classifier
    from distill.student.soft_labels import SoftLabels
    from distill.task.task import Task


async def export(run: ActiveRun) -> None:
    """train.jsonl, valid.jsonl, test.jsonl, dataset.parquet and the dataset's card."""
    files = ["train.jsonl", "valid.jsonl", "test.jsonl", "dataset.parquet", "expect.json", "CARD.md"]
    await stage(run, "export", outputs=files, work=_export)
    missed = [test for test in read_json(run.folder / "expect.json", list) if not test["holds"]]
    if missed:
        tests = "; ".join(f"{test['test']}: {test['wanted']} expected, found {test['found']}" for test in missed)
        raise GateNotMet(
            f"the dataset is not what the spec expects: {tests}. Nothing was trained; the funnel says where rows went"
        )


async def _export(run: ActiveRun) -> Mapping[str, Json]:
    import polars as pl

    from distill.curate import expect

    kept = run.scan("samples.parquet").filter(pl.col("fate") != "dropped").collect()
    way = run.task.spec.student.train
    if way.classifier:
        enough(kept.height, linear_trainer.FEWEST_ROWS, f"a student of `with: {way.with_}`")
    elif way.with_ != "none":
        enough(int((kept["fate"] == "train").sum()))
    strata = sorted(set(run.table("seeds.parquet", ["stratum"])["stratum"]))
    write_json(run.folder / "expect.json", expect.check(kept, strata, run.task.spec.expect.model_dump()))
    own = lookup.requests(run.table("seeds.parquet", ["seed_id", "fields"]))
    ids, more = own_fields(run, "own_id"), {seed: json.loads(text) for seed, text in own_fields(run, "kept").items()}
    examples = example_turns(run.task)
    counts = export_files.write(
        kept, folder=run.folder.path, tools=run.task.tools, own=own, ids=ids, kept=more, examples=examples
    )
    beside = {
        seed: {**({"id": ids[seed]} if seed in ids else {}), **({"kept": more[seed]} if seed in more else {})}
        for seed in ids | more
    }
    tests = export_files.write_test(test_rows(run, own, beside), folder=run.folder.path)
    write_atomic(run.folder / "CARD.md", dataset_card(run, kept, counts, tests).encode())
    if earlier := other_formats.earlier(run.folder):
        run.watch.say(
            f"  formats/ holds files of an earlier dataset: {', '.join(earlier)}; `distill export --format` writes them anew"
        )
    rows = counts | {"test": tests}
    run.watch.say(f"  {', '.join(f'{name}.jsonl {count:,}' for name, count in rows.items())} rows")
    return {"rows": rows}


def own_fields(run: ActiveRun, column: str, role: str | None = None) -> dict[str, str]:
    """seed_id → what the seeds' own files say in a column, `own_id` or `kept`; with `role` of the seeds that have it."""
    seeds = run.scan("seeds.parquet")
    if role is not None:
        seeds = seeds.filter(role=role)
    if column not in seeds.collect_schema():  # a run made before rows kept it has none
        return {}
    return dict(seeds.select("seed_id", column).drop_nulls().collect().iter_rows())


def test_rows(
    run: ActiveRun, own: Mapping[str, Mapping[str, Json]], beside: Mapping[str, Mapping[str, Json]]
) -> list[dict[str, Json]]:
    import polars as pl

    tests = run.scan("seeds.parquet").filter(pl.col("role") == "test").collect()
    return [
        {
            "seed_id": seed,
            "messages": run.task.student_prompt.fill(json.loads(fields)),
            "gold": json.loads(gold) if gold else None,
            **own.get(seed, {}),
            **beside.get(seed, {}),
        }
        for seed, fields, gold in tests.select("seed_id", "fields", "gold").iter_rows()
    ]


async def train(run: ActiveRun) -> None:
    way = run.task.spec.student.train
    if way.with_ == "none":
        return
    work = {"lora": _tuned, "full": _tuned, "hosted": hosted.train, "linear": _linear, "embedding": _linear}

    async def checked(run: ActiveRun) -> Mapping[str, Json]:
        await asyncio.to_thread(before_training.ask, run)
        return await work[way.with_](run)

    await stage(run, "train", outputs=outputs(run.task), work=checked)


def outputs(task: Task) -> list[str]:
    """The files of a run that its training writes."""
    tuned = [LOSSES, f"student/{adapter.served(task)}"]
    every = {"lora": tuned, "full": tuned, "hosted": [LOSSES, HOSTED]}
    way = task.spec.student.train.with_
    return every[way] if way in every else [linear.FILES[way]]


def example_turns(task: Task) -> tuple[int, int] | None:
    """The assistant's turns of the student's prompt that never train, where every other one does; None where the last alone trains."""
    return task.student_prompt.examples if task.spec.seeds.turns == "every" else None


def engine(task: Task) -> str:
    """What answers for the base and the student in the comparison."""
    base = task.base
    if base.weights is not None:
        return base.engine
    return "llama.cpp" if base.local else base.shown


async def _linear(run: ActiveRun) -> Mapping[str, Json]:
    way = run.task.spec.student.train.with_
    model, soft = await asyncio.to_thread(_trained, run, way)
    if model is None:
        raise GateNotMet(
            f"a student of `with: {way}` learns answers of few values that come again, such as labels, and no field of these is one "
            f"on at least {linear_trainer.FEWEST_ROWS} rows; tune a language model instead (student.train.with: lora)"
        )
    write_atomic(run.folder / linear.FILES[way], linear.as_bytes(model))
    if soft is None:
        return {"rows": model.rows, "fields": list(model.fields)}
    run.watch.say(f"  {soft.sentence}")
    return {"rows": model.rows, "fields": list(model.fields), "soft_labels": soft.figures}


def train_linear(run: ActiveRun, way: str = "linear", *, gold: bool = False) -> Classifier | None:
    """The linear model of the run's training rows, with `gold` of the known answers alone; None where their answers are not closed."""
    return _trained(run, way, gold=gold)[0]


def _trained(run: ActiveRun, way: str, *, gold: bool = False) -> tuple[Classifier | None, SoftLabels | None]:
    """(the model, what its rows counted where they did not all count whole)."""
    samples = run.scan("samples.parquet").select(*linear.COLUMNS, "teacher").collect()
    train = run.task.spec.student.train
    kept = samples.filter(samples["teacher"] == GOLD) if gold else samples
    encoder = encoder_of(run.task) if way == "embedding" else None
    soft = soft_labels.of_rows(run.store.path, kept) if train.soft_labels else None
    sure = soft.sure if soft else {}
    return linear.train(kept, run.task.output, seed=train.seed, way=way, encoder=encoder, sure=sure), soft


def encoder_of(task: Task) -> str | None:
    """Whose vectors an embedding student takes: a folder beside the spec, or those of the extra `meaning`."""
    named = task.spec.student.train.encoder
    return None if named is None else str((task.path.parent / Path(named).expanduser()).resolve())


def linear_student(task: Task, folder: RunDir) -> Classifier | None:
    """The student of a run, where it is a linear model, over letters or word vectors."""
    file = linear.FILES.get(task.spec.student.train.with_)
    return linear.load(folder / file) if file is not None and (folder / file).exists() else None


async def _tuned(run: ActiveRun) -> Mapping[str, Json]:
    """Tune the base on the run's rows, an adapter or all of it; an adapter then on its preference pairs, where the spec says so."""
    with replay.rows_of(run) as rows:
        if run.task.spec.student.train.preference is not None:
            return await preferred.tune(run, rows)
        result = await adapter.train(run, rows, run.folder.path / "student")
    return {"valid_loss": result.valid_loss, "best_step": result.best_step, "tokens": result.tokens}


def student_of(task: Task, folder: RunDir) -> Address | None:
    """Where a run's student is; None where it has none."""
    base = task.base
    tuned = folder / "student" / adapter.served(task)
    if tuned.exists() and task.spec.student.train.local:
        return adapter.address(base, tuned, f"{folder.task}-{folder.number:03}")
    if (folder / HOSTED).exists():
        model = read_json(folder / HOSTED, dict, needs="model")["model"]
        return replace(base, model=model, rate=rate_of(task.spec.student.train.tuned_price) or base.rate)
    return None


def losses(folder: RunDir) -> list[dict[str, Json]]:
    """The loss curve of a run, empty where there is none."""
    path = folder / LOSSES
    return read_json(path, list) if path.exists() else []


def enough(rows: int, least: int = LEAST_ROWS, who: str = "tuning") -> None:
    """Raise where so few training rows are left that nothing is learnt from them."""
    if rows < least:
        raise GateNotMet(
            f"{rows} rows are left to train on and {who} takes at least {least}; "
            "the funnel says where the others went: add seeds, or loosen the gate that cost most"
        )
