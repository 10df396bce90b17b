"""Answers into a dataset: the steps of curation, in order.

Each step takes the rows that are left, and hands back those that it keeps (`distill.tables.remaining`); what else it finds out
stands in `Curating` for the steps after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from distill.curate import approved, leaks, preflight
from distill.curate.accounting import funnel
from distill.curate.dedup import near_duplicates
from distill.curate.gates.judge.requests import without_calls
from distill.curate.gates.registry import gate_rows
from distill.curate.inputs import CurationInputs
from distill.curate.result import Curated
from distill.curate.selection import assemble
from distill.curate.selection.balance import Wanted
from distill.generate.seed_status import SeedStatus, seed_status
from distill.records import Json
from distill.strata import targets
from distill.tables.lookup import Lookup, without
from distill.tables.outcome import dropped_frame, partition
from distill.tables.remaining import RemainingRows
from distill.task import near_graph

DEDUP, BALANCE = "near-duplicates", "quotas"
"""Steps that a dataset can do without, if only to see what they are worth."""


@dataclass(slots=True)
class Curating:
    """A curation under way: the rows that are left, and what the steps so far found."""

    given: CurationInputs
    rows: RemainingRows
    seeds: SeedStatus = field(init=False)
    flagged: pl.DataFrame = field(init=False)
    again: frozenset[str] = frozenset()
    """Seeds that were asked again, whose answers vote."""
    disputed: near_duplicates.Disputed = field(default_factory=near_duplicates.Disputed)
    quotas: dict[str, int] = field(default_factory=dict)
    passed: Counter[str] = field(default_factory=Counter)
    survived: frozenset[str] = frozenset()


def curate(given: CurationInputs, *, without: str = "") -> Curated:
    """The dataset's rows, and every other one with its reason; sends nothing. `without` is DEDUP or BALANCE, to leave it out."""
    state = Curating(given, given.answers)
    for name, step in STEPS:
        (_INSTEAD[name] if name == without else step)(state)
    return _result(state)


def before_answers(given: CurationInputs) -> Curated:
    """What is wanted while there is no answer and no approved row: the steps over rows have none to look at, and are left out."""
    state = Curating(given, given.answers)
    state.flagged = dropped_frame()
    _note_seed_status(state)
    _set_quotas(state)
    return _result(state)


def _gate_answers(state: Curating) -> None:
    gate_rows(state.rows, state.given.gates)


def _note_seed_status(state: Curating) -> None:
    """Which seeds are unasked, passed, pending or rejected now."""
    given = state.given
    ids = ("seed_id", "request_id")
    nobody = pl.DataFrame(schema=dict.fromkeys(ids, pl.String))
    rejected = pl.concat([nobody, *(loss.rejected.select(ids) for loss in state.rows.losses)])
    unjudged = rejected.filter(pl.col("request_id").is_in(list(given.verdicts.pending)))
    declined = given.unanswered.filter(reason="declined")
    asked = {question.seed for question in given.asked}
    state.seeds = seed_status(
        given.task, given.asked, Lookup(given.train, "stratum"),
        askable=without(given.askable, given.decided - asked)["seed_id"],
        passed=given.decided.union(state.rows.column("seed_id")),
        unjudged=unjudged["seed_id"],
        rejected=[*rejected["seed_id"], *declined["row"]],
    )  # fmt: skip


def _check_approved(state: Curating) -> None:
    """Approved rows keep what the private gates let pass; a verdict costs a call, so no judge is asked about them."""
    given = state.given
    if not given.approved.column("seed_id").len():
        state.flagged = dropped_frame()
        return
    state.flagged = approved.check(given.approved, without_calls(given.gates))
    # What a teacher said of a row before a person decided it is among the answers.
    asked = len({question.seed for question in given.asked if question.seed in given.decided})
    for loss in given.approved.losses:
        loss.report.update({"asked": asked} if asked else {})
    state.rows.losses += given.approved.losses


def _vote(state: Curating) -> None:
    given = state.given
    if given.task.spec.dedup.on_conflict == "ask_again":
        state.again = near_duplicates.asked_again(given.asked) - given.decided
        state.rows.run(lambda rows: near_duplicates.vote(given.task, rows, state.again))


def _drop_near_duplicates(state: Curating) -> None:
    """Here the approved rows join the others."""
    given = state.given
    state.rows.put(pl.concat([state.rows.take(), given.approved.take()], how="diagonal"))
    state.disputed = near_duplicates.run(given.task, state.rows, given.graph)
    if state.disputed.contested:
        asked = {question.seed for question in given.asked}
        contested = state.disputed.contested & asked - state.again - given.decided
        state.disputed = replace(state.disputed, contested=contested)


def _keep_near_duplicates(state: Curating) -> None:
    rows = pl.concat([state.rows.take(), state.given.approved.take()], how="diagonal")
    state.rows.put(rows, partition(rows, {}, stage="dedup"))


def _drop_leaks(state: Curating) -> None:
    given = state.given
    state.rows.run(
        lambda rows: leaks.leaks(
            rows, held_out=given.held_out, near=near_graph.leak(given.task.spec), graph=given.graph,
            template=enumerated(given.task.output),
        )
    )  # fmt: skip


def _drop_what_cannot_train(state: Curating) -> None:
    state.rows.run(lambda rows: preflight.fit(state.given.task, rows))


def _set_quotas(state: Curating) -> None:
    """How many rows of each stratum are wanted, over what it can still give."""
    given, rows = state.given, state.rows.take()
    possible = given.train.filter(pl.col("seed_id").is_in(list(state.seeds.still_possible)))
    state.quotas = targets.of(given.task.targets, possible, rows, given.train, given.room)
    asked = {question.seed for question in given.asked}
    state.survived = frozenset(asked.intersection(rows["seed_id"])) | state.seeds.pending.keys()
    state.rows.put(rows)


def _set_no_quotas(state: Curating) -> None:
    """A stratum without a quota is not limited."""


def _select(state: Curating) -> None:
    """The rows that the quotas take, split into those to train and those to validate."""
    given = state.given
    dataset, floors = given.task.spec.dataset, [(case.where, case.at_least) for case in given.task.edge_cases]
    selection = assemble.select(
        state.rows.take(), Wanted(state.quotas, floors, dataset.select.by, dataset.select.weight), valid=dataset.valid,
        near=near_graph.leak(given.task.spec), graph=given.graph, template=enumerated(given.task.output),
    )  # fmt: skip
    state.passed = Counter(selection.leaks.kept["stratum"].to_list())
    state.rows.put(selection.kept, selection.leaks, selection.balance)


STEPS: tuple[tuple[str, Callable[[Curating], None]], ...] = (
    ("gates", _gate_answers),
    ("seed status", _note_seed_status),
    ("approved rows", _check_approved),
    ("vote", _vote),
    (DEDUP, _drop_near_duplicates),
    ("leaks", _drop_leaks),
    ("preflight", _drop_what_cannot_train),
    (BALANCE, _set_quotas),
    ("selection", _select),
)
_INSTEAD: Mapping[str, Callable[[Curating], None]] = {DEDUP: _keep_near_duplicates, BALANCE: _set_no_quotas}
"""What is done where a step is left out."""


def _result(state: Curating) -> Curated:
    given, seeds, losses, kept = state.given, state.seeds, state.rows.losses, state.rows.take()
    order = ("seed_id", "teacher", "kind", "draw")
    return Curated(
        kept=kept,
        rejected=pl.concat([loss.rejected for loss in losses], how="diagonal").sort(order) if losses else kept.clear(),
        dropped=pl.concat([seeds.not_asked, given.unanswered, *(loss.dropped for loss in losses)]),
        flagged=state.flagged,
        funnel=funnel.answer_lines(given.asked, seeds, given.unanswered, losses),
        quotas=state.quotas, passed=state.passed, survived=state.survived, seeds=seeds,
        undecided=state.disputed.undecided, contested=state.disputed.contested, verdicts=given.verdicts,
    )  # fmt: skip


def enumerated(schema: Json) -> list[str]:
    """The texts that a schema enumerates, anywhere in it: who knows them knows no row."""
    if isinstance(schema, list):
        return [text for part in schema for text in enumerated(part)]
    if not isinstance(schema, dict):
        return []
    listed = schema.get("enum")
    own = [*(listed if isinstance(listed, list) else []), schema.get("const")]
    return [value for value in own if isinstance(value, str)] + enumerated(list(schema.values()))
