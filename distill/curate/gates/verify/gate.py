"""The gate that asks the task's own function: `check(row)` of a `verify.py` beside the spec.

    def check(row):                      # row: input, prompt, answer, parsed, tool_calls, stratum, labels, fields, gold
        return row["parsed"]["total"] == 3, "the total is wrong"

It returns True or False, a number from 0 to 1, None where it cannot judge, or one of them with a message. A row that it
could not judge (it raised, took too long or too much memory, ended its process) is unscored, with the cause; it never
counts as a zero.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import orjson
import polars as pl

from distill.curate.gates.scoring import rescored
from distill.curate.gates.settings import FUNCTION, IfUnscored
from distill.curate.gates.verify.cache import CheckCache
from distill.curate.gates.verify.source import read_source
from distill.records import Json
from distill.sandbox import pool
from distill.sandbox.process import CheckResult, SandboxLimits, Source
from distill.tables.outcome import Outcome, ordered, partition

SCORE = "score_verify"
ROW = ("input", "prompt", "answer", "tool_calls", "stratum", "labels")
"""The columns of a sample that a function gets; `fields` and `gold` of its seed come beside."""
_CONTRACT = 1
"""Raised when a row is handed over in another way, so that it is judged again."""
_AT_ONCE = 1000
_CAUSES_SHOWN = 10
Check = Callable[[pl.DataFrame], Sequence[CheckResult]]
"""Samples → a result for each, in their order."""


@dataclass(frozen=True, slots=True, eq=False)
class TaskFolder:
    """What the gate has from the task: its folder, the seeds (columns seed_id, fields, gold), where results are kept."""

    folder: Path
    seeds: pl.DataFrame | None = None
    cache: Path | None = None


def gate(
    frame: pl.DataFrame,
    *,
    task: TaskFolder,
    function: str = FUNCTION,
    at_least: float = 1.0,
    seconds: float = 2.0,
    megabytes: int = 512,
    unscored: IfUnscored = "drop",
) -> Outcome:
    """Drops rows that the task's own function scores below `at_least`; each may take `seconds`, its process `megabytes`.

    The report says what `held` the function when it ran: landlock, seccomp, hook (see sandbox/).
    """
    layers: set[str] = set()
    limits = SandboxLimits(seconds, megabytes)

    def check(rows: pl.DataFrame) -> list[CheckResult]:
        return check_rows(rows, task, read_source(function, task.folder), limits, layers)

    outcome = verify(frame, check=check, at_least=at_least, unscored=unscored)
    held: dict[str, Json] = {"held": sorted(layers)} if layers else {}
    return replace(outcome, report=outcome.report | held)


def verify(frame: pl.DataFrame, *, check: Check, at_least: float = 1.0, unscored: IfUnscored = "drop") -> Outcome:
    """Scores every row by `check`, then drops those below `at_least`, and the unscored ones unless they are to be kept.

    The report counts rows without a score by cause (`unscored`), and warns where they are half of all or more.
    """
    rows = ordered(frame)
    results = check(rows)
    drops = {}
    for i, result in enumerate(results):
        if result.score is None:
            if unscored == "drop":
                drops[i] = ("unscored", result.detail)
        elif result.score < at_least:
            drops[i] = ("verify", result.message or f"scores {result.score:g}, at least {at_least:g} required")
    scores = pl.Series(SCORE, [result.score for result in results], dtype=pl.Float64)
    outcome = partition(rescored(rows.with_columns(scores)), drops, stage="verify")
    causes = Counter(result.cause for result in results if result.score is None)
    return replace(outcome, report=outcome.report | _unscored_report(causes, rows.height))


def _unscored_report(causes: Counter[str], rows: int) -> dict[str, Json]:
    """The commonest causes of rows without a score, and a warning where these are half of all or more."""
    if not causes:
        return {}
    shown = dict(sorted(causes.items(), key=lambda pair: (-pair[1], pair[0]))[:_CAUSES_SHOWN])
    if 2 * causes.total() < rows:
        return {"unscored": shown}
    cause, count = next(iter(shown.items()))
    warning = f"verify could not judge {causes.total()} of {rows} rows; {count} of them: {cause}"
    return {"unscored": shown, "warning": warning}


def check_rows(
    rows: pl.DataFrame, task: TaskFolder, source: Source, limits: SandboxLimits, layers: set[str]
) -> list[CheckResult]:
    """Results of rows (columns seed_id and `ROW`): those that are kept, and the others from the function; equal rows are asked once.

    Into `layers` go those that held the function, see `sandbox.pool.judge`.
    """
    inputs = _inputs(rows, task.seeds)
    keys = _keys(inputs, source)
    known: dict[bytes, CheckResult] = {}
    with contextlib.ExitStack() as undo:
        cache = None
        if task.cache is not None:
            cache = undo.enter_context(CheckCache(task.cache, limits=f"{limits.seconds:g} s, {limits.megabytes} MiB"))
            known = cache.find(list(dict.fromkeys(keys)))
        fresh = _judged(inputs, keys, frozenset(known), source, limits, layers)
        while some := list(islice(fresh, _AT_ONCE)):
            known.update(some)
            if cache is not None:
                cache.keep(some)
        if cache is not None and layers:
            cache.note(layers)
        elif cache is not None and keys:
            layers |= cache.held
    return [known[key] for key in keys]


def _inputs(rows: pl.DataFrame, seeds: pl.DataFrame | None) -> pl.DataFrame:
    """What the function gets of each sample, in their order."""
    if seeds is None:
        return rows.select(*ROW, fields=pl.lit(None, pl.String), gold=pl.lit(None, pl.String))
    of_seed = seeds.select("seed_id", "fields", "gold").unique("seed_id", keep="first", maintain_order=True)
    return rows.join(of_seed, on="seed_id", how="left", maintain_order="left").select(*ROW, "fields", "gold")


def _keys(inputs: pl.DataFrame, source: Source) -> list[bytes]:
    """For each row a hash of the function and its input."""
    function = hashlib.blake2b(repr((_CONTRACT, source.text, source.function)).encode(), digest_size=32).digest()
    return [hashlib.blake2b(orjson.dumps(row), digest_size=16, key=function).digest() for row in inputs.iter_rows()]


def _judged(
    inputs: pl.DataFrame, keys: Sequence[bytes], known: Collection[bytes], source: Source, limits: SandboxLimits, layers: set[str]
) -> Iterator[tuple[bytes, CheckResult]]:  # fmt: skip
    """(key, result) of each row whose key is not known, in the order in which they come."""
    first = {key: i for i, key in reversed(list(enumerate(keys))) if key not in known}
    wanted = sorted(first.values())
    rows = inputs[wanted].iter_rows(named=True)
    lines = (orjson.dumps([i, row]) + b"\n" for i, row in zip(wanted, rows, strict=True))
    for i, result in pool.judge(source, zip(wanted, lines, strict=True), limits, held=layers):
        yield keys[i], result
