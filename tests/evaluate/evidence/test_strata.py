from __future__ import annotations

import pytest
from compared import compared

SEEDS = [f"s{i:03}" for i in range(300)]


def test_a_stratum_that_fell_is_an_exception_of_the_verdict() -> None:
    """300 rows, 8 points allowed, 4 lost: as good as allowed, and of no use for the 12 rare rows, all of which are lost."""
    labels = {seed: {"kind": "rare" if i < 12 else "common"} for i, seed in enumerate(SEEDS)}
    found = compared({"teacher": [1.0] * 300, "student": [0.0] * 12 + [1.0] * 288}, labels=labels, margin=0.08)
    assert found.verdict.word == "distil"
    assert found.verdict.exceptions == ["kind = rare"]
    assert found.verdict.sentences[0] == (
        "Distil: the student does this task a little worse than the teacher, by less than the 8 points allowed, but not for kind = rare."
    )
    assert found.verdict.sentences[2] == "kind = rare: the student gets 0 % and the teacher 100 %, on 12 test rows."
    assert found.warnings == []
    rare = next(cell for cell in found.by_label["kind"] if cell.value == "rare")
    assert rare.gap is not None
    assert (rare.gap.mean, rare.gap.n) == (-1.0, 12)


def test_of_many_strata_one_that_is_low_by_chance_is_not_named() -> None:
    """30 strata of 10 rows: 3 lost in one of them would be clear alone (p = 0.04), and is not among thirty."""
    labels = {seed: {"kind": str(i % 30)} for i, seed in enumerate(SEEDS)}
    student = [0.0 if i % 30 == 0 and i < 90 else 1.0 for i in range(300)]
    assert compared({"teacher": [1.0] * 300, "student": student}, labels=labels, margin=0.05).fallen == []
    deep = [0.0 if i % 30 == 0 else 1.0 for i in range(300)]
    found = compared({"teacher": [1.0] * 300, "student": deep}, labels=labels, margin=0.05)
    assert [(one.name, one.clear) for one in found.fallen] == [("kind = 0", True)]


def test_agreement_of_the_teacher_with_itself_leaves_nothing_to_gain() -> None:
    """The student's gap by agreement is its agreement less 1, and so is its interval."""
    student = [1.0] * 280 + [0.0] * 20
    found = compared({"teacher": [1.0] * 300, "student": student}, metric="agreement", margin=0.05)
    own, gap = found.arms["student"].metrics["agreement"], found.differences[0]
    assert (gap.low, gap.high) == pytest.approx((own.low - 1, own.high - 1), abs=1e-6)
