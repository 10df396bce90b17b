"""Further answers for seeds whose answers the gates rejected: how many, and of which teacher."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from distill.generate.questions import TeacherQuestion, TeacherQuestions
from distill.task.task import Task


def next_redraws(task: Task, asked: Sequence[TeacherQuestion], rejected: Collection[str]) -> dict[str, TeacherQuestion]:
    """Seed → its next redraw, of the rejected seeds that have one left and no other teacher to go to."""
    last = redrawing_teacher(task)
    done = {question for question in asked if question.kind == "redraw"}
    seeds = dict.fromkeys(one.seed for one in asked if one.seed in rejected and one.teacher == last)
    left = {seed: [one for one in redraws(task, seed) if one not in done] for seed in seeds}
    return {seed: questions[0] for seed, questions in left.items() if questions}


def redraws(task: Task, seed: str) -> TeacherQuestions:
    """Every redraw that a rejected seed may come to."""
    return [TeacherQuestion(seed, redrawing_teacher(task), draw, "redraw") for draw in range(further_draws(task))]


def redrawing_teacher(task: Task) -> int:
    """Who is asked for redraws: the last to fall back to, and of a panel the first, so that a further member buys none anew."""
    return len(task.spec.teacher.fallback)


def further_draws(task: Task) -> int:
    """Answers that may be asked for beyond the draws of the sampling."""
    given = task.spec.dataset.more_draws
    return given if given is not None else int(task.spec.seeds.expand is not None)
