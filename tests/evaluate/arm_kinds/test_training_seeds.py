"""A student that was trained several times counts as the mean of its trainings, and its intervals hold how much they differ."""

from __future__ import annotations

import random
import statistics

import pytest
from compared import SEEDS, compared

from distill.evaluate.arm_kinds.training_seeds import averaged, seeds_of
from distill.evaluate.comparison import Comparison
from distill.evaluate.scores import TRAINING, paired_gap, student_mean

TEACHER = [1.0] * 36 + [0.0] * 4


def trained(*right: int) -> Comparison:
    """Trainings that have so many of the 40 rows right."""
    first, *others = ([float(row < count) for row in range(40)] for count in right)
    more = [
        (seed, f"{TRAINING}{number}", "json_fields", value, "")
        for number, one in enumerate(others, 2)
        for seed, value in zip(SEEDS, one, strict=True)
    ]
    return compared({"teacher": [*TEACHER], "student": [*first]}, more=more)


def test_the_score_is_the_mean_and_the_first_serves() -> None:
    found = trained(32, 28, 36)
    assert found.arms["student"].metrics["json_fields"].mean == pytest.approx(0.8)
    assert list(found.arms) == ["teacher", "student"]
    assert found.seeds is not None
    assert found.seeds.means == pytest.approx([0.8, 0.7, 0.9])
    assert found.seeds.deviation == pytest.approx(0.1)
    assert found.verdict.sentences[-1].startswith(
        "The student was trained 3 times, by as many seeds: 80.0 %, 70.0 %, 90.0 %"
    )


def test_trainings_that_differ_widen_every_interval_of_the_student() -> None:
    apart, alike = trained(32, 28, 36), trained(32, 32, 32)
    for arms in (apart, alike):
        assert next(one for one in arms.differences if one.b == "teacher").mean == pytest.approx(-0.1)
    wide, narrow = (one.arms["student"].metrics["json_fields"] for one in (apart, alike))
    assert wide.high - wide.low > narrow.high - narrow.low + 0.05
    gaps = [next(gap for gap in one.differences if gap.b == "teacher") for one in (apart, alike)]
    assert gaps[0].high - gaps[0].low > gaps[1].high - gaps[1].low


def test_one_training_is_as_it_was() -> None:
    assert trained(32).seeds is None
    assert (
        trained(32).arms["student"]
        == compared({"teacher": [*TEACHER], "student": [1.0] * 32 + [0.0] * 8}).arms["student"]
    )


def test_a_row_that_one_training_did_not_answer_is_none_of_the_mean() -> None:
    scores = averaged(
        {
            ("student", "m"): {"a": 1.0, "b": 0.0},
            (f"{TRAINING}2", "m"): {"a": 0.0},
            ("teacher", "m"): {"a": 1.0, "b": 1.0},
        }
    )
    assert scores["student", "m"] == {"a": 0.5}
    found = seeds_of(scores, "m")
    assert found is not None
    assert (found.means, found.n) == ([1.0, 0.0], 1)


def test_the_interval_holds_the_mean_of_all_trainings() -> None:
    """Each training is right with a chance of its own, drawn around 0.8: of 300 students trained four times, few intervals miss 0.8.

    The same rows alone, with one training, miss it more often.
    """
    random.seed(11)
    missed = {1: 0, 4: 0}
    for _ in range(300):
        chances = [random.gauss(0.8, 0.06) for _ in range(4)]
        rows = [f"r{n}" for n in range(150)]
        each = [{row: float(random.random() < chance) for row in rows} for chance in chances]
        for count in missed:
            arms = ["student", *(f"{TRAINING}{n}" for n in range(2, count + 1))]
            scores = averaged({(arm, "m"): one for arm, one in zip(arms, each, strict=False)})
            found = student_mean(scores, "m", rows)
            assert found is not None
            missed[count] += not found.low <= 0.8 <= found.high
    assert missed[4] <= 30
    assert missed[1] > 2 * missed[4]


def test_a_difference_keeps_to_what_it_can_be() -> None:
    each = [{f"r{n}": float(n < count) for n in range(30)} for count in (30, 20)]
    scores = averaged(
        {
            ("student", "agreement"): each[0],
            (f"{TRAINING}2", "agreement"): each[1],
            ("teacher", "agreement"): dict.fromkeys(each[0], 1.0),
        }
    )
    found = paired_gap(scores, "agreement", "teacher")
    assert found is not None
    assert found.high <= 0
    assert found.mean == pytest.approx(statistics.fmean([0, -1 / 3]))
