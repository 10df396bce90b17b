from __future__ import annotations

from distill.evaluate.evidence.linear_floor import sentence
from distill.stats import Estimate


def test_only_a_student_that_gains_needs_no_other_advice() -> None:
    assert "train.with=linear" not in sentence(Estimate(0.1, 0.05, 0.15, 100))
    assert sentence(Estimate(0.0, -0.05, 0.05, 100)).endswith("--set student.train.with=linear.")
    assert "by 10 points (5.0 to 15.0)" in sentence(Estimate(-0.1, -0.15, -0.05, 100))
