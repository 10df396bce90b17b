"""Near twins among the rows that the gates let pass: votes, the row that stands for all, and who is in conflict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from distill.curate.dedup import rulings
from distill.generate.questions import Asked
from distill.records import Json

if TYPE_CHECKING:
    import polars as pl

    from distill.similarity.graph import Graph
    from distill.tables.outcome import Outcome
    from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class Twins:
    """What is left of the rows, and what is to be done about those in conflict."""

    votes: tuple[Outcome, ...]
    """The vote among several answers to a row; empty unless the spec asks again."""
    unique: Outcome
    conflicts: list[dict[str, Json]]
    """Rows for a person to decide about, with their inputs and answers; empty unless the spec asks for it."""
    contested: frozenset[str]
    """Seeds in conflict that are to be asked again; empty unless the spec asks for it."""

    @property
    def losses(self) -> Twins:
        """Without the rows kept, as an outcome's."""
        return replace(self, votes=tuple(vote.losses for vote in self.votes), unique=self.unique.losses)


def of(
    task: Task, asked: Asked, passed: pl.DataFrame, gold: pl.DataFrame, *, ruled: frozenset[str], graph: Graph
) -> Twins:
    """`passed` are samples that the gates let pass, `gold` the approved ones; `ruled` are seeds that a person decided."""
    import polars as pl

    from distill.curate.dedup import conflicts, duplicates

    way, near = task.spec.dedup.on_conflict, task.spec.dedup.near
    compare, again = rulings.compared(task.spec, task.output), rulings.asked_again(task, asked) - ruled
    rules = rulings.rules(task.spec, task.output)
    votes = (conflicts.vote(passed, rows=again, compare=compare, rules=rules),) if way == "ask_again" else ()
    rows = pl.concat([*(vote.kept for vote in votes), *([] if votes else [passed]), gold], how="diagonal")
    settle = "abstain" if way == "ask_again" else way
    unique = duplicates.duplicates(rows, near=near, compare=compare, on_conflict=settle, graph=graph, rules=rules)
    open_ = way in ("ask_again", "person") and {"conflict", "for_a_person"} & unique.report["dropped"].keys()
    undecided = duplicates.conflicts(rows, near=near, compare=compare, graph=graph, rules=rules) if open_ else []
    if not votes:
        return Twins(votes, unique, conflicts.lines(undecided, rows), frozenset())
    disputed = {seed for one in undecided for seed in one.rows} & {ask.seed for ask in asked}
    return Twins(votes, unique, [], frozenset(disputed - again - ruled))
