"""A run's verdict, said of the tune that was its teacher."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.adopt.replacement import replacement
from distill.evaluate.figures import Figure, Figures
from distill.evaluate.verdict import ComparisonVerdict, Word
from distill.pipeline.result import Run

FIGURES = Figures(
    "of the known answers right",
    (
        Figure("student", "", 0.9, 0.8, 0.95, 100),
        Figure("teacher", "", 0.92, 0.85, 0.96, 100),
        Figure("student", "teacher", -0.02, -0.04, 0.01, 100),
    ),
)


def run(word: Word, sentence: str, rows_needed: int | None = None, figures: Figures = FIGURES) -> Run:
    return Run(
        name="a/001", folder=Path("a"), done=[], skipped=[], changed={}, requests_sent=0, from_the_store=0, pending=0, usd=0.0,
        usd_estimated=0.0, verdict=ComparisonVerdict(word, [sentence], rows_needed), figures=figures,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("word", "sentence", "said", "headline"),
    [
        (
            "distil",
            "Distil: as good as the teacher.",
            "may replace it",
            "the student may replace ft:a: as good as the teacher.",
        ),
        (
            "do not distil",
            "Do not distil yet: it loses 9 points.",
            "not yet",
            "not yet: the student does not replace ft:a: it loses 9 points.",
        ),
        (
            "undecided",
            "Undecided: too few.",
            "not yet",
            "not yet: the student does not replace ft:a: too few. About 300 test rows or more would tell.",
        ),
        (
            "dataset only",
            "Dataset only: no student.",
            "no student",
            "no student was trained, so nothing stands in for ft:a yet",
        ),
    ],
)
def test_each_verdict_has_its_word(word: Word, sentence: str, said: str, headline: str) -> None:
    found = replacement(run(word, sentence, 300 if word == "undecided" else None), "ft:a", dark=False)
    assert (found.word, found.headline) == (said, headline)
    assert len(found.lines) == 4
    assert "90.0 % of the known answers right (80.0 % to 95.0 %, n = 100)" in found.lines[1]
    assert "−2.0 points (−4.0 to +1.0, n = 100)" in found.lines[3]


def test_a_tune_that_left_no_answers_has_no_verdict() -> None:
    alone = Figures(FIGURES.measure, FIGURES.rows[:1])
    found = replacement(run("undecided", "Undecided: no teacher.", figures=alone), "ft:a", dark=True)
    assert found.word == "not known"
    assert [line.split()[0] for line in found.lines[1:]] == ["student"]
