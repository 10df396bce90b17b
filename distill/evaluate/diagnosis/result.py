"""A diagnosis as a value: the cause, the numbers behind it, and what to do next."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Literal

CauseName = Literal[
    "unanswered", "linear_is_better", "embedding_is_better", "not_judged", "too_few_test_rows", "teacher_too_weak", "training_not_needed", "format_alone", "shift",
    "confused_labels", "starving_stratum", "overfitting", "trained_too_briefly", "student_too_small", "probe_failed",
    "unexplained", "nothing_to_do",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class NextAction:
    """One thing to do: a sentence, and the command that does it or shows it."""

    text: str
    verb: str
    target: Literal["task", "run"] = "task"
    """What the command is given first: the task's file, or the run's name."""
    options: list[str] = field(default_factory=list)

    def words(self, task: str, run: str) -> list[str]:
        """The command's words after `distill`."""
        return [self.verb, task if self.target == "task" else run, *self.options]

    def command(self, task: str, run: str) -> str:
        """The command for a shell."""
        return shlex.join(["distill", *self.words(task, run)])


@dataclass(frozen=True, slots=True)
class DiagnosisExample:
    """One test row that shows the cause."""

    row: str
    asked: str
    note: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The first rule that applies; `also` are the causes of the others, in their order."""

    cause: CauseName
    sentence: str
    evidence: list[str]
    """The numbers that the rule rests on, each with its rows."""
    step: NextAction
    examples: list[DiagnosisExample] = field(default_factory=list)
    also: list[CauseName] = field(default_factory=list)
