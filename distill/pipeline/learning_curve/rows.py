"""The rows that a curve is drawn over: those that train the student of its kind, in the order of their file, and the test rows.

lora     the lines of train.jsonl; validation rows stay what they are at every point
linear   the kept rows that a linear model learns: those of train.jsonl and valid.jsonl without tool calls
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.errors import UsageError
from distill.evaluate.curve.result import FOLDER
from distill.pipeline.learning_curve.subsets import RowKey
from distill.rundir import RunDir, read_parquet
from distill.student.preflight.target import LEAST_ROWS
from distill.student.trainers.linear import FEWEST_ROWS
from distill.tables.outcome import ordered

if TYPE_CHECKING:
    import polars as pl

    from distill.task.task import Task

LEAST = {"lora": LEAST_ROWS, "linear": FEWEST_ROWS}
"""Training rows of the smallest point, by the kind of student."""
_ID = ("seed_id", "teacher", "kind", "draw")


@dataclass(frozen=True, slots=True)
class CurveRows:
    """The training rows of a kind of student; `lines` are those of train.jsonl, where it learns from it."""

    student: str
    samples: pl.DataFrame
    lines: Sequence[bytes]
    tests: pl.DataFrame
    """Of seeds.parquet."""
    place: str
    """Where its points are kept, below the run's folder."""
    own: bool = True
    """Whether all of them are what the run's own student learnt."""

    @property
    def spender(self) -> str:
        """Who pays for the answers of its points, in the ledger."""
        return self.place.split("/", 1)[0]

    @property
    def keys(self) -> list[RowKey]:
        """What tells the rows apart."""
        rows = self.samples.select("stratum", *_ID).iter_rows()
        return [RowKey(stratum, tuple(map(str, parts))) for stratum, *parts in rows]


def student_kind(task: Task, folder: RunDir, with_: str | None, verb: str = "curve") -> str:
    """Which kind of student a verb trains on parts of its rows; UsageError where none is trained here."""
    kind = with_ or task.spec.student.train.with_
    if kind in LEAST and (kind == "linear" or task.spec.student.train.with_ == "lora"):
        return kind
    if with_ is not None and kind != "hosted":
        raise UsageError(
            f"--with {with_}: expected linear, or the student's own ({task.spec.student.train.with_}); `--with linear` works beside any"
        )
    why = {
        "hosted": "the student is tuned at a host, where each training would be a job of its own with its own bill: none is begun from here",
        "full": "all weights are tuned (student.train.with: full), and each training would leave a whole model on the disk",
        "embedding": "the student is a model over word vectors (student.train.with: embedding)",
        "none": "nothing is trained (student.train.with: none)",
    }[kind]
    raise UsageError(
        f"{folder.name}: {why}; `distill {verb} {folder.task} --with linear` trains a linear model, for nothing"
    )


def curve_rows(folder: RunDir, student: str) -> CurveRows:
    """The rows of a run that was exported; UsageError names the command that writes what is not there."""
    import polars as pl

    missing = next(
        (name for name in ("samples.parquet", "train.jsonl", "test.jsonl") if not (folder / name).exists()), None
    )
    if missing is not None:
        raise UsageError(f"run {folder.name} has no {missing} to train on; run `distill run {folder.task}` first")
    samples, seeds = read_parquet(folder / "samples.parquet"), read_parquet(folder / "seeds.parquet")
    tests = seeds.filter(pl.col("role") == "test")
    if tests.height == 0:
        raise UsageError(f"{folder.name} has no test rows to score on; set some aside with seeds.test")
    if student == "linear":
        learnt = samples.filter(pl.col("fate").is_in(["train", "valid"]) & (pl.col("tool_calls") == ""))
        return CurveRows(student, ordered(learnt), (), tests, f"{FOLDER}/{student}")
    kept, lines = (
        ordered(samples.filter(pl.col("fate") == "train")),
        (folder / "train.jsonl").read_bytes().splitlines(keepends=True),
    )
    if len(lines) != kept.height:
        raise UsageError(
            f"train.jsonl of {folder.name} holds {len(lines):,} rows and samples.parquet {kept.height:,}; `distill export {folder.task}` writes it again"
        )
    return CurveRows(student, kept, lines, tests, f"{FOLDER}/{student}")
