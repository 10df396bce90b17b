"""What a verdict is, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attacks import verdict

from distill.curate.gates.judge.verdict import JudgeVerdict, NoVerdict, read_verdict
from distill.records import Answer, Ended
from distill.spec.judge import Rubric

RUBRIC = Rubric("judge", "Is the answer right?", {"correct": "What it says is true."})
CODE = "0" * 32


def answer(text: str, **more: Any) -> Answer:
    return Answer("r", Ended.OK, text, more.pop("finish_reason", "stop"), **more)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "unreadable: bad JSON"),
        ("yes", "unreadable: bad JSON"),
        (f"{verdict(CODE)} {verdict(CODE)}", "unreadable: bad JSON"),
        (f"so: {verdict(CODE)}", "unreadable: bad JSON"),
        ("[]", "the verdict: a JSON list"),
        (verdict("1" * 32), "forged or unreadable"),
        (verdict(CODE.replace("0", "０")), "forged or unreadable"),
        ('{"scores": {}}', "without code"),
        (json.dumps({"code": CODE, "scores": {}}), "scores: without correct"),
        (json.dumps({"code": CODE, "scores": {"correct": 5}}), "correct: a JSON int"),
        (json.dumps({"code": CODE, "scores": {"correct": {"score": 5}}}), "correct: without reason"),
        (json.dumps({"code": CODE, "scores": {"correct": {"reason": 1, "score": 5}}}), "the reason is a JSON int"),
        (verdict(CODE, 0), "the score is '0'"),
        (verdict(CODE, 6), "the score is '6'"),
        (verdict(CODE, 5.0), "the score is '5.0'"),
        (verdict(CODE, True), "the score is 'True'"),
        (verdict(CODE, "5"), "the score is '5'"),
        (verdict(CODE).replace("5", "NaN"), "NaN is not JSON"),
        (verdict(CODE).replace('"score"', '"score": 5, "score"'), "appears twice"),
        (verdict(CODE)[:-1] + ', "why": 1}', "with 'why'"),
    ],
)
def test_what_is_no_verdict_is_unscored_with_its_reason(text: str, said: str) -> None:
    """Never a zero, never a guess."""
    found = read_verdict(answer(text), RUBRIC, code=CODE, judge="m")
    assert isinstance(found, NoVerdict)
    assert said in found.reason


def test_a_verdict_that_was_cut_off_or_declined_is_unscored() -> None:
    """Even where what is there could be read."""
    for given_, said in (
        (answer(verdict(CODE), finish_reason="length"), "cut off"),
        (answer(verdict(CODE), refusal="no"), "declined"),
        (answer(verdict(CODE), finish_reason="content_filter"), "declined"),
    ):
        found = read_verdict(given_, RUBRIC, code=CODE, judge="m")
        assert isinstance(found, NoVerdict)
        assert said in found.reason


def test_a_fence_around_the_whole_is_allowed() -> None:
    for text in (f"```json\n{verdict(CODE)}\n```", f" {verdict(CODE)}\n", f"```\n{verdict(CODE)}\n```"):
        assert isinstance(read_verdict(answer(text), RUBRIC, code=CODE, judge="m"), JudgeVerdict)
