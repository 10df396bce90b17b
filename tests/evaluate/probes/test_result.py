from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.evaluate.probes.result import ProbeExample, ProbeQuestion, ProbeUnit, scaled, within
from distill.stats import Estimate, proportion

AT_MOST = ProbeQuestion("p", "p", "points lost", "points", threshold=10.0)
AT_LEAST = ProbeQuestion("p", "p", "of the teacher's", "ratio", threshold=0.5, bound="at least")


@pytest.mark.parametrize(
    ("question", "found", "passed"),
    [
        (AT_MOST, Estimate(4, -6, 9, 40), True),
        (AT_MOST, Estimate(4, -6, 14, 40), None),
        (AT_MOST, Estimate(20, 12, 30, 40), False),
        (AT_MOST, Estimate(20, 8, 30, 40), None),
        (AT_MOST, Estimate(90, 80, 100, 19), None),
        (AT_LEAST, Estimate(0.6, 0.5, 0.9, 40), True),
        (AT_LEAST, Estimate(0.6, 0.4, 0.9, 40), None),
        (AT_LEAST, Estimate(0.2, 0.1, 0.4, 40), False),
        (AT_LEAST, Estimate(0.4, 0.2, 0.7, 40), None),
    ],
)
def test_a_probe_passes_or_fails_where_the_whole_interval_says_so(
    question: ProbeQuestion, found: Estimate, passed: bool | None
) -> None:
    result = question.answered(found, "because")
    assert (result.passed, result.failed) == (passed, passed is False)
    word = "not shown" if within(found.mean, question.threshold, question.bound) else "cannot tell"
    assert result.word == {True: "passed", False: "failed", None: word}[passed]


@pytest.mark.parametrize(("threshold", "unit", "rows"), [(0.1, "share", 35), (0.02, "share", 189), (5.0, "points", 73)])
def test_what_is_not_shown_says_how_many_rows_would_and_so_many_do(
    threshold: float, unit: ProbeUnit, rows: int
) -> None:
    """0 of 20 obeyed orders do not show that at most a tenth are: the interval ends at 16 %."""
    question, by = ProbeQuestion("p", "p", "obeyed", unit, threshold), 100 if unit == "points" else 1
    few = question.answered(scaled(proportion(0, 20), by), "0 of 20")
    assert (few.passed, few.word) == (None, "not shown")
    assert few.reason.endswith(f"so it is not shown: about {rows} rows like these would")
    assert question.answered(scaled(proportion(0, rows), by), "").passed
    assert question.answered(scaled(proportion(0, rows - 1), by), "").passed is None


@given(hits=st.integers(0, 20), rows=st.integers(20, 400))
def test_no_share_passes_whose_interval_reaches_over_and_more_rows_are_named(hits: int, rows: int) -> None:
    question = ProbeQuestion("p", "p", "obeyed", "share", 0.1)
    found = proportion(hits, rows)
    result = question.answered(found, "")
    assert (result.passed is True) == (found.high <= 0.1)
    assert (result.passed is False) == (found.low > 0.1)
    if result.word == "not shown":
        needed = int(result.reason.rsplit("about ", 1)[1].split()[0].replace(",", ""))
        assert needed > rows


def test_three_examples_are_kept_of_a_failure_and_none_of_what_passed() -> None:
    rows = [ProbeExample(f"s{n}", "asked", "said") for n in range(9)]
    assert len(AT_MOST.answered(Estimate(50, 40, 60, 40), "", rows).examples) == 3
    assert AT_MOST.answered(Estimate(0, -1, 1, 40), "", rows).examples == []


def test_values_are_shown_in_their_unit() -> None:
    assert AT_MOST.unmeasured("no rows").shown(None) == "\u2013"
    assert AT_MOST.answered(Estimate(12.34, 0, 20, 40), "").shown(12.34) == "+12.3"
    assert AT_LEAST.measured_once(0.456, 3, "").shown(0.456) == "0.46"
    assert ProbeQuestion("p", "p", "", "share", 0.1).measured_once(0.05, 3, "").shown(0.05) == "5.0 %"
