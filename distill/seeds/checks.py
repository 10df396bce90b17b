"""What quotas, edge cases, test rows and expansion want and the seeds cannot give: found before anything is sent, and again
when the labels that were asked for are there.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distill.errors import Fault
from distill.spec import UNLABELLED, TaskSpec
from distill.text.normalise import did_you_mean

if TYPE_CHECKING:
    import polars as pl

    from distill.records import Seed


def quotas(spec: TaskSpec, seeds: Sequence[Seed], file: Path) -> list[Fault]:
    """What the seeds cannot give, counted on the rows that are left when the test rows are set aside.

    Of what hangs on labels that are still to be asked for, only what no answer can fix is told; it is looked at again when
    they are there.
    """
    from distill.seeds import prepare
    from distill.strata import feasibility
    from distill.strata import quotas as strata

    if no_rows := _aside(spec, seeds, file):
        return [no_rows]
    pending = {
        name: [*asked.values, UNLABELLED]
        for name, asked in spec.strata.asked.items()
        if any(name not in seed.labels for seed in seeds)
    }
    rows = prepare.training_labels(spec, seeds)
    accept, by = spec.dataset.accept, set(spec.strata.by)
    cases = {n: strata.EdgeCase(case.where, case.rows(accept)) for n, case in enumerate(spec.strata.edge_cases)}
    later = {n: case for n, case in cases.items() if pending.keys() & case.where.keys()}
    known = {n: case for n, case in cases.items() if n not in later}
    rules = [strata.QuotaRule(**quota.model_dump()) for quota in spec.strata.quotas]
    open_ = bool(pending.keys() & by)  # which strata there are is not known yet
    found = feasibility.faults(
        rows,
        accept=accept,
        per_stratum=None if open_ else spec.dataset.per_stratum,
        edge_cases=list(known.values()),
        numbers=list(known),
        rules=[] if open_ else rules,
        made=by if spec.seeds.expand else None,
    )
    if pending:
        found += feasibility.early(
            [seed.labels for seed in seeds],
            pending,
            accept=accept,
            edge_cases=later,
            rules=dict(enumerate(rules)) if open_ else {},
            made=spec.seeds.expand is not None,
        )
    return [Fault(f"{file}: {fault.where}", fault.message) for fault in dict.fromkeys(found)]


def labelled(spec: TaskSpec, table: pl.DataFrame, file: Path, *, exact: bool) -> list[Fault]:
    """What the rows of a run cannot give whose labels were asked for: what `quotas` says, without asking again.

    Rows that were pinned as the test can leave fewer than `quotas` counts; with `exact` off too few rows are no fault.
    """
    import json

    from distill.seeds import load
    from distill.strata import feasibility
    from distill.strata import quotas as strata

    if not spec.strata.asked:
        return []  # all was told when the task was opened
    train = table.filter(table["role"] == "train")["labels"].to_list()
    labels = [json.loads(one) for one in train]
    if any(not set(spec.strata.names) <= set(one) for one in labels):
        return []  # another label than the run's: it is asked for first, and looked at then
    accept, by = spec.dataset.accept, spec.strata.by
    found = feasibility.faults(
        [(load.cell(one, by=by), one) for one in labels],
        accept=accept,
        per_stratum=spec.dataset.per_stratum,
        edge_cases=[strata.EdgeCase(case.where, case.rows(accept)) for case in spec.strata.edge_cases],
        rules=[strata.QuotaRule(**quota.model_dump()) for quota in spec.strata.quotas],
        made=None if exact and not spec.seeds.expand else by if exact else spec.strata.names,
    )
    return [Fault(f"{file}: {fault.where}", fault.message) for fault in found]


def _aside(spec: TaskSpec, seeds: Sequence[Seed], file: Path) -> Fault | None:
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
