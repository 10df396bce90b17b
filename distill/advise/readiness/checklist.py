"""Is a student ready to be used? A list of which each item is measured from the run's files; none can be ticked by hand.

An item is met, not met, or not measured, with the number that was found, the least or most that is wanted, and the next step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from distill.advise.readiness import data_checks, run_checks, student_checks
from distill.advise.readiness.run_evidence import ROUTING, Found, RunEvidence
from distill.stats import FEW
from distill.text.percentages import percent

ItemState = Literal["met", "not met", "not measured"]


@dataclass(frozen=True, slots=True)
class ReadyItem:
    """One line of the list."""

    name: str
    state: ItemState
    found: str
    wanted: str
    next_step: str
    """Empty where it is met."""


@dataclass(frozen=True, slots=True)
class Checklist:
    """The list of one run."""

    run: str
    items: list[ReadyItem]
    met: int
    not_met: int
    not_measured: int

    @property
    def ready(self) -> bool:
        return self.met == len(self.items)


def checklist(seen: RunEvidence) -> Checklist:
    """Every item of ITEMS, measured."""
    items = [_item(one, seen) for one in ITEMS]
    count = [item.state for item in items].count
    return Checklist(seen.run, items, count("met"), count("not met"), count("not measured"))


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    wanted: str
    look: Callable[[RunEvidence], Found]
    next_step: str


def _item(one: _Check, seen: RunEvidence) -> ReadyItem:
    holds, found = one.look(seen)
    state: ItemState = "not measured" if holds is None else "met" if holds else "not met"
    return ReadyItem(one.name, state, found, one.wanted, "" if holds else one.next_step)


ITEMS: list[_Check] = [
    _Check("verdict", "“distil”, with an interval", student_checks.verdict, "read the report's reasons: more rows, another base or a better teacher"),
    _Check("schema", f"at least {percent(student_checks.SCHEMA)} of the student's answers", student_checks.schema,
           "look at the worst answers in the report; train more rows of that form, or force the schema where it is served"),
    _Check("answers", f"at most {percent(student_checks.FAILED)} of the test rows without one", student_checks.answered,
           "run `distill evaluate` again; raise max_tokens if answers are cut"),
    _Check("token budget", "no training row beyond the context", data_checks.budget, "run `distill preflight`; shorten the prompt, or set student.train.context"),
    _Check("validation split", f"{data_checks.VALID} rows or more, none of them in train", data_checks.valid, "raise dataset.valid"),
    _Check("test split", f"{data_checks.TESTS} rows or more, none of them in train or valid", data_checks.test, "raise seeds.test.rows"),
    _Check("hyperparameters", "all written down", run_checks.hyperparameters, "train with `distill train`, which keeps them in spec.json"),
    _Check("adversarial rows", f"{data_checks.SPECIAL} test rows or more", data_checks.adversarial,
           "add test rows with injected orders and abuse, labelled so, say style: injection"),
    _Check("format-stress rows", f"{data_checks.SPECIAL} test rows or more", data_checks.stress,
           "add test rows that are empty, very long, or full of quotes, braces and markup"),
    _Check("leak checks", "train and validation held against the test rows", data_checks.leaks, "run `distill curate`"),
    _Check("strata", f"no stratum of {FEW} rows loses more than {student_checks.STRATUM * 100:g} points, or the margin", student_checks.strata,
           "raise this stratum by strata.quotas, or send its inputs to the teacher; without strata name labels in strata.by"),
    _Check("linear floor", "clearly better than a linear model", student_checks.floor, "put linear into evaluate.arms; where it is as good, ship it instead"),
    _Check("fallback", f"{ROUTING} with a threshold", run_checks.fallback, "set evaluate.calibration: {rows: 300}, so that unsure answers go to the teacher"),
    _Check("monitoring thresholds", "one figure of evaluate.gate or more", run_checks.monitoring, "set evaluate.gate, so that each later run is held against it"),
    _Check("licence and terms", "stated, and in the card", run_checks.terms, "state teacher.terms: whether its answers may train other models"),
    _Check("price", "of every call and of 1,000 answers", student_checks.price, "give the price in the spec (teacher.price, student.train.tuned_price)"),
    _Check("reproducible", "every file as its stage wrote it", run_checks.reproducible, "run `distill run` again: stages whose files changed do their work anew"),
]  # fmt: skip
"""In the order in which they are shown."""
