"""Labels that a model is asked for, before test rows are set aside: they are drawn by stratum.

Each text is asked about once, with the label's values as a schema. An answer that is none of them is asked for once more,
and is `unlabelled` then: a value of its own, counted with the others, never guessed. A refresh keeps what its parent's rows
are called, whoever is asked now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from distill.errors import RowsOwed, SpecError
from distill.records import Request, Seed
from distill.seeds import checks, load
from distill.seeds.packed import PackedSeeds
from distill.spec import UNLABELLED
from distill.task.run import ActiveRun
from distill.task.task import Task
from distill.teacher import schedule
from distill.teacher.pending import Requests
from distill.teacher.requests import row_request
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import final_answer, is_refused
from distill.text.normalise import normalise
from distill.values import plain
from distill.values.answer import read as read_value


class LabelledSeeds(NamedTuple):
    """The task's seeds and its own test rows, with every label."""

    seeds: Sequence[Seed]
    pinned: Sequence[Seed]


def spender(name: str) -> str:
    """What the ledger calls the asking for a label."""
    return f"label {name}"


async def ask_labels(run: ActiveRun, parent: pl.DataFrame | None) -> LabelledSeeds:
    """Ask for what is not known yet; SpecError where the labels turn out to be none that the spec's quotas can be met with."""
    task = run.task
    seeds, pinned = task.seeds, task.pinned
    if not task.label_prompts:
        return LabelledSeeds(seeds, pinned)
    for name in task.label_prompts:
        known = _kept(task, name, (*seeds, *pinned), parent)
        groups = _groups(task, run.store, name, (*seeds, *pinned), known)
        known |= await _ask(run, name, groups)
        seeds, pinned = (_named(part, name, known) for part in (seeds, pinned))
    wrong = checks.quotas(task.spec, seeds, task.path)
    if wrong:
        raise SpecError(str(task.path), wrong)
    return LabelledSeeds(seeds, pinned)


def stored_labels(task: Task, store: Store) -> LabelledSeeds:
    """The rows with the labels that the store holds; the others are called `unlabelled` for now. Sends nothing."""
    seeds, pinned = task.seeds, task.pinned
    for name in task.label_prompts:
        groups = _groups(task, store, name, (*seeds, *pinned), {})
        found = _read(task, store, name, groups, draw=0)
        found |= _read(task, store, name, [first for first, value in found.items() if value is None], draw=1)
        known = {seed: found[first] or UNLABELLED for first, seeds_alike in groups.items() for seed in seeds_alike}
        seeds, pinned = (_named(part, name, known) for part in (seeds, pinned))
    return LabelledSeeds(seeds, pinned)


def requests(task: Task, name: str, seeds: Iterable[Seed], *, draw: int = 0) -> Requests[str]:
    """What is asked about each seed."""
    template, at = task.label_prompts[name], task.labeller(name, draw)
    values = task.spec.strata.asked[name].values
    form = {"type": "object", "properties": {name: {"enum": list(values)}}, "required": [name]}
    fields = {seed.id: seed.fields for seed in seeds}

    def make(seed: str) -> Request:
        return row_request(
            fields[seed], template=template, output=form | {"additionalProperties": False, "title": "label"},
            address=at.address, sampling=at.sampling, draw=draw,
        )  # fmt: skip

    return Requests(list(fields), make)


def asked_about(task: Task, store: Store, name: str) -> list[Seed]:
    """One seed of each text: those that are asked about."""
    seeds = {seed.id: seed for seed in (*task.seeds, *task.pinned)}
    return [seeds[first] for first in _groups(task, store, name, list(seeds.values()), {})]


async def _ask(run: ActiveRun, name: str, groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Seed → value, of every seed of the groups."""
    task = run.task
    by_id = {seed.id: seed for seed in (*task.seeds, *task.pinned)}
    found: dict[str, str | None] = dict.fromkeys(groups)
    due = list(groups)
    for draw in (0, 1):
        wanted = list(zip(due, requests(task, name, (by_id[first] for first in due), draw=draw), strict=True))
        # What an endpoint will never take is not asked again: neither now nor as another draw.
        open_ = [(first, request) for first, request in wanted if not is_refused(run.store, request)]
        await schedule.send(run.sender, [request for _, request in open_], task.labeller(name, draw), spender(name))
        due = [first for first, request in open_ if not is_refused(run.store, request)]
        found |= _read(task, run.store, name, due, draw=draw)
        pending = sum(run.store.get(r.id) is None and not is_refused(run.store, r) for _, r in open_)
        if pending:
            raise RowsOwed(
                f"{pending} rows have no label {name!r} yet, and test rows are drawn by it; what was answered is kept. "
                "Run again to ask only for those."
            )
        due = [first for first in due if found[first] is None]
    return {seed: found[first] or UNLABELLED for first, alike in groups.items() for seed in alike}


def _read(task: Task, store: Store, name: str, due: Iterable[str], *, draw: int) -> dict[str, str | None]:
    """Seed → the value that its answer names, None where there is none to be read."""
    by_id = {seed.id: seed for seed in (*task.seeds, *task.pinned)}
    due, values = list(due), task.spec.strata.asked[name].values
    raise_to = task.labeller(name).sampling.raise_to
    wanted = requests(task, name, (by_id[first] for first in due), draw=draw)
    answers = (final_answer(store, request, raise_to)[1] for request in wanted)
    return {
        seed: _value(answer.text, name, values) if answer is not None and answer.ok and not answer.declined else None
        for seed, answer in zip(due, answers, strict=True)
    }


def _value(text: str, name: str, values: Sequence[str]) -> str | None:
    """The value that an answer names, as JSON or as the bare word."""
    found = read_value(text)
    value = found.get(name) if isinstance(found, dict) else found
    if value in values:
        return str(value)
    alike = [one for one in values if value is not None and plain.name(one) == plain.name(value)]
    return alike[0] if len(alike) == 1 else None


def _groups(
    task: Task, store: Store, name: str, seeds: Sequence[Seed], known: Mapping[str, str]
) -> dict[str, list[str]]:
    """The seed that is asked about for each text that is not `known` → all seeds of that text.

    It is one that was answered, if any was, so that a further row of a text buys nothing; else the smallest.
    """
    by_id, found = {seed.id: seed for seed in seeds}, dict[str, list[str]]()
    for group in _texts(seeds, known):
        wanted = requests(task, name, [by_id[one] for one in group]) if len(group) > 1 else ()
        answered = (one for one, request in zip(group, wanted, strict=False) if store.get(request.id) is not None)
        found[next(answered, group[0])] = group
    return found


def _texts(seeds: Sequence[Seed], known: Mapping[str, str]) -> list[list[str]]:
    """The seeds of each text, in order; those of a text that is known are left out."""
    alike: dict[str, set[str]] = {}
    for seed, text in load.table(seeds).select("seed_id", "input").iter_rows():
        alike.setdefault(normalise(text), set()).add(seed)
    return [sorted(group) for group in alike.values() if not group & known.keys()]


def _kept(task: Task, name: str, seeds: Sequence[Seed], parent: pl.DataFrame | None) -> dict[str, str]:
    """What the parent's rows are called, where that is still a value; rows of the same text share it."""
    if parent is None:
        return {}
    values = {*task.spec.strata.asked[name].values, UNLABELLED}
    labels = ((seed, json.loads(text).get(name)) for seed, text in parent.select("seed_id", "labels").iter_rows())
    known = {seed: value for seed, value in labels if value in values}
    for alike in _texts(seeds, {}):
        value = next((known[seed] for seed in alike if seed in known), None)
        known |= dict.fromkeys(alike, value) if value is not None else {}
    return known


def _named(seeds: Sequence[Seed], name: str, known: Mapping[str, str]) -> Sequence[Seed]:
    return PackedSeeds.of(replace(seed, labels={**seed.labels, name: known[seed.id]}) for seed in seeds)
