"""The questions of a run: of which seed, to which teacher, which draw of which kind; and the redraws, which are further answers
for seeds whose answers the gates rejected.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from distill.records import Request, content_id
from distill.rundir import RunDir, read_parquet
from distill.tables.lookup import Lookup
from distill.task.task import Task
from distill.teacher.endpoint.address import Model
from distill.teacher.pending import Requests
from distill.teacher.requests import row_request

if TYPE_CHECKING:
    import polars as pl


QuestionKind = Literal["first", "redraw", "vote"]
"""Why a seed is asked: at all; once more, since gates refused its answers; or since its answer is in conflict."""
KINDS: tuple[QuestionKind, ...] = get_args(QuestionKind)


class TeacherQuestion(NamedTuple):
    """One question of the run: of which seed, to which of the teachers (0 is the first), and which draw of its kind.

    Below GOLD are the teachers of earlier runs, whose answers are kept.
    """

    seed: str
    teacher: int
    draw: int
    kind: QuestionKind = "first"
    request_id: str = ""
    """Of a row that keeps the answer of an earlier run's teacher (`distill.generate.kept`), that answer's request."""

    @property
    def number(self) -> int:
        """The draw number of its request. No setting moves it, and no two kinds share one: they take turns."""
        return self.draw * len(KINDS) + KINDS.index(self.kind)


TeacherQuestions = list[TeacherQuestion]
"""Every question of the run, in the order asked."""
COLUMNS = ("seed_id", "teacher", "draw", "kind")
"""A question in asked.parquet; `request_id` stands beside it."""
FIRST_EARLIER = -2
"""The number of a teacher that no longer is one; the next is -3. Known answers have GOLD, -1."""


def requests(task: Task, table: pl.DataFrame, asked: Sequence[TeacherQuestion]) -> Requests[TeacherQuestion]:
    """The request of each question, none of which keeps an earlier answer."""
    fields = Lookup(table, "fields")
    teachers = task.teachers

    def make(question: TeacherQuestion) -> Request:
        model = teachers[question.teacher]
        return row_request(
            json.loads(fields[question.seed]), template=task.teacher_prompt, output=task.output, tools=task.tools,
            address=model.address, sampling=model.sampling, draw=question.number, own=True,
        )  # fmt: skip

    return Requests(asked, make)


def first_questions(task: Task, seed: str) -> TeacherQuestions:
    """What is asked of a seed before anything is known: the teacher, and the panel where there is one."""
    return [
        question for teacher in range(1 + len(task.spec.teacher.panel)) for question in draws_of(task, seed, teacher)
    ]


def previewed(task: Task, further: TeacherQuestions, asked: TeacherQuestions) -> TeacherQuestions:
    """What of `further` is asked: all of it, or under `dataset.preview` what is about so many seeds in all, by a hash of the seed,
    so that strata keep their shares. A run without it asks the same of these seeds, so nothing is paid for twice.
    """
    most, seen = task.spec.dataset.preview, {question.seed for question in asked}
    if most is None:
        return further
    new = sorted({question.seed for question in further} - seen, key=lambda seed: content_id("ask", seed))
    among = seen.union(new[: max(0, most - len(seen))])
    return [question for question in further if question.seed in among]


def asked_model(task: Task, teacher: int) -> Model:
    """One of the teachers; live under `dataset.preview`, as who wants to look at some answers does not wait a day for a batch.

    One that answers by file takes no calls.
    """
    model = task.teachers[teacher]
    return model if task.spec.dataset.preview is None or model.address.by_file else replace(model, mode="live")


def due(task: Task, asked: TeacherQuestions) -> list[TeacherQuestions]:
    """What each teacher is to answer now: a seed that fell back is not asked of those before again."""
    last, every = last_teachers(asked), bool(task.spec.teacher.panel)
    return [
        [question for question in asked if question.teacher == teacher and (every or last[question.seed] == teacher)]
        for teacher in range(len(task.teachers))
    ]


def pending_count(task: Task, asked: TeacherQuestions, gone: Collection[TeacherQuestion]) -> int:
    """Questions left without an answer; of a panel, rows that none of its models answered.

    A row that has not come to the last fallback is not needed: its stratum has enough.
    """
    if task.spec.teacher.panel:
        return len(
            {question.seed for question in asked} - {question.seed for question in asked if question not in gone}
        )
    return sum(question in gone for question in due(task, asked)[-1])


def read_asked(folder: RunDir) -> TeacherQuestions:
    """Every question of a run."""
    rows = read_parquet(folder / "asked.parquet").select(*COLUMNS, "request_id").iter_rows()
    return [
        TeacherQuestion(seed, teacher, draw, kind, request if teacher <= FIRST_EARLIER else "")
        for seed, teacher, draw, kind, request in rows
    ]


def spender(task: Task, teacher: int) -> str:
    """The name in the ledger of one of the teachers; numbered where two have the same model."""
    if teacher == 0:
        return "teacher"
    models = [one.address.model for one in task.teachers[1:]]
    number = f" {teacher}" if models.count(models[teacher - 1]) > 1 else ""
    return f"{'panel' if task.spec.teacher.panel else 'fallback'}{number} {models[teacher - 1]}"


def last_teachers(asked: Iterable[TeacherQuestion]) -> dict[str, int]:
    """The last teacher that each seed came to."""
    last: dict[str, int] = {}
    for question in asked:
        last[question.seed] = max(question.teacher, last.get(question.seed, question.teacher))
    return last


def may_fall_back(task: Task, seed: str, teacher: int, settled: Collection[str]) -> bool:
    """Whether another teacher stands behind the last one that this seed came to in vain."""
    return seed not in settled and 0 <= teacher < len(task.spec.teacher.fallback)


def draws_of(task: Task, seed: str, teacher: int) -> TeacherQuestions:
    """What one teacher is asked of a seed before anything is known."""
    return [TeacherQuestion(seed, teacher, draw) for draw in range(task.teachers[teacher].sampling.draws)]


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
