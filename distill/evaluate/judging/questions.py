"""What the judges are asked about the test rows: each arm's answer by itself, and the student's beside another arm's in both orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from distill.curate.gates.judge.rubric import AnswerToJudge
from distill.evaluate.judging.asking import JudgeQuestion
from distill.evaluate.judging.pair_question import AnswerPair

STUDENT = "student"


@dataclass(frozen=True, slots=True)
class RowToJudge:
    """One test row as a judge is shown it."""

    seed_id: str
    input: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class AnswersToTests:
    """Arm → seed id → what it answered, and the rows; `others` are the arms that the student is compared with."""

    rows: Sequence[RowToJudge]
    texts: Mapping[str, Mapping[str, str]]
    instructions: str
    judges: int
    others: Sequence[str]

    def about(self, row: RowToJudge, arm: str) -> AnswerToJudge | None:
        """The question about one answer; None where there is none."""
        text = self.texts[arm].get(row.seed_id)
        return None if text is None else AnswerToJudge(row.input, text, reference=row.reference, task=self.instructions)

    def pair(self, row: RowToJudge, other: str) -> AnswerPair | None:
        """The student's answer first and the other's second; None where one is missing."""
        ours, theirs = self.texts[STUDENT].get(row.seed_id), self.texts[other].get(row.seed_id)
        if ours is None or theirs is None:
            return None
        return AnswerPair(row.input, ours, theirs, row.reference, self.instructions)

    def scoring(self) -> Iterator[JudgeQuestion]:
        """Every answer to every judge."""
        for arm in self.texts:
            for row in self.rows:
                if (about := self.about(row, arm)) is not None:
                    yield from (JudgeQuestion(judge, about) for judge in range(self.judges))

    def comparing(self) -> Iterator[JudgeQuestion]:
        """Every pair of unequal answers to every judge, in both orders."""
        for other in self.others:
            for row in self.rows:
                if (pair := self.pair(row, other)) is not None and pair.first != pair.second:
                    for judge in range(self.judges):
                        yield from (JudgeQuestion(judge, one) for one in (pair, pair.swapped))
