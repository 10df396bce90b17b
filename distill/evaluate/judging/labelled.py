"""Answers labelled by people, judged by the rubric of evaluation: what the judges' pass rates are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from distill import reads
from distill.curate.calibration.labelled import LabelledAnswers, read_labelled
from distill.curate.calibration.stats import LabelledDecision
from distill.curate.gates.judge.requests import instructions_of
from distill.curate.gates.judge.rubric import AnswerToJudge
from distill.evaluate.judging import scoring
from distill.evaluate.judging.asking import JudgeQuestion, Verdicts
from distill.evaluate.judging.measures.calibrated import JudgeReliability, reliability

if TYPE_CHECKING:
    from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class LabelledQuestions:
    """The labelled answers, and what the judges are asked about them."""

    answers: LabelledAnswers
    abouts: Sequence[tuple[str, str, AnswerToJudge]]
    """(request id, stratum, the question about it)."""
    judges: int

    @property
    def questions(self) -> list[JudgeQuestion]:
        return [JudgeQuestion(judge, about) for _, _, about in self.abouts for judge in range(self.judges)]

    def reliability(self, verdicts: Verdicts, judges: int, at_least: float) -> JudgeReliability:
        """The judges' decisions beside people's labels."""
        clusters = self.answers.clusters
        return reliability(
            [
                LabelledDecision(
                    stratum,
                    self.answers.good[request],
                    scoring.passes(scoring.of_answer(verdicts, about, judges), at_least),
                    clusters[request],
                )
                for request, stratum, about in self.abouts
            ]
        )


def labelled_questions(task: Task, judges: int) -> LabelledQuestions | None:
    """What is asked about the labelled answers; None where the spec names none. Raises SpecError with the faults of the file."""
    path = labelled_path(task)
    if path is None:
        return None
    reads.note_file(path)
    answers, instructions = read_labelled(task, path), instructions_of(task)
    judge = task.spec.evaluate.judge
    gold = answers.gold if judge and judge.reference else {}
    rows = answers.samples.select("request_id", "seed_id", "stratum", "input", "answer", "tool_calls").iter_rows()
    abouts = [
        (request, stratum, AnswerToJudge(given, text, calls, gold.get(seed), instructions))
        for request, seed, stratum, given, text, calls in rows
    ]
    return LabelledQuestions(answers, abouts, judges)


def labelled_path(task: Task) -> Path | None:
    """The file of labelled answers: that of `evaluate.judge.gold`, else that of `judge.gold`."""
    spec = task.spec
    own = spec.evaluate.judge.gold if spec.evaluate.judge else None
    name = own or (spec.judge.gold if spec.judge else None)
    return task.path.parent / name if name else None
