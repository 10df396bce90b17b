"""One way to share the work: who answers a row, and what all of them are worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.evaluate.blend.blend import WAYS, BlendCost, BlendRow, RowCall, blend, way

FREE = BlendCost(None, None)


def row(
    seed: str = "s", *, sure: float | None = 0.9, far: bool = False, answered: bool = True, failed: bool = False,
    student: float | None = 1.0, other: float | None = 1.0, usd: float | None = 0.01,
) -> BlendRow:  # fmt: skip
    calls = RowCall(student, 0.1, 0.0), RowCall(other, 2.0, usd), RowCall(other, 2.0, usd)
    return BlendRow(seed, sure, far, answered, failed, *calls)


@pytest.mark.parametrize(
    ("one", "threshold", "expected"),
    [
        (row(), 0.5, "student"), (row(), None, "student"), (row(sure=0.5), 0.5, "unsure"), (row(sure=None), 0.0, "unsure"),
        (row(sure=None), None, "student"), (row(answered=False), 0.5, "schema"), (row(failed=True), 0.5, "stratum"),
        (row(far=True, failed=True, answered=False), None, "far"), (row(sure=1.0), 1.0, "unsure"),
    ],
)  # fmt: skip
def test_who_answers(one: BlendRow, threshold: float | None, expected: str) -> None:
    assert way(one, threshold) == expected


def test_scores_differences_and_seconds_are_those_of_whoever_answers() -> None:
    rows = [row("a"), row("b", sure=0.1, student=0.0), row("c", student=0.0), row("d", far=True, student=0.0)]
    found = blend(rows, 0.5, cost=BlendCost(0.001, 0.01))
    assert found.score is not None
    assert found.to_teacher is not None
    assert found.kept_score is not None
    assert (found.score.mean, found.to_teacher.mean, found.kept_score.mean) == (0.75, -0.25, 0.5)
    assert found.keeps.mean == 0.5
    assert found.ways == {"student": 2, "far": 1, "stratum": 0, "schema": 0, "unsure": 1}
    assert found.usd_per_1000 == pytest.approx(1000 * (3 * 0.001 + 2 * 0.01) / 4), "far: the student is not asked"
    assert found.p95_s == pytest.approx(2.1, abs=0.02)


def test_further_draws_are_paid_for_and_an_unknown_price_is_not_made_up() -> None:
    rows = [row("a"), row("b")]
    assert blend(rows, 0.5, cost=BlendCost(0.001, 0.01, calls=6)).usd_per_1000 == pytest.approx(6.0)
    assert blend(rows, 0.5, cost=FREE).usd_per_1000 is None
    assert blend([row(sure=0.0, usd=None)], 0.5, cost=BlendCost(0.0, 0.02)).usd_per_1000 == pytest.approx(20)


def test_rows_that_nobody_can_judge_count_for_the_share_alone() -> None:
    found = blend([row("a", student=None), row("b")], 0.5, cost=FREE)
    assert (found.keeps.n, found.score.n if found.score else 0) == (2, 1)
    nothing = blend([row("a", student=None, other=None)], 0.5, cost=FREE)
    assert (nothing.score, nothing.to_teacher, nothing.kept_score) == (None, None, None)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=40),
    st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
def test_each_row_is_answered_once_and_a_higher_threshold_keeps_no_more(
    drawn: list[tuple[float, bool, bool, bool, bool]], one: float, two: float
) -> None:
    rows = [
        row(f"s{n}", sure=sure, far=far, answered=sound, failed=failed, student=float(right))
        for n, (sure, far, sound, failed, right) in enumerate(drawn)
    ]
    low, high = (blend(rows, limit, cost=BlendCost(0.001, 0.01)) for limit in sorted((one, two)))
    assert sum(low.ways.values()) == sum(high.ways.values()) == len(rows)
    assert set(low.ways) == set(WAYS)
    assert low.keeps.mean >= high.keeps.mean
    assert low.usd_per_1000 is not None
    assert high.usd_per_1000 is not None
    assert low.usd_per_1000 <= high.usd_per_1000 + 1e-9
