"""CARD.md: what a dataset is, who answered on what terms, and what is not in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from distill.generate import served_models
from distill.generate.kept import read_relabel
from distill.generate.questions import FIRST_EARLIER
from distill.records import GOLD
from distill.seeds.expansion import inherit
from distill.task.run import ActiveRun

if TYPE_CHECKING:
    import polars as pl


def dataset_card(run: ActiveRun, kept: pl.DataFrame, counts: Mapping[str, int], tests: int) -> str:
    """The card of the rows `kept`, of which `counts` train and validate, beside so many test rows."""
    spec, synthetic = run.task.spec, inherit.rows_on(run.scan("seeds.parquet"), kept)
    lines = [
        f"run: {run.fact('name', lambda run: run.folder.name)}",
        f"answers by: {', '.join(_answered_by(run, kept))}",
        f"terms: {spec.teacher.terms or 'not stated in the spec'}",
        f"rows: {counts['train']} train, {counts['valid']} valid; {tests} test rows were set aside and never train",
        *(f"another model answered: {other}" for other in run.fact("models", served_models.others)),
        *([f"synthetic seeds: {synthetic} rows (seeds.expand)"] if synthetic else []),
        *(
            [f"grown by the misses of earlier students (seeds.grow), last {grown.run}: {grown} rows"]
            if (grown := run.task.growth)
            else []
        ),
        "every row that was left out is in dropped.parquet, with its stage, reason and detail",
    ]
    return f"# {spec.task}\n\n{spec.about}\n\n" + "".join(f"- {line}\n" for line in lines)


def _answered_by(run: ActiveRun, kept: pl.DataFrame) -> list[str]:
    rows = Counter(kept["teacher"].to_list())
    teachers = [f"{one.address.model} ({rows[n]} rows)" for n, one in enumerate(run.task.teachers)]
    relabel = read_relabel(run.folder)
    if relabel is not None:
        earlier = sorted((n for n in rows if n <= FIRST_EARLIER), reverse=True)
        teachers += [f"{relabel.teacher(n)}, of an earlier run ({rows[n]} rows)" for n in earlier]
    return teachers + ([f"approved work ({rows[GOLD]} gold rows)"] if rows[GOLD] else [])
