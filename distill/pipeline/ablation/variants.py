"""The dataset of a run, made again from its answers with one gate or step left out. Nothing is sent: what has no answer, or no verdict of a
later gate, stays out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from distill.curate import steps
from distill.curate.accounting import conservation, funnel
from distill.curate.dedup import decisions
from distill.curate.gates.judge.lookup import VerdictLookup
from distill.curate.inputs import CurationInputs, read_inputs
from distill.curate.result import Curated
from distill.errors import UsageError
from distill.generate.questions import TeacherQuestions, read_asked
from distill.pipeline.ablation.choice import STEPS
from distill.rundir import read_json, read_parquet
from distill.similarity.graph import Graph
from distill.task import near_graph
from distill.task.run import ActiveRun

ID = ("seed_id", "teacher", "kind", "draw")
"""What tells samples apart."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A dataset without one gate or step, which `name` is; empty where nothing is left out."""

    name: str
    kept: pl.DataFrame
    """As samples.parquet has them."""
    answers: int
    """Answers and approved rows that came in."""
    dropped: Mapping[str, int]
    """Stage → rows that it dropped of these."""
    pending: frozenset[str]
    """Requests whose row waits for a verdict."""


@dataclass(frozen=True, slots=True)
class WholeDataset:
    """The dataset as the run has it, with what prices its gates."""

    variant: Variant
    rejected: pl.DataFrame
    """request_id, usd of the answers that were dropped."""
    dropped: pl.DataFrame
    """As dropped.parquet."""
    verdicts: VerdictLookup


@dataclass(frozen=True, slots=True)
class Recuration:
    """A run's seeds and questions, to be curated several times."""

    run: ActiveRun
    table: pl.DataFrame
    asked: TeacherQuestions
    graph: Graph
    rulings: Mapping[str, str]

    def whole(self) -> WholeDataset:
        """With nothing left out; UsageError where it is not the run's dataset any more."""
        curated = self._curated("")
        self._same(curated.kept)
        rejected = curated.rejected.select("request_id", "usd")
        return WholeDataset(self._variant("", curated), rejected, curated.dropped, curated.verdicts)

    def without(self, name: str) -> Variant:
        """With a gate, `dedup` or `balance` left out; the same steps check that no row is lost."""
        return self._variant(name, self._curated(name))

    def _curated(self, name: str) -> Curated:
        given = read_inputs(
            self.run.task, self.table, self.asked, self.run.store, self.graph, rulings=self.rulings
        )  # fmt: skip
        if name in STEPS:
            return steps.curate(given, without=STEPS[name])
        return steps.curate(_without_gate(given, name))

    def _variant(self, name: str, curated: Curated) -> Variant:
        seeds = read_json(self.run.folder / "seeds.json", dict)
        lines = funnel.run_lines(seeds, curated.funnel)
        conservation.check(
            lines, asked=self.run.table("asked.parquet"), samples=curated.samples,
            dropped=pl.concat([self.run.table("seeds_dropped.parquet"), curated.dropped]),
        )  # fmt: skip
        gone = {line.stage: sum(line.dropped.values()) for line in _after_answers(lines)}
        kept, answers = curated.kept, curated.kept.height + curated.rejected.height
        return Variant(name, kept, answers, gone, frozenset(curated.verdicts.pending))

    def _same(self, kept: pl.DataFrame) -> None:
        """What stands in the run's folder decides: a gate is left out of the dataset that the student learnt."""
        columns = [*ID, "answer", "fate"]
        held = read_parquet(self.run.folder / "samples.parquet", columns).filter(pl.col("fate") != "dropped")
        if not held.select(columns).sort(*ID).equals(kept.select(columns).sort(*ID)):
            name = self.run.folder.name
            raise UsageError(
                f"the answers of {name} come to {kept.height:,} rows by its spec as it is now, and its dataset has {held.height:,} that are not "
                f"all the same: the spec or its files changed since; `distill run {self.run.folder.task}` curates them again"
            )


def recuration(run: ActiveRun) -> Recuration:
    """What a run is curated from again."""
    table = run.table("seeds.parquet")
    graph = near_graph.read_graph(run.folder.path, run.task.spec, table)
    rulings = decisions.read_decisions(run.task, run.folder, run.parent)
    return Recuration(run, table, read_asked(run.folder), graph, rulings)


def _without_gate(given: CurationInputs, name: str) -> CurationInputs:
    return replace(given, gates=[gate for gate in given.gates if gate[0] != name])


def _after_answers(lines: Sequence[funnel.FunnelLine]) -> Iterator[funnel.FunnelLine]:
    """The steps that answers and approved rows went through."""
    names = [line.stage for line in lines]
    return iter(lines[names.index("answer") + 1 :])


def gates_of(run: ActiveRun) -> list[str]:
    """The gates of a run by name, in its order."""
    return [name for name, _ in run.task.spec.gate_settings()]


def let_in(variant: Variant, whole: Variant) -> int:
    """Rows that are in the dataset only without what was left out."""
    return variant.kept.join(whole.kept.select(ID), on=list(ID), how="anti", nulls_equal=True).height
