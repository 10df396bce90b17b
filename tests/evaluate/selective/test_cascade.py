"""What comes of a threshold on test rows: coverage, risk, strata, curve and price."""

from __future__ import annotations

import pytest

from distill.evaluate.selective import cascade
from distill.evaluate.selective.cascade import RoutedRow
from distill.evaluate.selective.threshold import ConfidenceThreshold

FOUND = ConfidenceThreshold(0.5, 100, 80, 1, 0.04)
NONE = ConfidenceThreshold(1.0, 100, 0, 0, None)
ROWS = [
    RoutedRow(0.9, False, {"kind": "a"}, 0.1, 2.0),
    RoutedRow(0.8, True, {"kind": "a"}, 0.1, 2.0),
    RoutedRow(0.7, None, {"kind": "b"}, 0.1, 2.0),
    RoutedRow(0.5, True, {"kind": "b"}, 0.1, 2.0),
    RoutedRow(0.0, True, {"kind": "b"}, 0.1, 4.0),
]


def test_what_cannot_be_judged_is_kept_and_is_no_risk() -> None:
    coverage, risk = cascade.coverage_of(ROWS, FOUND), cascade.risk_of(ROWS, FOUND)
    assert coverage is not None
    assert risk is not None
    assert (coverage.mean, coverage.n) == (0.6, 5)
    assert (risk.mean, risk.n) == (0.5, 2)
    assert cascade.risk_of(ROWS, NONE) is None


def test_each_label_has_its_own_coverage() -> None:
    assert [(one.value, one.rows, one.kept, one.wrong) for one in cascade.by_stratum(ROWS, FOUND)] == [
        ("a", 2, 2, 1),
        ("b", 3, 1, 0),
    ]


def test_the_curve_goes_from_the_surest_to_all_that_have_a_confidence() -> None:
    points = cascade.curve(ROWS)
    assert (points[0].coverage, points[0].risk.mean) == (0.2, 0.0)
    assert (points[-1].coverage, points[-1].confidence) == (0.8, 0.5)
    assert cascade.curve([]) == []


def test_the_student_is_paid_for_every_row_and_the_teacher_for_the_rest() -> None:
    found = cascade.price(ROWS, FOUND, student_usd=0.1, teacher_usd=2.0)
    assert found.usd_per_1000 == pytest.approx(0.1 + 2.0 * 0.4)
    assert found.p95_s == pytest.approx(4.1 - 0.2 * 2.0)
    assert found.teacher_p95_s == pytest.approx(3.6)
    draws = cascade.price(ROWS, FOUND, student_usd=0.1, teacher_usd=2.0, calls=6)
    assert draws.usd_per_1000 == pytest.approx(0.6 + 0.8)


def test_an_unknown_price_stays_unknown() -> None:
    found = cascade.price(ROWS, FOUND, student_usd=None, teacher_usd=2.0)
    assert (found.usd_per_1000, found.teacher_usd_per_1000) == (None, 2.0)
    assert cascade.price([], NONE, student_usd=0.0, teacher_usd=None).p95_s is None
