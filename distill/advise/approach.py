"""What to do about a task before anything is built: the first rule that applies gives the word, and the sums that led there.

    nothing is wrong                                     leave it
    facts that change                                    RAG
    wrong format, no structured output yet               structured output
    poor answers, prompt not worked on yet               prompt better
    poor answers, no examples in the prompt yet          few-shot
    another task every month                             prompt better
    under 100 inputs                                     few-shot
    privacy; latency; a price that pays back in a year; poor answers or format with rows to learn from      distil
    else                                                 leave it

The cheaper step comes first, unless it was tried. What is unknown makes no rule apply that rests on it; `Advice.unknown` says
which answer would change the word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from distill.advise.assumptions import QUARTER_DAYS, quantity
from distill.advise.quantity import Quantity
from distill.advise.situation import QUESTIONS, Situation, unanswered

Approach = Literal["leave it", "prompt better", "few-shot", "structured output", "RAG", "distil"]

LEAST_ROWS = 100
"""Inputs below which a student has too little to learn from."""
LEAST_EXAMPLES = 5
"""Labelled answers that make a few-shot prompt."""
OFTEN = 12.0
"""Changes a year from which a student is out of date as soon as it is trained."""
LATEST_DAYS = 365.0
"""By when a student that is made for its price alone must have paid."""
CLOSED = 50.0
"""Answers up to which a linear model is the first student to try."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Dollars; None where an answer that it rests on is unknown."""

    call: float | None
    """One call today."""
    day: float | None
    year: float | None
    build: float | None
    """Rows at today's price of a call, and hours of people."""
    student_day: float
    """A student on a machine of one's own, with retraining and repairs."""
    tuned_day: float | None
    """Today's model, tuned at its host: shorter prompts at the price of tuned tokens."""
    saving_day: float | None
    days: float | None
    """Until a student of one's own has paid; None also where it never does."""


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule of the table, as it came out."""

    word: Approach
    when: str
    applies: bool


@dataclass(frozen=True, slots=True)
class UnknownAnswer:
    """An answer that is missing, and what each value of it would make of the word; empty where none changes it."""

    name: str
    option: str
    asked: str
    would: Mapping[str, Approach]


@dataclass(frozen=True, slots=True)
class Advice:
    """The word with its sentence, and all that led there."""

    word: Approach
    sentence: str
    notes: list[str]
    known: Situation
    sums: Sums
    rules: list[RuleState]
    assumed: list[Quantity]
    unknown: list[UnknownAnswer]


@dataclass(frozen=True, slots=True)
class _Rule:
    when: str
    applies: Callable[[Situation, Sums], bool]
    word: Approach
    sentence: Callable[[Situation, Sums], str]


def advise(known: Situation, given: Mapping[str, float | None] | None = None) -> Advice:
    """The advice; `given` are assumptions of `distill.advise.assumptions` that replace their defaults."""
    assumed = {name: quantity(name, given or {}) for name in _ASSUMED}
    sums = sums_of(known, assumed)
    first = _first(known, sums)
    return Advice(
        word=first.word, sentence=first.sentence(known, sums), notes=_notes(known, first.word, sums), known=known, sums=sums,
        rules=[RuleState(rule.word, rule.when, rule.applies(known, sums)) for rule in RULES],
        assumed=list(assumed.values()), unknown=[_unknown(name, known, assumed, first.word) for name in unanswered(known)],
    )  # fmt: skip


def sums_of(known: Situation, assumed: Mapping[str, Quantity]) -> Sums:
    """What is paid today, and what a student would cost and save."""
    held = {name: one.value or 0.0 for name, one in assumed.items()}
    people = held["hours"] * held["hourly_usd"]
    again = held["retrainings"] * held["retrain_hours"] * held["hourly_usd"] + held["repairs"] * people
    student = held["hosting_usd_an_hour"] * 24 + again / QUARTER_DAYS
    price, prompt, said, calls = known.price, known.prompt_tokens, known.completion_tokens, known.calls_a_day
    if price is None or prompt is None or said is None:
        return Sums(None, None, None, None, student, None, None, None)
    call = (prompt * price.input + said * price.output) / 1e6
    build = None if known.rows is None else people + min(known.rows, 1000) * call
    if calls is None:
        return Sums(call, None, None, build, student, None, None, None)
    shorter = prompt * (1 - held["shorter_prompts"])
    tuned = held["tuned_price_factor"] * (shorter * price.input + said * price.output) / 1e6 * calls
    saving = call * calls - student
    days = build / saving if build is not None and saving > 0 else None
    return Sums(call, call * calls, call * calls * 365, build, student, tuned, saving, days)


def _first(known: Situation, sums: Sums) -> _Rule:
    return next(rule for rule in RULES if rule.applies(known, sums))


def _unknown(name: str, known: Situation, assumed: Mapping[str, Quantity], word: Approach) -> UnknownAnswer:
    """Missing costs are taken to lie at the same end: one of them alone makes no sum."""
    question, would = QUESTIONS[name], {}
    others = [one for one in _COSTS if name in _COSTS and one in unanswered(known)]
    for n, (said, value) in enumerate(question.tries.items()):
        other = replace(known, **{one: list(QUESTIONS[one].tries.values())[n] for one in others} | {name: value})
        would[said] = _first(other, sums_of(other, assumed)).word
    changed = would if set(would.values()) != {word} else {}
    return UnknownAnswer(name, question.option, question.asked, changed)


def _notes(known: Situation, word: Approach, sums: Sums) -> list[str]:
    """What goes with the word, whatever rule gave it."""
    notes = []
    if word == "distil" and known.kinds is not None and 0 < known.kinds <= CLOSED:
        notes.append(
            f"with {known.kinds:,.0f} different answers try a linear model first (student.train.with: linear): it trains in seconds"
        )
    if word == "distil" and known.kinds == 0:
        notes.append("answers are free text: say before you pay how they will be judged")
    if word == "distil" and not known.labelled:
        notes.append("no answer is known to be right: a student can only be shown to keep up with its teacher")
    if sums.tuned_day is not None and sums.day is not None and sums.tuned_day > sums.day:
        notes.append(
            f"today's model, tuned at its host, would be more expensive than it is now: ${sums.tuned_day:,.2f} a day against ${sums.day:,.2f}"
        )
    return notes


def _is(known: Situation, trouble: str) -> bool:
    return known.wrong is not None and trouble in known.wrong


def _untried(known: Situation, step: str) -> bool:
    """A step that nobody says was tried comes before a more expensive one."""
    return step not in (known.tried or ())


def _poor(known: Situation) -> bool:
    return _is(known, "quality")


def _pays(sums: Sums) -> bool:
    return sums.days is not None and sums.days <= LATEST_DAYS


def _enough_rows(known: Situation) -> bool:
    return known.rows is not None and known.rows >= LEAST_ROWS


def _price_words(sums: Sums) -> str:
    if sums.day is None:
        return "what it costs today is not known"
    if sums.days is None:
        return f"today costs ${sums.day:,.2f} a day, a student would cost ${sums.student_day:,.2f} a day and has nothing to save"
    return f"it saves ${sums.saving_day:,.2f} a day and has paid for itself after {sums.days:,.0f} days"


_ASSUMED = (
    "hours", "hourly_usd", "shorter_prompts", "tuned_price_factor", "hosting_usd_an_hour", "retrainings", "retrain_hours", "repairs",
)  # fmt: skip

_COSTS = ("calls_a_day", "prompt_tokens", "completion_tokens", "price")

RULES: list[_Rule] = [
    _Rule("nothing is wrong", lambda known, _: known.wrong == frozenset(), "leave it",
          lambda *_: "Nothing is wrong today, so every change can only cost."),
    _Rule("right answers need facts that change", lambda known, _: known.facts is True and _untried(known, "rag"), "RAG",
          lambda *_: "Right answers need facts that change: look them up at each call. A student knows those of the day it was trained."),
    _Rule("the format is wrong, and no structured output was tried",
          lambda known, _: _is(known, "format") and _untried(known, "structured"), "structured output",
          lambda *_: "Give the endpoint a JSON Schema: a wrong format then cannot come, and it costs nothing."),
    _Rule("answers are poor, and the prompt was not worked on", lambda known, _: _poor(known) and _untried(known, "prompt"), "prompt better",
          lambda *_: "Work on the prompt first, with 20 to 50 rows whose answers are known: a student learns the faults of its teacher."),
    _Rule(f"answers are poor, no examples were tried, and {LEAST_EXAMPLES} labelled rows are there",
          lambda known, _: _poor(known) and _untried(known, "few-shot") and (known.labelled or 0) >= LEAST_EXAMPLES, "few-shot",
          lambda *_: "Put labelled rows into the prompt, those most like the input: an afternoon's work, and it can be undone."),
    _Rule("the task changes every month or oftener", lambda known, _: known.changes is not None and known.changes >= OFTEN, "prompt better",
          lambda known, _: f"The task changes {known.changes:,.0f} times a year: a prompt is changed in minutes, a student must be made again each time."),
    _Rule(f"fewer than {LEAST_ROWS} inputs are at hand", lambda known, _: known.rows is not None and known.rows < LEAST_ROWS, "few-shot",
          lambda known, _: f"{known.rows:,.0f} inputs are too few to train and to test with, {LEAST_ROWS} are the least: log more, and use examples until then."),
    _Rule("data may not leave the house", lambda known, _: _is(known, "privacy") and _enough_rows(known), "distil",
          lambda _, sums: f"A student runs where the data is; {_price_words(sums)}."),
    _Rule("answers are too slow", lambda known, _: _is(known, "latency") and _enough_rows(known), "distil",
          lambda _, sums: f"A small model with a short prompt is what makes answers fast; {_price_words(sums)}."),
    _Rule("it is too dear, and a student pays within a year",
          lambda known, sums: _is(known, "price") and _enough_rows(known) and _pays(sums), "distil",
          lambda _, sums: f"A student pays: {_price_words(sums)}."),
    _Rule(f"answers are poor, all else was tried, and {LEAST_ROWS} labelled rows are there",
          lambda known, _: _poor(known) and _enough_rows(known) and (known.labelled or 0) >= LEAST_ROWS, "distil",
          lambda *_: "Prompts do not do it, and people's own answers are there to learn from: a student may pass its teacher."),
    _Rule("the format stays wrong", lambda known, _: _is(known, "format") and _enough_rows(known), "distil",
          lambda *_: "A form that prompts and schemas do not hold is what a small model learns most surely."),
    _Rule("it is too dear, and a student does not pay within a year",
          lambda known, sums: _is(known, "price") and sums.build is not None and sums.day is not None and not _pays(sums), "leave it",
          lambda _, sums: f"A student does not pay within a year: {_price_words(sums)}. Try a cheaper model with the same prompt."),
    _Rule("no other rule applies", lambda *_: True, "leave it",
          lambda *_: "Nothing that is known speaks for a change; the open questions say what might."),
]  # fmt: skip
"""In order: the first that applies gives the word."""
