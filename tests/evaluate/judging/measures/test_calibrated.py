"""Pass rates corrected by a judge's errors are those of the people's labels."""

from __future__ import annotations

import random

import pytest

from distill.curate.calibration.stats import LabelledDecision
from distill.evaluate.judging.measures.calibrated import corrected, reliability
from distill.stats import proportion


def labelled(good: int, passed: int, bad: int, failed: int) -> list[LabelledDecision]:
    return [LabelledDecision("all", True, n < passed) for n in range(good)] + [
        LabelledDecision("all", False, n >= failed) for n in range(bad)
    ]


def test_the_rate_is_solved_for_what_the_judge_gets_wrong() -> None:
    """70 % are good: a judge that passes 90 % of the good and 20 % of the bad sees 69 %."""
    by = reliability(labelled(200, 180, 200, 160))
    assert by.sensitivity is not None
    assert by.specificity is not None
    assert (by.sensitivity.mean, by.specificity.mean, by.why_not) == (0.9, 0.8, "")
    found = corrected(proportion(690, 1000), by)
    assert found is not None
    assert found.mean == pytest.approx(0.7)
    assert found.low < 0.65
    assert found.high > 0.75


def test_the_interval_holds_the_truth_in_about_95_of_100_draws() -> None:
    random.seed(3)
    held = 0
    for _ in range(200):
        passed = sum(random.random() < 0.85 for _ in range(80))
        failed = sum(random.random() < 0.75 for _ in range(60))
        seen = sum(random.random() < (0.85 if random.random() < 0.6 else 0.25) for _ in range(300))
        found = corrected(proportion(seen, 300), reliability(labelled(80, passed, 60, failed)))
        assert found is not None
        held += found.low <= 0.6 <= found.high
    assert 180 <= held <= 199


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (labelled(9, 9, 50, 50), "9 good and 50 bad answers are labelled"),
        (labelled(50, 25, 50, 25), "hardly better than chance"),
        (labelled(50, 10, 50, 10), "hardly better than chance"),
        ([], "0 good and 0 bad"),
    ],
)
def test_without_errors_that_are_known_nothing_is_corrected(given: list[LabelledDecision], said: str) -> None:
    by = reliability(given)
    assert said in by.why_not
    assert corrected(proportion(60, 100), by) is None


def test_answers_without_a_verdict_are_not_counted_as_failed() -> None:
    by = reliability([*labelled(20, 20, 20, 20), LabelledDecision("all", True, None)])
    assert by.sensitivity is not None
    assert (by.sensitivity.n, by.agreement.unscored) == (20, 1)


def test_a_corrected_rate_stays_a_share() -> None:
    by = reliability(labelled(100, 80, 100, 90))
    found = corrected(proportion(5, 100), by)
    assert found is not None
    assert (found.mean, found.low) == (0.0, 0.0)
    assert 0 < found.high < 0.1


def test_labelled_answers_of_one_conversation_widen_the_corrected_rate() -> None:
    rows = [
        LabelledDecision("all", label, label if n >= 10 else not label, f"{label} {n // 10}")
        for label in (True, False)
        for n in range(100)
    ]
    wide, narrow = (
        corrected(proportion(600, 1000), reliability(one)) for one in (rows, [row._replace(cluster="") for row in rows])
    )
    assert wide is not None
    assert narrow is not None
    assert wide.mean == narrow.mean
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
