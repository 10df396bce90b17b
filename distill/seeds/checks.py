"""What quotas, edge cases, test rows and expansion want and the seeds cannot give: found before anything is sent, and again
when the labels that were asked for are there.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from distill.errors import Fault
from distill.records import Json, Seed, canonical
from distill.spec import UNLABELLED, TaskSpec
from distill.strata import feasibility
from distill.task.task import targets_of
from distill.text.normalise import did_you_mean, normalise
from distill.values.match import same

if TYPE_CHECKING:
    import polars as pl


_FEW = 10
"""Different texts below which a dataset is hardly one."""
_SHOWN = 5


def quotas(spec: TaskSpec, seeds: Sequence[Seed], file: Path) -> list[Fault]:
    """What the seeds cannot give, counted on the rows that are left when the test rows are set aside.

    Where labels are still to be asked for, only what no answer can fix is a fault; all is checked again when they are there.
    """
    if no_rows := _no_test_rows(spec, seeds, file):
        return [no_rows]
    pending = {
        name: [*asked.values, UNLABELLED]
        for name, asked in spec.strata.asked.items()
        if any(name not in seed.labels for seed in seeds)
    }
    faults = _now(spec, seeds, pending.keys()) + (_at_best(spec, seeds, pending) if pending else [])
    return [Fault(f"{file}: {fault.where}", fault.message) for fault in dict.fromkeys(faults)]


def _now(spec: TaskSpec, seeds: Sequence[Seed], pending: Set[str]) -> list[Fault]:
    """What the labels that are there show to be too little."""
    from distill.seeds import prepare

    targets = targets_of(spec)
    if pending & set(spec.strata.by):  # which strata there are is not known yet
        targets = replace(targets, per_stratum=None, rules=())
    made = set(spec.strata.by) if spec.seeds.expand else None
    return feasibility.faults(prepare.training_labels(spec, seeds), targets, made=made, pending=pending)


def _at_best(spec: TaskSpec, seeds: Sequence[Seed], pending: Mapping[str, Sequence[str]]) -> list[Fault]:
    """What is too little whatever the labels turn out to be."""
    targets = targets_of(spec)
    if not pending.keys() & set(spec.strata.by):
        targets = replace(targets, rules=())
    return feasibility.early([seed.labels for seed in seeds], pending, targets, made=spec.seeds.expand is not None)


def labelled(spec: TaskSpec, table: pl.DataFrame, file: Path, *, exact: bool) -> list[Fault]:
    """What the rows of a run cannot give whose labels were asked for: what `quotas` says, without asking again.

    Rows that were pinned as the test can leave fewer than `quotas` counts; with `exact` off too few rows are no fault.
    """
    from distill.seeds import load

    if not spec.strata.asked:
        return []  # all was reported when the task was opened
    train = table.filter(table["role"] == "train")["labels"].to_list()
    labels = [json.loads(one) for one in train]
    if any(not set(spec.strata.names) <= set(one) for one in labels):
        return []  # another label than the run's: it is asked for first, and looked at then
    by = spec.strata.by
    made = None if exact and not spec.seeds.expand else by if exact else spec.strata.names
    found = feasibility.faults([(load.cell(one, by=by), one) for one in labels], targets_of(spec), made=made)
    return [Fault(f"{file}: {fault.where}", fault.message) for fault in found]


def _no_test_rows(spec: TaskSpec, seeds: Sequence[Seed], file: Path) -> Fault | None:
    """Why no rows could be set aside as the test and others left to train on."""
    if spec.seeds.test.rows and spec.seeds.test.rows >= len(seeds):
        said = f"{spec.seeds.test.rows} asked of {len(seeds)} seeds; leave some to train on"
        return Fault(f"{file}: seeds.test.rows", said)
    if _no_test(spec, seeds):
        return Fault(
            f"{file}: seeds.test",
            f"all {len(seeds)} rows have a known answer and train (gold_rows), so none is left for the test; "
            "add `gold: true` there to draw from them, or name a file of test rows: `test: {from: FILE}`",
        )
    return None


def _no_test(spec: TaskSpec, seeds: Sequence[Seed]) -> bool:
    """Whether all rows train as they are, and none may be drawn for the test."""
    rows = spec.seeds
    drawn = rows.gold_rows == "train" and not rows.test.gold and rows.test.from_ is None
    return drawn and all(seed.gold is not None for seed in seeds)


def harvested(spec: TaskSpec, seeds: Sequence[Seed], file: Path) -> list[Fault]:
    """Files of `seeds.grow.harvested` that no seed comes from."""
    grow, sources = spec.seeds.grow, {seed.source for seed in seeds}
    return [
        Fault(
            f"{file}: seeds.grow.harvested[{number}]",
            f"no row comes from {name!r}{did_you_mean(name, sources)}; name a file of seeds.from, or take it out",
        )
        for number, name in enumerate(grow.harvested if grow else ())
        if PurePath(name).name not in sources
    ]


def expansion(spec: TaskSpec, seeds: Sequence[Seed], chats: Collection[str], file: Path) -> list[Fault]:
    """What keeps a task from making new seeds."""
    from distill.seeds import load

    if spec.seeds.expand is None:
        return []
    where, found = f"{file}: seeds.expand", []
    if chats:
        said = f"{', '.join(sorted(chats))} is a conversation, and only texts can be made; take expand out"
        return [Fault(where, said)]
    if spec.dataset.accept is None and spec.dataset.per_stratum is None and not spec.strata.quotas:
        found.append(
            Fault(
                where,
                "nothing says how many rows are wanted; give dataset.accept, dataset.per_stratum or strata.quotas",
            )
        )
    odd = next(((s, n, v) for s in seeds for n, v in s.fields.items() if not isinstance(v, str)), None)
    if odd is not None:
        seed, name, value = odd
        kind = type(value).__name__
        said = f"{name!r} is a JSON {kind} in {seed.source}:{seed.line}, and only texts can be made; make it a text, or take expand out"
        found.append(Fault(where, said))
    values = {value for seed in seeds for value in seed.labels.values()}
    values |= {value for label in spec.strata.asked.values() for value in label.values}
    values |= {load.cell(labels, by=spec.strata.by) for labels in _possible(spec, seeds)}
    return found + [
        Fault(
            f"{where}.about",
            f"no label has the value {name!r}, and no stratum has that name{did_you_mean(name, values)}",
        )
        for name in spec.seeds.expand.about
        if name not in values
    ]


def _possible(spec: TaskSpec, seeds: Sequence[Seed]) -> list[dict[str, str]]:
    """The labels of the strata that there are, or may be when all labels are asked for."""
    by, asked = set(spec.strata.by), {n: a for n, a in spec.strata.asked.items() if n in spec.strata.by}
    known = {tuple(sorted((n, v) for n, v in seed.labels.items() if n in by)) for seed in seeds}
    given = itertools.product(*([*label.values, UNLABELLED] for label in asked.values()))
    answers = [dict(zip(asked, values, strict=True)) for values in given]
    return [answer | dict(labels) for labels in known for answer in answers]


def few_different(seeds: Sequence[Seed]) -> list[str]:
    """A note where nearly all seeds say the same: there is little to learn, and nothing to compare on."""
    from distill.seeds.load import input_of

    texts = set[str]()
    for seed in seeds:
        texts.add(normalise(input_of(seed.fields)))
        if len(texts) >= _FEW:
            return []
    said = "text" if len(texts) == 1 else "different texts"
    return (
        [
            f"the {len(seeds)} seeds hold only {len(texts)} {said}, and repeats are dropped; expected at least {_FEW} "
            "different rows, better hundreds, to train a student and to test it"
        ]
        if seeds
        else []
    )


@dataclass(frozen=True, slots=True)
class GoldField:
    """The known answers of one field that the answer's schema gives an enum for: how many there are, and those outside it."""

    name: str
    allowed: Sequence[Json]
    count: int
    outside: Sequence[tuple[Seed, Json]]

    @property
    def mostly_outside(self) -> bool:
        return 2 * len(self.outside) > self.count

    @property
    def message(self) -> str:
        rows = ", ".join(f"{value!r} in {seed.source}:{seed.line}" for seed, value in self.outside[:_SHOWN])
        more = f" and {len(self.outside) - _SHOWN} more" if len(self.outside) > _SHOWN else ""
        allowed = ", ".join(map(str, self.allowed[:_SHOWN])) + (", …" if len(self.allowed) > _SHOWN else "")
        return (
            f"{len(self.outside)} of {self.count} known answers have a value of {self.name!r} that the schema in "
            f"teacher.output does not allow: {rows}{more}; expected one of {allowed}. Fix the rows, or add the values there"
        )


def gold_fields(output: Mapping[str, Json] | None, seeds: Sequence[Seed]) -> list[GoldField]:
    """The fields with known answers outside the schema's enum. A field that an answer leaves out is not looked at."""
    properties = (output or {}).get("properties")
    found = []
    for name, field in (properties if isinstance(properties, dict) else {}).items():
        allowed = field.get("enum") if isinstance(field, dict) else None
        if not isinstance(allowed, list):
            continue
        known = [(seed, seed.gold[name]) for seed in seeds if seed.gold and seed.gold.get(name) is not None]
        values = {canonical(value): value for _, value in known}
        wrong = {key for key, value in values.items() if not any(same(one, value) for one in allowed)}
        if outside := [(seed, value) for seed, value in known if canonical(value) in wrong]:
            found.append(GoldField(name, allowed, len(known), outside))
    return found
