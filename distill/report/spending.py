"""What a run sent and paid, a line a spender, over every time it was started; what came from the store was free."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from distill.generate import questions
from distill.money import known_usd
from distill.task.run import ActiveRun, ledger
from distill.teacher.store.queries import SpenderTotals


@dataclass(frozen=True, slots=True)
class SpendingLine:
    """One spender: a teacher, a judge, an arm. Dollars are None where no price is known_usd."""

    spender: str
    calls: int
    replayed: int
    """Answers that the store had."""
    prompt_tokens: int
    completion_tokens: int
    usd: float | None
    unpriced: int
    """Calls whose price nobody knows."""
    usd_estimated: float | None
    estimated: bool
    """Whether some tokens were counted here and not by the endpoint."""


def spending(run: ActiveRun) -> list[SpendingLine]:
    """The lines of the run's ledger, and of those whose answers all came from the store."""
    used = _used(run)
    paid = {row.spender: row for row in run.fact("ledger", ledger)}
    return [
        _line(paid.get(spender) or SpenderTotals(spender), used[spender]) for spender in dict.fromkeys([*paid, *used])
    ]


def total(lines: Sequence[SpendingLine]) -> SpendingLine:
    """The sum of all lines; dollars are unknown where all of them are."""
    unpriced = sum(line.unpriced for line in lines)
    usd, estimated = (sum(getattr(line, name) or 0 for line in lines) for name in ("usd", "usd_estimated"))
    return SpendingLine(
        spender="together",
        calls=sum(line.calls for line in lines),
        replayed=sum(line.replayed for line in lines),
        prompt_tokens=sum(line.prompt_tokens for line in lines),
        completion_tokens=sum(line.completion_tokens for line in lines),
        usd=(usd or None) if unpriced else usd,
        unpriced=unpriced,
        usd_estimated=(estimated or None) if unpriced else estimated,
        estimated=any(line.estimated for line in lines),
    )


def _line(row: SpenderTotals, used: int) -> SpendingLine:
    return SpendingLine(
        spender=row.spender,
        calls=row.sends,
        replayed=max(0, used - row.answered),
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        usd=known_usd(row.usd, row.unpriced),
        unpriced=row.unpriced,
        usd_estimated=known_usd(row.usd_estimated, row.unpriced),
        estimated=bool(row.estimated or row.unknown),
    )


def _used(run: ActiveRun) -> Counter[str]:
    """Answers and verdicts in the run's tables, by spender."""
    used = Counter[str]()
    if (run.folder / "calls.parquet").exists():  # the first page is written before anything is compared
        used.update(run.table("calls.parquet").filter(ended="ok")["arm"].to_list())
    samples = run.scan("samples.parquet").select("teacher", pl.col("^verdicts_.*$")).collect()
    used.update(questions.spender(run.task, teacher) for teacher in samples["teacher"] if teacher >= 0)
    used.update(_verdicts(samples))
    return used


def _verdicts(samples: pl.DataFrame) -> Counter[str]:
    """How often each judge gave a verdict."""
    columns = [samples[name].drop_nulls() for name in samples.columns if name.startswith("verdicts_")]
    verdicts = (verdict for column in columns for text in column for verdict in json.loads(text))
    return Counter(f"judge {verdict['judge']}" for verdict in verdicts if "scores" in verdict)
