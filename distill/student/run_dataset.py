"""A run's dataset, read back from its folder: the rows of train.jsonl and valid.jsonl by seed, the test rows, preference pairs.

Rows are read when they are gone through, so that a million of them need not fit in memory as Python objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from distill.chat import conversation
from distill.curate.leaks import HeldOut
from distill.curate.selection.pairs import MARGIN, Pair, PairsFound
from distill.curate.selection.pairs import find as find_pairs
from distill.curate.steps import enumerated
from distill.errors import UsageError
from distill.records import Json, ToolCall
from distill.rundir import RunDir, read_json, read_parquet
from distill.spec import TaskSpec
from distill.student.formats.row import PreferenceRow, TrainingRow
from distill.tables.outcome import ordered

if TYPE_CHECKING:
    import polars as pl

FORMATS = "formats"
"""The folder of other formats, in a run's folder."""
FATES = ("train", "valid")


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """The rows of one file, in its order; it can be gone through again and again."""

    path: Path
    samples: pl.DataFrame
    """Those of the file, in its order."""

    def __len__(self) -> int:
        return self.samples.height

    def __iter__(self) -> Iterator[TrainingRow]:
        said = self.samples.select("seed_id", "answer").iter_rows()
        with self.path.open("rb") as file:
            try:
                for line, (seed, answer) in zip(file, said, strict=True):
                    yield _row(json.loads(line), seed, answer)
            except (ValueError, KeyError, TypeError, RecursionError) as fault:
                raise UsageError(
                    f"{self.path} is not the file that samples.parquet was written as ({str(fault)[:80]}); "
                    "`distill export SPEC` writes it again"
                ) from None


@dataclass(frozen=True, slots=True)
class RunDataset:
    """What an export is made from: the run, the spec that it used, and its samples."""

    folder: RunDir
    spec: TaskSpec
    samples: pl.DataFrame
    held_out: Sequence[HeldOut] = ()
    """Rows of named evaluation sets; the run's own test rows come with it."""
    template: Sequence[str] = ()
    """Texts that every answer may hold."""

    def rows(self, fate: str) -> TrainingRows:
        """The rows that train, or validate."""
        return TrainingRows(self.folder / f"{fate}.jsonl", ordered(self.samples.filter(fate=fate)))

    def tests(self) -> list[dict[str, Json]]:
        """The rows of test.jsonl: seed_id, messages, gold, and what they are asked with."""
        try:
            return [json.loads(line) for line in (self.folder / "test.jsonl").read_bytes().splitlines()]
        except (OSError, ValueError) as fault:
            raise UsageError(f"test.jsonl cannot be read ({fault}); `distill export SPEC` writes it again") from None

    def pairs(self, margin: float = MARGIN) -> PairsFound:
        """The preference pairs that the run's answers make."""
        test = read_parquet(self.folder / "seeds.parquet").filter(role="test").select("seed_id", "input", "gold")
        held_out = [*(HeldOut(seed, said or "", gold or "") for seed, said, gold in test.iter_rows()), *self.held_out]
        dropped = read_parquet(self.folder / "dropped.parquet")
        persons = any(
            name == "pii" and settings.get("action") != "report" for name, settings in self.spec.gate_settings()
        )
        return find_pairs(
            self.samples, dropped, margin=margin, held_out=held_out, template=self.template, persons=persons
        )

    def preferences(self, found: PairsFound, fate: str) -> Iterator[PreferenceRow]:
        """Each pair with its training row, in the order of the file."""
        for row in self.rows(fate):
            if (pair := found.pairs.get(row.seed_id)) is not None:
                calls = [ToolCall(*call) for call in json.loads(pair.rejected_calls)] if pair.rejected_calls else []
                yield PreferenceRow(row, conversation.answer(pair.rejected_answer, calls), _origin(pair))


def of_run(
    folder: RunDir, spec: TaskSpec | None = None, *, held_out: Sequence[HeldOut] = (), output: Json = None
) -> RunDataset:
    """The dataset of a run that was exported; UsageError names the command that writes what is not there. Without `spec` it is
    the one that the run used; `output` is the schema of its answers.
    """
    samples = read_parquet(folder / "samples.parquet")
    missing = next((name for name in ("train.jsonl", "test.jsonl") if not (folder / name).exists()), None)
    if missing is not None:
        raise UsageError(f"run {folder.name} has no {missing}; `distill export {folder.task}` writes it")
    return RunDataset(folder, spec or _spec_of(folder), samples, held_out, enumerated(output))


def _spec_of(folder: RunDir) -> TaskSpec:
    used: Mapping[str, Json] = read_json(folder / "spec.json", dict, needs="spec")
    try:
        return TaskSpec.model_validate(used["spec"])
    except ValueError as fault:
        raise UsageError(
            f"{folder.path / 'spec.json'} is of another version of distill ({str(fault).splitlines()[0]}); "
            f"`distill export {folder.task}` writes it again"
        ) from None


def _row(value: Mapping[str, Json], seed: str, answer: str) -> TrainingRow:
    if (value["messages"][-1]["content"] or "") != answer:
        raise ValueError(f"the answer to {seed} is another one")
    return TrainingRow(seed, value["messages"], value.get("tools", ()), value.get("parallel_tool_calls"))


def _origin(pair: Pair) -> dict[str, Json]:
    return {
        "seed_id": pair.seed_id, "chosen": pair.chosen, "rejected": pair.rejected,
        "scores": {gate: list(both) for gate, both in pair.scores.items()}, "reason": pair.reason,
    }  # fmt: skip
