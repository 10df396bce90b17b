"""A judge's answer → its verdict, or why there is none. What cannot be read is unscored: never a zero, never guessed.

    {"code": "6f1c…", "scores": {"polite": {"reason": "Greets and thanks.", "score": 5}}}

The whole answer must be that one JSON value, at most in one code fence, with the code of its own question.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from distill import finish_reason
from distill.curate.gates.judge.rubric import SCALE
from distill.records import Answer, Json
from distill.spec.judge import Rubric
from distill.text.normalise import storable, strict_json

_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*)\n```", re.DOTALL)
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class JudgeVerdict:
    """One judge's scores of one answer, 1 to 5, with its reasons; both by dimension, in the rubric's order."""

    judge: str
    scores: Mapping[str, int]
    reasons: Mapping[str, str]

    @property
    def mean(self) -> float:
        return fmean(self.scores.values())

    @property
    def plain(self) -> dict[str, Json]:
        return {"judge": self.judge, "scores": dict(self.scores), "reasons": dict(self.reasons)}


@dataclass(frozen=True, slots=True)
class NoVerdict:
    """Why a judge gave no verdict; `pending` where it may still give one."""

    judge: str
    reason: str
    pending: bool = False

    @property
    def plain(self) -> dict[str, Json]:
        return {"judge": self.judge, "unscored": self.reason}


class UnreadableVerdict(ValueError):
    """What a judge's answer is instead of a verdict."""


def read_verdict(answer: Answer, rubric: Rubric, *, code: str, judge: str) -> JudgeVerdict | NoVerdict:
    """The verdict in a judge's answer to the question with this code."""
    try:
        return _verdict(value_of(answer), rubric, code, judge)
    except UnreadableVerdict as fault:
        return NoVerdict(judge, storable(str(fault))[:_SHOWN])


def value_of(answer: Answer) -> Json:
    """The JSON value that a judge's whole answer is."""
    if answer.declined:
        raise UnreadableVerdict(f"the judge declined: {answer.refusal or answer.finish_reason}")
    if answer.finish_reason == finish_reason.LENGTH:
        raise UnreadableVerdict(f"cut off after {answer.usage.completion_tokens} tokens")
    text = answer.text.strip()
    fenced = _FENCE.fullmatch(text)
    try:
        return strict_json(fenced[1] if fenced else text)
    except ValueError as fault:
        raise UnreadableVerdict(f"unreadable: {fault}") from None


def _verdict(value: Json, rubric: Rubric, code: str, judge: str) -> JudgeVerdict:
    whole = members(value, ("code", "scores"), "the verdict")
    if whole["code"] != code:
        raise UnreadableVerdict("forged or unreadable: its code is not that of the question")
    scores, reasons = {}, {}
    given = members(whole["scores"], list(rubric.dimensions), "scores")
    for name in rubric.dimensions:
        one = members(given[name], ("reason", "score"), name)
        score, reason = one["score"], one["reason"]
        if type(score) is not int or score not in SCALE:
            raise UnreadableVerdict(f"{name}: the score is {str(score)[:40]!r}, expected a whole number from 1 to 5")
        if not isinstance(reason, str):
            raise UnreadableVerdict(f"{name}: the reason is a JSON {type(reason).__name__}, expected text")
        scores[name], reasons[name] = score, storable(reason)
    return JudgeVerdict(judge, scores, reasons)


def members(value: Json, names: Sequence[str], what: str) -> Mapping[str, Json]:
    """`value`, an object with exactly these members."""
    if not isinstance(value, dict):
        raise UnreadableVerdict(f"{what}: a JSON {type(value).__name__}, expected an object")
    if missing := [name for name in names if name not in value]:
        raise UnreadableVerdict(f"{what}: without {', '.join(missing)}")
    if more := sorted(set(value) - set(names)):
        raise UnreadableVerdict(f"{what}: with {more[0][:40]!r}, which was not asked for")
    return value


def one_line(text: str) -> str:
    """A judge's words on one line, clipped."""
    return " ".join(text.split())[:_SHOWN]


def verdicts_of_row(row: Mapping[str, Json]) -> dict[str, list[dict[str, Json]]]:
    """Gate → what each judge said, of a row of samples.parquet."""
    return {
        name.removeprefix("verdicts_"): json.loads(text)
        for name, text in row.items()
        if name.startswith("verdicts_") and text
    }
