"""The cascade in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distill.evaluate.selective.cascade import CascadePrice, Selective
from distill.evaluate.selective.sentences import sentences
from distill.evaluate.selective.threshold import ConfidenceThreshold
from distill.stats import proportion

FOUND = Selective(
    limit=0.05, against="known answers", signal="token probabilities", threshold=ConfidenceThreshold(0.9, 300, 190, 4, 0.0477),
    coverage=proportion(62, 100), risk=proportion(1, 62), price=CascadePrice(0.42, 1.1, 0.35, 1.2),
)  # fmt: skip


def test_it_says_the_share_the_bound_and_the_price() -> None:
    said = sentences(FOUND)
    assert said[0].startswith("The student answers 62 % itself, where it is surest; there it is wrong in at most 5.0 %")
    assert "190 of 300 calibration rows (4 wrong, at most 4.8 %)" in said[0]
    assert (
        said[1]
        == "On the test rows it kept 62 and 1 of them was wrong (1.6 %, 0.3 % to 8.6 %), which agrees with the bound."
    )
    assert (
        said[2]
        == "Together they take $0.42 a thousand calls against $1.1 of the teacher alone, and p95 350 ms against 1.2 s."
    )


def test_a_bound_that_did_not_hold_is_said() -> None:
    said = sentences(replace(FOUND, risk=proportion(20, 62)))
    assert "clearly more than allowed" in said[1]


def test_against_the_teacher_wrong_is_called_otherwise() -> None:
    assert "it disagrees with the teacher in at most" in sentences(replace(FOUND, against="teacher"))[0]


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (ConfidenceThreshold(1.0, 40, 0, 0, None, 70), "59 is the least that could, all of them right; about 70"),
        (ConfidenceThreshold(1.0, 300, 0, 0, None, 500), "About 500 would most likely show it"),
        (ConfidenceThreshold(1.0, 300, 0, 0, None, None), "More of them would not"),
    ],
)
def test_where_nothing_is_kept_it_says_what_would_help(limit: ConfidenceThreshold, words: str) -> None:
    (said,) = sentences(replace(FOUND, threshold=limit, coverage=proportion(0, 100), risk=None, price=None))
    assert said.startswith("The student answers 0 % itself")
    assert words in said


def test_where_there_is_no_confidence_the_reason_is_given() -> None:
    assert sentences(Selective(0.05, note="its answers are free text")) == [
        "The student answers nothing alone: its answers are free text."
    ]
    assert sentences(Selective(0.05)) == []
