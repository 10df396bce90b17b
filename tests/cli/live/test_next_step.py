"""What a person is told to do next."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from distill.cli.live.next_step import EXAMPLE, NextStep, given_words, next_step
from distill.evaluate.diagnosis.result import Diagnosis, NextAction
from distill.evaluate.figures import Figure, Figures
from distill.evaluate.verdict import ComparisonVerdict, Word
from distill.pipeline.result import Run

RUN = Run(
    name="mood/001", folder=Path("/r"), done=["report"], skipped=[], changed={}, requests_sent=3, from_the_store=0, pending=0,
    usd=0.0, usd_estimated=0.0,
)  # fmt: skip
BETTER = Figures("of the fields right", (Figure("student", "linear", -0.1, -0.2, -0.01, 120),))
BEST = replace(BETTER, rows=(*BETTER.rows, Figure("student", "embedding", -0.2, -0.3, -0.1, 120)))


def words(run: Run, *, example: bool = False, trained: str = "lora") -> str:
    step = next_step(run, ["mood"], example=example, trained=trained)
    return " ".join(step.words) if step else ""


def judged(word: Word, rows: int | None = None) -> Run:
    return replace(RUN, verdict=ComparisonVerdict(word, ["…"], rows))


@pytest.mark.parametrize(
    ("run", "trained", "said"),
    [
        (replace(judged("distil"), pending=7), "lora", "run mood"),
        (replace(judged("distil"), why_empty="no row is left"), "lora", ""),
        (judged("distil"), "lora", "refresh mood --teacher MODEL"),
        (replace(judged("distil"), figures=BETTER), "lora", "run mood --set student.train.with=linear"),
        (replace(judged("distil"), figures=BETTER), "linear", "refresh mood --teacher MODEL"),
        (replace(judged("distil"), figures=BEST), "lora", "run mood --set student.train.with=embedding"),
        (judged("undecided", 1500), "lora", "run mood"),
        (judged("do not distil"), "lora", "show mood/001 dropped"),
        (judged("dataset only"), "none", "run mood --set student.train.with=linear --set evaluate.arms=[teacher, student]"),
    ],
)  # fmt: skip
def test_step_follows_from_how_the_run_ended(run: Run, trained: str, said: str) -> None:
    assert words(run, trained=trained) == said


def test_answers_that_are_not_closed_are_no_linear_models() -> None:
    """The step is one that `validate` takes: a linear student is refused where answers are free text, code or tool calls."""
    step = next_step(judged("dataset only"), ["mood"], example=False, trained="none", closed=False)
    assert step is not None
    assert " ".join(step.words) == "run mood --set student.train.with=lora --set evaluate.arms=null"


def test_diagnosis_names_the_step_with_what_the_command_was_given() -> None:
    step = NextAction("a linear model:", "run", options=["--set", "student.train.with=linear"])
    found = replace(
        judged("do not distil"), diagnosis=Diagnosis("linear_is_better", "It is better.", ["n = 120"], step)
    )
    assert words(found) == "run mood --set student.train.with=linear"
    shown = replace(found, diagnosis=replace(found.diagnosis, step=NextAction("look:", "curve", "run")))
    assert words(shown) == "curve mood/001"
    assert words(replace(found, pending=3)) == "run mood"


def test_after_the_example_come_rows_of_ones_own() -> None:
    assert words(judged("distil"), example=True) == " ".join(EXAMPLE)
    assert words(replace(judged("distil"), pending=3), example=True) == "run mood"


@pytest.mark.parametrize("width", [30, 60, 200])
def test_a_long_command_goes_on_in_the_next_line_as_a_shell_takes_it(width: int) -> None:
    step = NextStep(
        "", ("run", "my task", "--set", "evaluate.arms=[teacher, student]", "--set", "student.train.with=linear")
    )
    lines = step.command_lines(width)
    assert shlex.split("\n".join(lines).replace("\\\n", "")) == ["distill", *step.words]
    assert all(len(line) <= width or len(line.split("'")) == 3 for line in lines)


def test_settings_of_the_command_stay_and_its_limit_goes() -> None:
    """Another command would ask another teacher."""
    given = given_words("mood", ["teacher.model=big", "dataset.preview=5"], 2.5)
    assert given == ["mood", "--set", "teacher.model=big", "--max-usd", "2.5"]
    step = next_step(replace(RUN, pending=3), given, example=False, trained="none")
    assert step is not None
    assert step.words == ("run", *given)


@pytest.mark.parametrize(("most", "says"), [(None, "at least 1,500 test rows"), (2400, "1,500 to 2,400 test rows")])
def test_the_rows_that_would_decide_are_a_range(most: int | None, says: str) -> None:
    run = replace(RUN, verdict=ComparisonVerdict("undecided", ["…"], 1500, most))
    step = next_step(run, ["mood"], example=False, trained="lora")
    assert step is not None
    assert step.text.startswith(says)
