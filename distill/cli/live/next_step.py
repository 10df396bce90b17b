"""What a person may do after a run: a sentence and the command for it, by how the run ended."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from distill.evaluate.figures import CLASSIFIERS
from distill.evaluate.verdict import ComparisonVerdict
from distill.pipeline.result import Run

EXAMPLE = ("init", "--from", "rows.csv", "--input", "message", "--answer", "category")


@dataclass(frozen=True, slots=True)
class NextStep:
    """A sentence, and the words of a command after `distill`."""

    text: str
    words: tuple[str, ...]

    def command_lines(self, width: int) -> list[str]:
        """The command for a shell, in lines that end between words where it is long."""
        lines = ["  distill"]
        for word in map(shlex.quote, self.words):
            if len(lines[-1]) + len(word) + 3 <= width:
                lines[-1] += f" {word}"
            else:
                lines[-1] += " \\"
                lines.append(f"    {word}")
        return lines


def given_words(spec: str, sets: Sequence[str], max_usd: float | None) -> list[str]:
    """The task and the settings that a command was given, for the next one: without a limit of its rows."""
    kept = [word for change in sets if not change.startswith("dataset.preview=") for word in ("--set", change)]
    return [spec, *kept, *(["--max-usd", f"{max_usd:g}"] if max_usd is not None else [])]


def next_step(run: Run, given: Sequence[str], *, example: bool, trained: str, closed: bool = True) -> NextStep | None:
    """The step; None where the run says itself what to do.

    `given` are the task and the settings of the command, `trained` is how the task's student is made; `closed` is whether answers are such
    as a linear model learns.
    """
    if run.why_empty:
        return None
    if run.pending:
        return NextStep("the same command asks only for what is pending:", ("run", *given))
    if example:
        return NextStep("the same with rows of your own:", EXAMPLE)
    word, better = run.verdict.word if run.verdict else "", _better(run, trained)
    if run.diagnosis is not None:
        step = run.diagnosis.step
        words = (step.verb, *given) if step.target == "task" else (step.verb, run.name)
        return NextStep(step.text, (*words, *step.options))
    if word == "dataset only" and trained == "none":
        return _first_student(given, closed=closed)
    if better:
        text = f"the {better} model is better than the student, and answers in milliseconds; make it the student:"
        return NextStep(text, ("run", *given, "--set", f"student.train.with={better}"))
    if word == "undecided" and run.verdict and run.verdict.rows_needed:
        return NextStep(
            f"{_test_rows(run.verdict)} test rows would most likely decide it; add rows, and", ("run", *given)
        )
    if word == "do not distil":
        return NextStep("read the worst answers in the report, and what was dropped:", ("show", run.name, "dropped"))
    return NextStep("a better teacher later repeats only what changes:", ("refresh", *given, "--teacher", "MODEL"))


def _first_student(given: Sequence[str], *, closed: bool) -> NextStep:
    """A linear model learns answers of few values; free text, code and tool calls take a language model."""
    if closed:
        sets = ("--set", "student.train.with=linear", "--set", "evaluate.arms=[teacher, student]")
        return NextStep("a student of these rows, the small and fast kind:", ("run", *given, *sets))
    sets = ("--set", "student.train.with=lora", "--set", "evaluate.arms=null")
    return NextStep("a student of these rows, an adapter on a small language model:", ("run", *given, *sets))


def _better(run: Run, trained: str) -> str:
    """The smaller kind of model that beats a student which is a language model by most; empty where none does."""
    gaps = [(found.mean, name) for name in CLASSIFIERS if (found := run.figures.of("student", name)) and found.high < 0]
    return min(gaps)[1] if gaps and trained not in CLASSIFIERS else ""


def _test_rows(verdict: ComparisonVerdict) -> str:
    if verdict.rows_at_most is None:
        return f"at least {verdict.rows_needed:,}"
    return f"{verdict.rows_needed:,} to {verdict.rows_at_most:,}"
