"""What is watched in logged calls: every signal is a yes or no of one call, so that its rate can be held against the run's own.

answers    the spec's gates that need no model, on the student's answers to the test rows and on those of the log
inputs     far from all training rows, of an odd length, in another language, of a stratum that the run did not have
use        calls that the cascade would hand to the teacher, bad feedback of users
teacher    answers that differ from what the teacher says, or are worse by a judge, in a sample that is asked for (`distill.lifecycle.monitor.sample`)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FAR, LENGTH, LANGUAGE, STRATUM = "far_input", "input_length", "input_language", "unknown_stratum"
HANDED_ON, FEEDBACK, TEACHER, BETTER = "handed_on", "bad_feedback", "teacher_differs", "teacher_better"
SHOWS = "shows_"
"""Begins the name of a signal's column in a table of calls."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal: what is counted of all calls, in a few words, and where its figure of the run is from."""

    title: str
    counts: str
    run: str


_TESTS = "the student's answers to the test rows"
_SEEDS = "the run's seeds"

GATED: Mapping[str, Signal] = {
    "schema": Signal("Schema failures", "answers that are not one JSON value, or break the schema", _TESTS),
    "tools": Signal("Wrong tool calls", "calls of unknown tools, or with wrong arguments", _TESTS),
    "finish_reason": Signal(
        "Cut off", "answers that did not end by themselves", "no figure: 5 % unless monitor.limits says so"
    ),
    "refusal": Signal("Refusals", "answers that decline", _TESTS),
    "length": Signal("Answer length", "answers shorter or longer than the gate allows", _TESTS),
    "boilerplate": Signal("Boilerplate", "talk of being a model, or blanks left to fill", _TESTS),
    "echo": Signal("Echoes", "answers that repeat the input", _TESTS),
    "form": Signal("Broken form", "answers against the task's own rules", _TESTS),
    "repetition": Signal("Loops", "answers that loop", _TESTS),
    "language": Signal("Answer language", "answers in another language than expected", _TESTS),
}
"""Gates that need neither a model nor the task's own function, by their names in the spec."""

SIGNALS: Mapping[str, Signal] = {
    **GATED,
    FAR: Signal(
        "New kinds of input", "inputs farther from every training row than nearly all seeds are from each other", _SEEDS
    ),
    LENGTH: Signal("Input length", "inputs shorter or longer than nearly all seeds", _SEEDS),
    LANGUAGE: Signal("Input language", "inputs in a language that no seed had", _SEEDS),
    STRATUM: Signal("Unknown strata", "inputs with a label that no seed had", _SEEDS),
    HANDED_ON: Signal(
        "Handed to the teacher", "calls that the cascade does not leave to the student", "its coverage of the test rows"
    ),
    FEEDBACK: Signal(
        "Bad feedback", "calls that users marked as bad", "no figure: only where monitor.limits gives one"
    ),
    TEACHER: Signal("Differs from the teacher", "sampled calls in which the teacher says something else", _TESTS),
    BETTER: Signal("Worse than the teacher", "sampled calls in which a judge prefers the teacher's free text", _TESTS),
}
"""By name, in the order in which they are shown."""

LIMITS: Mapping[str, float] = {"finish_reason": 0.05}
"""The rate that is allowed where the run has no figure and the spec names no limit."""
