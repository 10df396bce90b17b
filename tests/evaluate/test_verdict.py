from __future__ import annotations

from dataclasses import replace

import pytest

from distill.evaluate.evidence.ceiling import TeacherCeiling
from distill.evaluate.evidence.seen import Evidence
from distill.evaluate.evidence.strata import FallenStratum
from distill.evaluate.verdict import verdict
from distill.stats import Estimate, RowsRange


def gap(mean: float, half: float = 0.01, n: int = 100) -> Estimate:
    return Estimate(mean, mean - half, mean + half, n)


GOOD = Evidence(
    metric="json_fields",
    margin=0.02,
    rows=100,
    student=gap(0.88),
    teacher=gap(0.875),
    to_teacher=gap(0.005),
    to_base=gap(0.6),
    to_prompted=gap(0.3),
    tokens_student=100,
    tokens_prompted=600,
    rows_needed=RowsRange(240, 460, if_equal=True),
)


@pytest.mark.parametrize(
    ("change", "word", "says"),
    [
        ({}, "distil", "as well as the teacher"),
        ({"to_teacher": gap(0.05)}, "distil", "better than the teacher"),
        (
            {"to_teacher": gap(-0.062)},
            "do not distil",
            "loses 6.2 points to the teacher, and 2 points were allowed",
        ),
        ({"to_teacher": gap(-0.02)}, "undecided", "cannot tell if the student keeps up"),
        ({"to_teacher": gap(0.0, n=12), "rows": 12}, "undecided", "12 test rows compared, too few"),
        ({"to_teacher": gap(0.0, n=80)}, "undecided", "20 of 100 test rows lack an answer"),
        ({"to_teacher": None}, "undecided", "no test rows"),
        ({"to_base": gap(-0.05)}, "do not distil", "training did not make the small model better"),
        ({"to_base": gap(0.005)}, "undecided", "cannot tell whether training helped"),
        ({"to_prompted": gap(-0.1)}, "do not distil", "prompt alone does as much"),
        ({"to_prompted": gap(0.0), "tokens_student": 590}, "do not distil", "prompt alone does as much"),
        ({"to_prompted": gap(0.0)}, "distil", "as well as the teacher"),
        ({"to_base": None, "to_prompted": None}, "distil", "as well as the teacher"),
    ],
)
def test_the_word_and_its_headline(change: dict[str, Estimate | int | None], word: str, says: str) -> None:
    found = verdict(replace(GOOD, **change))  # type: ignore[arg-type]  # a table of several types
    assert found.word == word
    assert says in found.sentences[0]


def test_a_prompt_that_does_as_well_is_beaten_on_effort_and_says_so() -> None:
    said = " ".join(verdict(replace(GOOD, to_prompted=gap(0.0))).sentences)
    assert "not clearly worse than the student. The student answers for 17 % of its tokens." in said


def test_only_what_is_undecided_asks_for_rows() -> None:
    assert verdict(GOOD).rows_needed is None
    open_question = verdict(replace(GOOD, to_teacher=gap(-0.02)))
    assert (open_question.rows_needed, open_question.rows_at_most) == (240, 460)
    assert open_question.sentences[-1] == (
        "If student and teacher are in truth equally good, between 240 and 460 test rows would most likely decide it; more if it loses a little."
    )


def test_advice_is_about_the_question_that_is_open_and_never_of_rows_that_are_there() -> None:
    """Whether training helped is another question than whether the student keeps up, and takes other rows."""
    helped = replace(GOOD, to_base=gap(0.005), rows_for_gain=RowsRange(900, None, if_equal=False))
    assert (verdict(helped).rows_needed, verdict(helped).rows_at_most) == (900, None)
    assert verdict(helped).sentences[-1].startswith("At least 900 test rows would be needed to decide it")
    never = verdict(replace(helped, rows_for_gain=None))
    assert never.sentences[-1].startswith("Trained and untrained are so near each other")
    there = verdict(replace(GOOD, to_teacher=gap(-0.02, n=600), rows=600))
    assert there.rows_needed is None
    assert "460 test rows would most likely have been enough, so it probably loses a little" in there.sentences[-1]
    between = verdict(replace(GOOD, to_teacher=gap(-0.02, n=300), rows=300))
    assert (between.rows_needed, between.rows_at_most) == (301, 460)
    missing = verdict(replace(GOOD, to_teacher=gap(0.0, n=80)))
    assert not any("most likely decide" in line for line in missing.sentences)


def test_a_teacher_that_is_hardly_ever_right_is_no_measure_and_more_rows_are_no_advice() -> None:
    level = replace(GOOD, student=gap(0.0), teacher=gap(0.0), to_teacher=gap(0.0, half=0.08, n=40), rows=40)
    for seen in (level, replace(level, to_teacher=gap(0.0))):
        found = verdict(seen)
        assert (found.word, found.rows_needed) == ("undecided", None)
        assert "the teacher gets 0 % of the known answers right" in found.sentences[0]
        assert "would most likely decide" not in " ".join(found.sentences)
    assert verdict(replace(level, student=gap(0.5), to_teacher=gap(0.5))).word == "distil"
    assert "cannot tell" in verdict(replace(level, metric="agreement")).sentences[0]


def test_a_loss_that_is_clear_and_allowed_is_called_a_loss() -> None:
    found = verdict(replace(GOOD, margin=0.08, to_teacher=gap(-0.045, half=0.02)))
    assert found.word == "distil"
    assert found.sentences[0].startswith("Distil: the student does this task a little worse than the teacher")


def test_plain_answers_are_called_answers_and_not_fields() -> None:
    assert "of the answers right" in verdict(replace(GOOD, kind="plain")).sentences[1]


def test_numbers_come_with_their_rows_and_interval() -> None:
    line = verdict(GOOD).sentences[1]
    assert line == (
        "On 100 held-out rows, the student gets 88.0 % of the fields right and the teacher 87.5 %:"
        " +0.5 points, and most likely between \u22120.5 and +1.5; a loss of 2 points is allowed."
    )


@pytest.mark.parametrize(
    ("to_linear", "says"),
    [
        (gap(0.1), "Over a linear model of the same training rows the student gains +10.0 points (+9.0 to +11.0)"),
        (gap(0.0), "it is not clearly better"),
        (gap(-0.1), "is clearly better than the student, by 10 points (9.0 to 11.0)"),
    ],
)
def test_a_linear_model_is_the_floor(to_linear: Estimate, says: str) -> None:
    found = verdict(replace(GOOD, to_linear=to_linear))
    assert says in " ".join(found.sentences)
    assert ("student.train.with=linear" in " ".join(found.sentences)) == (to_linear.low <= 0)


def test_where_the_teacher_is_the_base_its_calls_stand_for_the_prompted_base() -> None:
    said = " ".join(verdict(replace(GOOD, teacher_is_base=True)).sentences)
    assert "the untrained small model, which is the teacher here, is 30 points worse" in said


FALLEN = FallenStratum("kind = rare", 12, 0.0, 1.0, clear=True)


def test_a_stratum_that_fell_is_in_the_headline_and_right_behind_the_numbers() -> None:
    found = verdict(replace(GOOD, fallen=[FALLEN]))
    assert (found.word, found.exceptions) == ("distil", ["kind = rare"])
    assert found.sentences[0] == "Distil: the student does this task as well as the teacher, but not for kind = rare."
    assert found.sentences[1].startswith("On 100 held-out rows")
    assert found.sentences[2] == "kind = rare: the student gets 0 % and the teacher 100 %, on 12 test rows."
    many = verdict(replace(GOOD, fallen=[replace(FALLEN, name=f"kind = {n}") for n in range(5)]))
    assert "but not for kind = 0, kind = 1, kind = 2 and 2 more." in many.sentences[0]


def test_better_than_the_teacher_is_not_said_without_the_linear_model_that_is_too() -> None:
    better = replace(GOOD, to_teacher=gap(0.22))
    worse = verdict(replace(better, to_linear=gap(-0.1)))
    assert worse.sentences[0].endswith("better than the teacher; a linear model does it better still.")
    assert worse.sentences[2].startswith("A linear model of the same training rows is clearly better than the student")
    level = verdict(replace(better, to_linear=gap(0.0)))
    assert level.sentences[0].endswith("better than the teacher; so may a linear model.")
    assert verdict(replace(better, to_linear=gap(0.1))).sentences[0].endswith("better than the teacher.")


def test_too_few_rows_name_no_winner() -> None:
    """Neither against the teacher, nor the base, nor the linear model, however clear it looks."""
    few = {name: gap(0.4, n=12) for name in ("to_teacher", "to_base", "to_prompted", "to_linear")}
    found = verdict(replace(GOOD, rows=12, **few))  # type: ignore[arg-type]  # the fields' own names
    assert found.word == "undecided"
    said = " ".join(found.sentences)
    assert not any(word in said for word in ("Training is worth", "worse than", "better than", "gains"))
    one_side = verdict(replace(GOOD, to_linear=gap(-0.4, n=12), to_base=gap(-0.4, n=12)))
    assert one_side.word == "undecided"
    assert "linear" not in " ".join(one_side.sentences)


def test_a_win_more_among_rows_that_all_agree_changes_no_word() -> None:
    """150 equal rows exclude a loss of 2.5 points; one win among them is luck, and no proof of 2."""
    equal = replace(GOOD, rows=150, to_teacher=Estimate(0.0, -0.025, 0.025, 150), differing=0)
    win = replace(equal, to_teacher=Estimate(1 / 150, -0.0185, 0.037, 150), differing=1)
    assert [verdict(one).word for one in (equal, win)] == ["undecided", "undecided"]
    assert [verdict(replace(one, margin=0.05)).word for one in (equal, win)] == ["distil", "distil"]


def test_a_teacher_that_failed_its_exam_is_no_measure_either() -> None:
    by_agreement = replace(GOOD, metric="agreement", limits=TeacherCeiling(None, gap(0.04, half=0.03), None, None))
    found = verdict(by_agreement)
    assert found.word == "undecided"
    assert "the teacher gets 4 % of the known answers right" in found.sentences[0]
    assert verdict(replace(by_agreement, limits=TeacherCeiling(None, gap(0.04, n=8), None, None))).word == "distil"


@pytest.mark.parametrize(
    ("metric", "share"),
    [("tool_calls", "of the rows with the right tool calls"), ("verify", "of the answers through the task's check")],
)
def test_a_teacher_whose_calls_or_code_are_hardly_ever_right_is_no_measure(metric: str, share: str) -> None:
    """A student that keeps up with a teacher which fails at nearly every row is not worth having, whatever the answers are."""
    level = replace(GOOD, metric=metric, student=gap(0.02), teacher=gap(0.02), to_teacher=gap(0.0))
    found = verdict(level)
    assert (found.word, found.rows_needed) == ("undecided", None)
    assert f"the teacher gets 2 % {share}" in found.sentences[0]
    assert verdict(replace(level, student=gap(0.5), to_teacher=gap(0.48))).word == "distil"
