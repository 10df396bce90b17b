"""New seeds for strata that lack rows: rounds of making, sifting and checking them, until no stratum lacks any, the spec's
cap is reached, or nothing more comes of it.

Every question goes through the store, and its order is `seeds.expand`'s: a run that was stopped makes the same seeds and
pays for none twice. What goes is a dropped row of the stage `expand`; `in` of its funnel line is what was asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from distill.records import Json, Seed, canonical
from distill.seeds import load
from distill.seeds.expansion import inherit, prompts
from distill.seeds.expansion.filter import CandidateFilter, NewSeed
from distill.seeds.expansion.prompts import STAGE, Candidate
from distill.seeds.expansion.questions import MAKES, Questions
from distill.strata import targets
from distill.strata.apportion import apportion
from distill.tables.outcome import dropped_frame, summary
from distill.task.task import Task
from distill.teacher.send import Sender

_IN_VAIN = 2
"""Rounds in a row that bring no accepted row, after which no more are asked for."""


@dataclass(slots=True)
class Expansion:
    """The made seeds of one run. `table` are all its seeds, those made from them included; `gone` the rows that were dropped
    before. `before` is the seeds table of the run that is refreshed, and `past` what its expansion came to: both are kept.
    """

    task: Task
    table: pl.DataFrame
    gone: pl.DataFrame
    before: pl.DataFrame | None = None
    past: Mapping[str, Json] = field(default_factory=dict)
    made: dict[str, Candidate] = field(default_factory=dict)
    tried: Counter[str] = field(default_factory=Counter)
    questions: Questions = field(init=False)
    filter: CandidateFilter = field(init=False)
    _parents: dict[str, list[str]] = field(default_factory=dict)
    _came: int = 0
    _accepted: int = -1
    _in_vain: int = 0

    def __post_init__(self) -> None:
        makes = self.task.spec.seeds.expand is not None or self.before is not None
        real = self.table.filter(role="train") if makes else self.table.clear()
        self.questions = Questions(self.task, {row["seed_id"]: row for row in real.iter_rows(named=True)})
        self.filter = CandidateFilter(
            self.questions, self.table.filter(pl.col("role") != "train").select("seed_id", "input").rows()
        )
        if not makes:
            return
        parents, first = real.group_by("stratum").agg("seed_id").iter_rows(), harvested(self.task, real)
        self._parents = {stratum: prompts.ranked(stratum, seeds, first) for stratum, seeds in sorted(parents)}
        self.table = self.table.with_columns(parent=pl.lit(None, dtype=pl.String), way=pl.lit(None, dtype=pl.String))
        if self.before is not None and "way" in self.before.columns:
            held = self.table["seed_id"].implode()
            came = self.before.filter(pl.col("way").is_not_null() & ~pl.col("seed_id").is_in(held))
            rows, self.filter.drops = inherit.taken_over(came, self.questions.seeds, self.task.spec.strata.rules)
            self._extend(rows)
            self._came = came.height

    @property
    def room(self) -> dict[str, int]:
        """Stratum → rows that could still be made, as many as may be wanted; empty when none is asked for any more."""
        wanted = self.task.spec.seeds.expand
        if wanted is None or self._in_vain >= _IN_VAIN or self.tried.total() >= wanted.at_most:
            return {}
        return {stratum: most_wanted(self.task) for stratum in self._parents if self._left(stratum) > 0}

    def _left(self, stratum: str) -> int:
        """Questions that a stratum's real seeds have left."""
        wanted = self.task.spec.seeds.expand
        per_row = wanted.per_row if wanted else 0
        return per_row * len(self._parents.get(stratum, ())) - self._start(stratum)

    def _start(self, stratum: str) -> int:
        return int(self.past.get("tried", {}).get(stratum, 0)) + self.tried[stratum]

    def next(self, lack: Mapping[str, int], accepted: frozenset[str]) -> list[Candidate]:
        """What to ask for: what is lacking and a tenth more, over the share that was accepted so far."""
        wanted = self.task.spec.seeds.expand
        if wanted is None:
            return []
        got = Counter(one.stratum for seed, one in self.made.items() if seed in accepted)
        room = {stratum: self._left(stratum) for stratum in lack if self._left(stratum) > 0}
        need = {stratum: targets.likely(lack[stratum], tried=self.tried[stratum], got=got[stratum]) for stratum in room}
        most = {stratum: min(need[stratum], room[stratum]) for stratum in room}
        counts = apportion(wanted.at_most - self.tried.total(), held=dict.fromkeys(most, 0), room=most, weights=most)
        return [
            one
            for stratum, count in counts.items()
            for one in prompts.candidates(
                stratum, self._parents[stratum], ways=wanted.ways, per_row=wanted.per_row,
                start=self._start(stratum), count=count,
            )
        ]  # fmt: skip

    async def round(self, lack: Mapping[str, int], accepted: frozenset[str], sender: Sender) -> list[str]:
        """Make seeds for the rows that strata `lack`, add those that may stay to the table, and name them.

        `accepted` are the seeds of which a row stays.
        """
        came = len(accepted & self.made.keys())
        self._in_vain = self._in_vain + 1 if came <= self._accepted else 0
        self._accepted = came
        due = self.next(lack, accepted) if self.room else []
        if not due:
            self._in_vain = _IN_VAIN
            return []
        self.tried.update(one.stratum for one in due)
        asked = [(one, self.questions.request(one)) for one in due]
        await self.questions.send([request for _, request in asked], sender, MAKES)
        found = self.filter.sifted(asked, sender.store, self._known())
        return self._add(await self.filter.checked(found, sender))

    def _known(self) -> list[tuple[str, str]]:
        """(id, input) of every row to train on, and of those that were dropped before: none is to be made again."""
        seeds = [*self.table.filter(role="train").select("seed_id", "input").iter_rows()]
        return seeds + (self.gone.select("seed_id", "input").rows() if self.gone.height else [])

    def _add(self, new: Sequence[NewSeed]) -> list[str]:
        rows, made = [], list[str]()
        for one, _, fields in new:
            seed = Seed(fields)
            made.append(seed.id)
            self.made[seed.id] = one
            row = {
                "seed_id": seed.id, "line": None, "source": one.source, "fields": canonical(fields), "gold": None,
                "input": load.input_of(fields),
            }  # fmt: skip
            rows.append(row | inherit.placed(seed.id, one.way, self.questions.seeds[one.parent]))
        self._extend(rows)
        return made

    def _extend(self, rows: Sequence[Mapping[str, Json]]) -> None:
        if rows:
            more = pl.DataFrame(rows, schema_overrides=self.table.schema).select(self.table.columns)
            self.table = pl.concat([self.table, more])

    @property
    def pending(self) -> int:
        """Candidates that may still be made, or checked, once their answer comes."""
        return self.filter.pending

    @property
    def dropped(self) -> pl.DataFrame:
        """Every candidate that went, as rows of dropped.parquet."""
        return dropped_frame(self.filter.drops)

    @property
    def report(self) -> dict[str, Json] | None:
        """The funnel's line, and what a refresh goes on from; None where nothing was made."""
        if not self.tried and not self._came:
            return None
        tried = Counter(self.past.get("tried", {})) + self.tried
        line = summary(STAGE, self.tried.total() + self._came, self.dropped)
        return line | {"tried": dict(sorted(tried.items())), "from_parent": self._came}


def harvested(task: Task, table: pl.DataFrame) -> frozenset[str]:
    """The training seeds that come from harvested inputs of production: they are asked, and written more of, before others."""
    files = task.growth.harvested if task.growth else ()
    return frozenset(table.filter(pl.col("source").is_in(files), role="train")["seed_id"]) if files else frozenset()


def most_wanted(task: Task) -> int:
    """No stratum is ever wanted to hold more rows."""
    floors = [case.at_least for case in task.edge_cases]
    return max([task.spec.dataset.accept or 0, task.spec.dataset.per_stratum or 0, *floors])


def unlimited(task: Task, table: pl.DataFrame) -> dict[str, int]:
    """The room of every stratum as if there were no cap; empty where none is made."""
    if task.spec.seeds.expand is None:
        return {}
    return dict.fromkeys(table.filter(role="train")["stratum"], most_wanted(task))
