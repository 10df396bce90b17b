"""The rows that a student learns of each variant of a dataset, all of them equally many.

Every variant is cut to the size of the smallest, by the nested subsets of a learning curve: spread over strata as the variant is, by the same
order of hashes, so that variants share most rows. A LoRA student learns no row of the run's validation rows, nor of their groups and
clusters: these stop every training alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from distill.errors import DistillError, UsageError
from distill.evaluate.ablation.result import FOLDER, VariantCounts
from distill.pipeline.ablation.variants import ID, Variant
from distill.pipeline.learning_curve.rows import LEAST, CurveRows
from distill.student.export import chat_lines
from distill.student.stage import example_turns
from distill.tables import lookup
from distill.tables.outcome import ordered
from distill.values import answer as answer_value
from distill.values.answer import Unreadable

if TYPE_CHECKING:
    import polars as pl

    from distill.records import Json
    from distill.task.run import ActiveRun

_WHOLE = "all"
"""The folder of the variant that leaves nothing out."""


@dataclass(frozen=True, slots=True)
class VariantRows:
    """A variant with what a student learns of it."""

    variant: Variant
    rows: CurveRows

    def same_as(self, other: VariantRows) -> bool:
        """Whether a student would learn the same of both."""
        columns = [*ID, "stratum", "prompt", "answer", "tool_calls"]
        return self.rows.samples.select(columns).equals(other.rows.samples.select(columns))

    def counts(self, size: int) -> VariantCounts:
        """What becomes of its rows where `size` of them are trained on; DistillError where one is lost."""
        learnt, variant = self.rows.samples.height, self.variant
        found = VariantCounts(
            answers=variant.answers, dropped=sum(variant.dropped.values()), aside=variant.kept.height - learnt,
            cut=learnt - size, trained=size,
        )  # fmt: skip
        if not found.add_up:
            raise DistillError(f"internal error: rows of {variant.name or _WHOLE} were lost: {found}")
        return found


def learnt(run: ActiveRun, variant: Variant, own: CurveRows) -> VariantRows:
    """What a student of the kind of `own`, the run's rows, learns of a variant."""
    place = f"{FOLDER}/{own.student}/{variant.name or _WHOLE}"
    if own.student == "linear":
        rows = replace(own, samples=_readable(run, variant.kept), place=place)
        return VariantRows(variant, rows)
    samples = ordered(_apart(variant.kept, run.table("samples.parquet", ["seed_id", "cluster", "group", "fate"])))
    seeds = run.table("seeds.parquet", ["seed_id", "fields"])
    examples = example_turns(run.task)
    lines = list(chat_lines(samples, tools=run.task.tools, own=lookup.requests(seeds), examples=examples))
    is_own = not variant.name and lines == list(own.lines)
    return VariantRows(variant, replace(own, samples=samples, lines=lines, place=place, own=is_own))


def size_of(variants: Sequence[VariantRows], given: int | None) -> int:
    """Training rows of every variant; UsageError where they are too few, or fewer than `--rows` asks for."""
    smallest = min(variants, key=lambda one: one.rows.samples.height)
    most, least = smallest.rows.samples.height, LEAST[smallest.rows.student]
    named = f"without {smallest.variant.name}" if smallest.variant.name else "with nothing left out"
    if most < least:
        raise UsageError(
            f"{most:,} rows are left to train on {named}, and a training takes at least {least:,}; name others with --without, or make the "
            "dataset larger (dataset.accept)"
        )
    if given is not None and not least <= given <= most:
        raise UsageError(
            f"--rows is {given:,}; expected {least:,} to {most:,}, which is what there is {named}: all are trained on equally many"
        )
    return most if given is None else given


def _readable(run: ActiveRun, kept: pl.DataFrame) -> pl.DataFrame:
    """The rows that a linear model learns: without calls, and of the form that the schema has."""
    import polars as pl

    rows = ordered(kept.filter(pl.col("tool_calls") == ""))
    return rows.filter(pl.Series([_is_read(said, run.task.output) for said in rows["answer"]], dtype=pl.Boolean))


def _is_read(said: str, schema: Mapping[str, Json] | None) -> bool:
    with suppress(Unreadable):
        answer_value.read(said, answer_value.expected_of(schema))
        return True
    return False


def _apart(kept: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """The rows that have nothing to do with the run's validation rows."""
    import polars as pl

    valid = samples.filter(pl.col("fate") == "valid")
    near = pl.lit(False)
    for name in ("seed_id", "cluster", "group"):
        known = valid[name].drop_nulls()
        near = near | pl.col(name).fill_null("").is_in(known.filter(known != "").implode())
    return kept.filter(~near)
