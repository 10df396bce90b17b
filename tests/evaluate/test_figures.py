"""The first numbers of a comparison, which the end of a run shows."""

from __future__ import annotations

from compared import compared

from distill.evaluate.figures import figures

RIGHT, HALF = [1.0] * 40, [1.0, 0.0] * 20


def test_student_teacher_difference_then_the_linear_model() -> None:
    """Each has its interval and its rows; arms that were only beside are left out."""
    found = figures(compared({"teacher": HALF, "student": RIGHT, "linear": RIGHT[:30], "base": HALF}))
    names = [(row.arm, row.other) for row in found.rows]
    assert names == [("student", ""), ("teacher", ""), ("student", "teacher"), ("linear", ""), ("student", "linear")]
    assert found.measure == "of the fields right"
    gap = found.of("student", "teacher")
    assert gap is not None
    assert (gap.mean, gap.n) == (0.5, 40)
    assert gap.low < 0.5 < gap.high
    linear = found.of("linear")
    assert linear is not None
    assert linear.n == 30


def test_an_embedding_model_stands_beside_the_student_as_the_linear_one_does() -> None:
    found = figures(compared({"teacher": HALF, "student": HALF, "embedding": RIGHT}))
    gap = found.of("student", "embedding")
    assert gap is not None
    assert (gap.mean, gap.n) == (-0.5, 40)
    assert found.of("linear") is None


def test_what_is_not_there_has_no_row() -> None:
    assert [row.arm for row in figures(compared({"teacher": HALF})).rows] == ["teacher"]
    nothing = figures(compared({"teacher": [None] * 40}))
    assert (nothing.measure, nothing.rows, nothing.of("student")) == ("", (), None)
