"""New seeds for strata that lack rows: rounds of making, sifting and checking them, until no stratum lacks any, the spec's
cap is reached, or nothing more comes of it.

Every question goes through the store, and its order is `seeds.expand`'s: a run that was stopped makes the same seeds and
pays for none twice. What goes is a dropped row of the stage `expand`; `in` of its funnel line is what was asked for.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from distill.flow import asking, asks, heirs
from distill.outcome import dropped_frame, summary
from distill.records import Json, Request, Seed, canonical
from distill.seeds import expand, load
from distill.seeds.aside import apportion
from distill.seeds.expand import STAGE, Candidate
from distill.text import storable

if TYPE_CHECKING:
    import polars as pl

    from distill.flow.asking import Sender
    from distill.flow.curated import Curated
    from distill.flow.project import Project

MAKES, CHECKS = "expand", "expand check"
"""The spenders of the ledger."""
_IN_VAIN = 2
"""Rounds in a row that bring no accepted row, after which no more are asked for."""
_OWED = "owed"
New = tuple[Candidate, Request, dict[str, str]]
"""A candidate, what was asked for it, and the fields that came back."""


@dataclass(slots=True)
class Expansion:
    """The made seeds of one run. `table` are all its seeds, those made from them included; `gone` the rows that were dropped
    before. `before` is the seeds table of the run that is refreshed, and `past` what its expansion came to: both are kept.
    """

    project: Project
    table: pl.DataFrame
    gone: pl.DataFrame
    before: pl.DataFrame | None = None
    past: Mapping[str, Any] = field(default_factory=dict)
    made: dict[str, Candidate] = field(default_factory=dict)
    drops: list[heirs.Drop] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)
    _parents: dict[str, list[str]] = field(default_factory=dict)
    _seeds: dict[str, dict[str, Any]] = field(default_factory=dict)
    _tests: list[tuple[str, str]] = field(default_factory=list)
    _came: int = 0
    _accepted: int = -1
    _in_vain: int = 0

    def __post_init__(self) -> None:
        import polars as pl

        if self.project.spec.seeds.expand is None and self.before is None:
            return
        real = self.table.filter(pl.col("role") == "train")
        self._seeds = {row["seed_id"]: row for row in real.iter_rows(named=True)}
        parents = real.group_by("stratum").agg("seed_id").iter_rows()
        self._parents = {stratum: expand.ranked(stratum, seeds) for stratum, seeds in sorted(parents)}
        self._tests = list(self.table.filter(pl.col("role") == "test").select("seed_id", "input").iter_rows())
        self.table = self.table.with_columns(parent=pl.lit(None, dtype=pl.String), way=pl.lit(None, dtype=pl.String))
        if self.before is not None and "way" in self.before.columns:
            held = self.table["seed_id"].implode()
            came = self.before.filter(pl.col("way").is_not_null() & ~pl.col("seed_id").is_in(held))
            rows, self.drops = heirs.taken_over(came, self._seeds, self.project.spec.strata.rules)
            self._extend(rows)
            self._came = came.height

    @property
    def room(self) -> dict[str, int]:
        """Stratum → rows that could still be made, as many as may be wanted; empty when none is asked for any more."""
        wanted = self.project.spec.seeds.expand
        if wanted is None or self._in_vain >= _IN_VAIN or self.tried.total() >= wanted.at_most:
            return {}
        return {stratum: most_wanted(self.project) for stratum in self._parents if self._left(stratum) > 0}

    def _left(self, stratum: str) -> int:
        """Questions that a stratum's real seeds have left."""
        wanted = self.project.spec.seeds.expand
        per_row = wanted.per_row if wanted else 0
        return per_row * len(self._parents.get(stratum, ())) - self._start(stratum)

    def _start(self, stratum: str) -> int:
        return int(self.past.get("tried", {}).get(stratum, 0)) + self.tried[stratum]

    def next(self, lack: Mapping[str, int], accepted: frozenset[str]) -> list[Candidate]:
        """What to ask for: what is lacking and a tenth more, over the share that was accepted so far."""
        wanted = self.project.spec.seeds.expand
        if wanted is None:
            return []
        got = Counter(one.stratum for seed, one in self.made.items() if seed in accepted)
        room = {stratum: self._left(stratum) for stratum in lack if self._left(stratum) > 0}
        need = {
            stratum: math.ceil(lack[stratum] * (1 + asks.SPARE) * (self.tried[stratum] + 1) / (got[stratum] + 1))
            for stratum in room
        }
        most = {stratum: min(need[stratum], room[stratum]) for stratum in room}
        counts = apportion(most, room=most, seats=wanted.at_most - self.tried.total())
        return [
            one
            for stratum, count in counts.items()
            for one in expand.candidates(
                stratum, self._parents[stratum], ways=wanted.ways, per_row=wanted.per_row,
                start=self._start(stratum), count=count,
            )
        ]  # fmt: skip

    async def round(self, curated: Curated, sender: Sender) -> list[str]:
        """Make seeds for what is lacking, add those that may stay to the table, and name them."""
        accepted = len(curated.standing.accepted & self.made.keys())
        self._in_vain = self._in_vain + 1 if accepted <= self._accepted else 0
        self._accepted = accepted
        due = self.next(curated.lack, curated.standing.accepted) if self.room else []
        if not due:
            self._in_vain = _IN_VAIN
            return []
        self.tried.update(one.stratum for one in due)
        asked = [(one, self.request(one)) for one in due]
        await self._send([request for _, request in asked], sender, MAKES)
        new = await self._checked(self._sifted(asked, sender), sender)
        return self._add(new)

    async def _send(self, requests: Sequence[Request], sender: Sender, spender: str) -> None:
        """Ask for what may still be answered: what an endpoint will never take is not asked again."""
        open_ = [request for request in requests if not asking.refused(sender.store, request)]
        await sender.send(open_, self.project.maker, spender)

    def request(self, one: Candidate) -> Request:
        """The question that makes a candidate."""
        at, wanted = self.project.maker, self.project.spec.seeds.expand
        turns = expand.turns(
            one, [json.loads(self._seeds[seed]["fields"]) for seed in one.shown], labels=self._labels(one),
            about=wanted.about if wanted else {}, task=self.project.spec.about, variables=self._variables,
        )  # fmt: skip
        form = expand.form(self._variables)
        return asking.said(turns, address=at.address, sampling=at.sampling, output=form, draw=one.draw)

    def check(self, one: Candidate, fields: Mapping[str, Json]) -> Request:
        """The question whether it could be a real one."""
        at, wanted = self.project.maker, self.project.spec.seeds.expand
        turns = expand.doubt(
            fields, stratum=one.stratum, labels=self._labels(one), about=wanted.about if wanted else {},
            task=self.project.spec.about,
        )  # fmt: skip
        greedy = at.sampling.model_copy(update={"temperature": 0.0 if at.sampling.temperature is not None else None})
        return asking.said(turns, address=at.address, sampling=greedy, output=expand.VERDICT)

    @property
    def _variables(self) -> list[str]:
        return list(json.loads(next(iter(self._seeds.values()))["fields"]))

    def _labels(self, one: Candidate) -> dict[str, str]:
        return dict(json.loads(self._seeds[one.parent]["labels"]))

    def _sifted(self, asked: Sequence[tuple[Candidate, Request]], sender: Sender) -> list[New]:
        """Those that can be read, belong to their stratum by rule, and are near no seed and no test row."""
        found: list[New] = []
        raise_to = self.project.maker.sampling.raise_to
        for one, request in asked:
            _, answer = asking.final(sender.store, request, raise_to)
            if answer is None or not answer.ok:
                self._unanswered(one, request, request, sender)
            elif answer.declined:
                self._drop(one, request, "declined", answer.refusal[:200])
            elif isinstance(fields := expand.read(answer.text, self._variables), str):
                self._drop(one, request, "unreadable", fields)
            else:
                found.append((one, request, fields))
        found = self._ruled(found)
        seeds = [*self.table.filter(role="train").select("seed_id", "input").iter_rows()]
        seeds += self.gone.select("seed_id", "input").iter_rows() if self.gone.height else []
        inputs = [load.input_of(fields) for _, _, fields in found]
        near = self.project.spec.dedup.near
        drops = expand.repeats(inputs, seeds=seeds, tests=self._tests, near=near) if inputs else {}
        for i, (reason, detail) in drops.items():
            self._drop(*found[i][:2], reason, detail)
        return [row for i, row in enumerate(found) if i not in drops]

    def _ruled(self, found: list[New]) -> list[New]:
        """Those for which the rules over their own variables give the labels that they were made for."""
        labels = [self._labels(one) for one, _, _ in found]
        other = heirs.misfits([fields for _, _, fields in found], labels, self.project.spec.strata.rules)
        for i, detail in other.items():
            self._drop(*found[i][:2], "other_stratum", detail)
        return [row for i, row in enumerate(found) if i not in other]

    async def _checked(self, found: list[New], sender: Sender) -> list[New]:
        """Those that a model takes for real ones; without a verdict that can be read, none is."""
        wanted = self.project.spec.seeds.expand
        if wanted is None or not wanted.plausible or not found:
            return found
        checks = [self.check(one, fields) for one, _, fields in found]
        await self._send(checks, sender, CHECKS)
        stays = []
        for row, check in zip(found, checks, strict=True):
            _, answer = asking.final(sender.store, check, self.project.maker.sampling.raise_to)
            whole = answer is not None and answer.ok and not answer.declined
            verdict = expand.realistic(answer.text) if answer is not None and whole else None
            said = repr(load.input_of(row[2])[:120])
            if verdict:
                stays.append(row)
            elif answer is None:
                self._unanswered(*row[:2], check, sender)
            elif verdict is None:
                self._drop(*row[:2], "unscored", f"no verdict that can be read on {said}")
            else:
                self._drop(*row[:2], "implausible", f"no real input of {row[0].stratum}: {said}")
        return stays

    def _unanswered(self, one: Candidate, request: Request, asked: Request, sender: Sender) -> None:
        """A candidate that is owed an answer to `asked`, or that the endpoint will never give one on."""
        reason = "no_answer" if asking.refused(sender.store, asked) else _OWED
        self._drop(one, request, reason, asking.why_owed(sender.store, asked.id))

    def _drop(self, one: Candidate, request: Request, reason: str, detail: str) -> None:
        said = f"{one.way} of {one.parent}: {detail}"
        self.drops.append((request.id[:16], request.id, one.stratum, STAGE, reason, storable(said)))

    def _add(self, new: Sequence[New]) -> list[str]:
        rows = []
        for one, _, fields in new:
            seed = Seed(fields)
            self.made[seed.id] = one
            row = {
                "seed_id": seed.id, "line": None, "source": one.source, "fields": canonical(fields), "gold": None,
                "input": load.input_of(fields),
            }  # fmt: skip
            rows.append(row | heirs.placed(seed.id, one.way, self._seeds[one.parent]))
        self._extend(rows)
        return [row["seed_id"] for row in rows]

    def _extend(self, rows: Sequence[Mapping[str, Any]]) -> None:
        import polars as pl

        if rows:
            more = pl.DataFrame(rows, schema_overrides=self.table.schema).select(self.table.columns)
            self.table = pl.concat([self.table, more])

    @property
    def owed(self) -> int:
        """Candidates that may still be made, or checked, once their answer comes."""
        return sum(drop[4] == _OWED for drop in self.drops)

    @property
    def dropped(self) -> pl.DataFrame:
        """Every candidate that went, as rows of dropped.parquet."""
        return dropped_frame(self.drops)

    @property
    def report(self) -> dict[str, Any] | None:
        """The funnel's line, and what a refresh goes on from; None where nothing was made."""
        if not self.tried and not self._came:
            return None
        tried = Counter(self.past.get("tried", {})) + self.tried
        line = summary(STAGE, self.tried.total() + self._came, self.dropped)
        return line | {"tried": dict(sorted(tried.items())), "from_parent": self._came}


def most_wanted(project: Project) -> int:
    """No stratum is ever wanted to hold more rows."""
    floors = [case.at_least for case in project.edge_cases]
    return max([project.spec.dataset.accept or 0, project.spec.dataset.per_stratum or 0, *floors])


def unlimited(project: Project, table: pl.DataFrame) -> dict[str, int]:
    """The room of every stratum as if there were no cap; empty where none is made."""
    if project.spec.seeds.expand is None:
        return {}
    return dict.fromkeys(table.filter(role="train")["stratum"], most_wanted(project))
