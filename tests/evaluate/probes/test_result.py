from __future__ import annotations

import pytest

from distill.evaluate.probes.result import ProbeExample, ProbeQuestion
from distill.stats import Estimate

AT_MOST = ProbeQuestion("p", "p", "points lost", "points", threshold=10.0)
AT_LEAST = ProbeQuestion("p", "p", "of the teacher's", "ratio", threshold=0.5, bound="at least")


@pytest.mark.parametrize(
    ("question", "found", "passed"),
    [
        (AT_MOST, Estimate(4, -6, 14, 40), True),
        (AT_MOST, Estimate(20, 12, 30, 40), False),
        (AT_MOST, Estimate(20, 8, 30, 40), None),
        (AT_MOST, Estimate(90, 80, 100, 19), None),
        (AT_LEAST, Estimate(0.6, 0.4, 0.9, 40), True),
        (AT_LEAST, Estimate(0.2, 0.1, 0.4, 40), False),
        (AT_LEAST, Estimate(0.4, 0.2, 0.7, 40), None),
    ],
)
def test_a_probe_fails_where_the_whole_interval_is_beyond_the_threshold(
    question: ProbeQuestion, found: Estimate, passed: bool | None
) -> None:
    result = question.answered(found, "because")
    assert (result.passed, result.failed) == (passed, passed is False)
    assert result.word == {True: "passed", False: "failed", None: "cannot tell"}[passed]


def test_three_examples_are_kept_of_a_failure_and_none_of_what_passed() -> None:
    rows = [ProbeExample(f"s{n}", "asked", "said") for n in range(9)]
    assert len(AT_MOST.answered(Estimate(50, 40, 60, 40), "", rows).examples) == 3
    assert AT_MOST.answered(Estimate(0, -1, 1, 40), "", rows).examples == []


def test_values_are_shown_in_their_unit() -> None:
    assert AT_MOST.unmeasured("no rows").shown(None) == "\u2013"
    assert AT_MOST.answered(Estimate(12.34, 0, 20, 40), "").shown(12.34) == "+12.3"
    assert AT_LEAST.measured_once(0.456, 3, "").shown(0.456) == "0.46"
    assert ProbeQuestion("p", "p", "", "share", 0.1).measured_once(0.05, 3, "").shown(0.05) == "5.0 %"
