"""Which questions a run asks: of which seed, of which teacher, which draw of which kind; and whose turn it is next."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from distill.records import Request, content_id
from distill.rundir import RunDir, read_parquet
from distill.seeds import approved
from distill.strata import targets
from distill.tables.lookup import Lookup
from distill.teacher.pending import Requests
from distill.teacher.requests import row_request

if TYPE_CHECKING:
    import polars as pl

    from distill.task.task import Task


Kind = Literal["first", "redraw", "vote"]
"""Why a seed is asked: at all; once more, since gates refused its answers; or since its answer is in conflict."""
KINDS: tuple[Kind, ...] = get_args(Kind)


class Ask(NamedTuple):
    """One question of the run: of which seed, to which of the teachers (0 is the first), and which draw of its kind."""

    seed: str
    teacher: int
    draw: int
    kind: Kind = "first"

    @property
    def number(self) -> int:
        """The draw number of its request. No setting moves it, and no two kinds share one: they take turns."""
        return self.draw * len(KINDS) + KINDS.index(self.kind)


Asked = list[Ask]
"""Every question of the run, in the order asked."""
COLUMNS = ("seed_id", "teacher", "draw", "kind")
"""A question in asked.parquet; `request_id` stands beside it."""


def requests(task: Task, table: pl.DataFrame, asked: Sequence[Ask]) -> Requests[Ask]:
    """The request of each question."""
    fields = Lookup(table, "fields")
    teachers = task.teachers

    def make(ask: Ask) -> Request:
        one = teachers[ask.teacher]
        return row_request(
            json.loads(fields[ask.seed]), template=task.teacher_prompt, output=task.output, tools=task.tools,
            address=one.address, sampling=one.sampling, draw=ask.number, own=True,
        )  # fmt: skip

    return Requests(asked, make)


def more(
    task: Task, table: pl.DataFrame, asked: Asked, short: Mapping[str, int], through: Collection[str] = ()
) -> Asked:
    """The next questions: of each short stratum as many seeds as it is likely to need, by a hash of the seed. `through` are
    the seeds of which a row stays, or may.
    """
    seen = {ask.seed for ask in asked}
    picked: Asked = []
    rows = approved.askable(task, table).select("seed_id", "stratum").iter_rows()
    by_stratum: dict[str, list[str]] = {}
    strata: dict[str, str] = {}
    for seed, stratum in rows:
        strata[seed] = stratum
        if seed not in seen:
            by_stratum.setdefault(stratum, []).append(seed)
    need = needed(short, [seed for seed in seen if seed in strata], through, strata)
    for stratum in sorted(short):
        order = sorted(by_stratum.get(stratum, ()), key=lambda seed: content_id("ask", seed))
        for seed in order[: need[stratum]]:
            picked += first(task, seed)
    return picked


def needed(
    lack: Mapping[str, int], tried: Iterable[str], through: Collection[str], strata: Mapping[str, str]
) -> dict[str, int]:
    """Stratum → seeds to try next: what is lacking and a tenth more, over the share of those `tried` that came through.

    So a stratum of which little comes through is through after few rounds, each of which curates every answer anew.
    """
    count, came = Counter[str](), set[str]()
    for seed in tried:
        count[strata[seed]] += 1
        if seed in through:
            came.add(seed)
    got = Counter(strata[seed] for seed in came)
    return {one: targets.likely(rows, tried=count[one], got=got[one]) for one, rows in lack.items()}


def first(task: Task, seed: str) -> Asked:
    """What is asked of a seed before anything is known: the teacher, and the panel where there is one."""
    return [ask for teacher in range(1 + len(task.spec.teacher.panel)) for ask in draws(task, seed, teacher)]


def fall_back(
    task: Task,
    table: pl.DataFrame,
    asked: Asked,
    lack: Mapping[str, int],
    accepted: Collection[str],
    through: Collection[str] = (),
) -> Asked:
    """The next teacher's questions for seeds of which those before gave no answer that the gates let pass, as far as
    their strata are likely to need them.
    """
    strata, last = Lookup(table, "stratum"), last_of(asked)
    room = needed(lack, (seed for seed, teacher in last.items() for _ in range(teacher)), through, strata)
    picked: Asked = []
    for seed, teacher in last.items():
        if may_fall_back(task, seed, teacher, accepted) and room.get(strata[seed], 0) > 0:
            room[strata[seed]] -= 1
            picked += draws(task, seed, teacher + 1)
    return picked


def redraw(
    task: Task,
    table: pl.DataFrame,
    asked: Asked,
    lack: Mapping[str, int],
    refused: Collection[str],
    through: Collection[str] = (),
) -> Asked:
    """One more answer for rows of which gates refused all so far, as far as their strata are likely to need them; by a hash
    of the seed.
    """
    if not lack or not further_draws(task):
        return []
    strata = Lookup(table, "stratum")
    tried = (ask.seed for ask in asked if ask.kind == "redraw")
    room = needed(lack, tried, through, strata)
    further, picked = may_redraw(task, asked, refused), []
    for seed, ask in sorted(further.items(), key=lambda item: content_id("redraw", item[0])):
        if room.get(strata[seed], 0) > 0:
            room[strata[seed]] -= 1
            picked.append(ask)
    return picked


def may_redraw(task: Task, asked: Asked, refused: Collection[str]) -> dict[str, Ask]:
    """Seed → its next redraw, of the refused seeds that have one left and no other teacher to go to."""
    left = {ask.seed: redraws(task, ask.seed) for ask in asked if ask.seed in refused and ask.teacher == redrawer(task)}
    done = {ask for ask in asked if ask.kind == "redraw"}
    return {seed: new[0] for seed, every in left.items() if (new := [ask for ask in every if ask not in done])}


def redraws(task: Task, seed: str) -> Asked:
    """Every redraw that a refused seed may come to."""
    return [Ask(seed, redrawer(task), draw, "redraw") for draw in range(further_draws(task))]


def redrawer(task: Task) -> int:
    """Who is asked for redraws: the last to fall back to, and of a panel the first, so that a further member buys none anew."""
    return len(task.spec.teacher.fallback)


def further_draws(task: Task) -> int:
    """Answers that may be asked for beyond the draws of the sampling."""
    given = task.spec.dataset.more_draws
    return given if given is not None else int(task.spec.seeds.expand is not None)


def due(task: Task, asked: Asked) -> list[Asked]:
    """What each teacher is to answer now: a seed that fell back is not asked of those before again."""
    last, every = last_of(asked), bool(task.spec.teacher.panel)
    return [
        [ask for ask in asked if ask.teacher == teacher and (every or last[ask.seed] == teacher)]
        for teacher in range(len(task.teachers))
    ]


def owed(task: Task, asked: Asked, gone: Collection[Ask]) -> int:
    """Questions left without an answer; of a panel, rows that none of its models answered.

    A row that has not come to the last fallback is not needed: its stratum has enough.
    """
    if task.spec.teacher.panel:
        return len({ask.seed for ask in asked} - {ask.seed for ask in asked if ask not in gone})
    return sum(ask in gone for ask in due(task, asked)[-1])


def asked_of(folder: RunDir) -> Asked:
    """Every question of a run."""
    return [Ask(*row) for row in read_parquet(folder / "asked.parquet").select(list(COLUMNS)).iter_rows()]


def spender(task: Task, teacher: int) -> str:
    """The name in the ledger of one of the teachers; numbered where two have the same model."""
    if teacher == 0:
        return "teacher"
    models = [one.address.model for one in task.teachers[1:]]
    number = f" {teacher}" if models.count(models[teacher - 1]) > 1 else ""
    return f"{'panel' if task.spec.teacher.panel else 'fallback'}{number} {models[teacher - 1]}"


def last_of(asked: Asked) -> dict[str, int]:
    """The last teacher that each seed came to."""
    last: dict[str, int] = {}
    for ask in asked:
        last[ask.seed] = max(ask.teacher, last.get(ask.seed, 0))
    return last


def may_fall_back(task: Task, seed: str, teacher: int, accepted: Collection[str]) -> bool:
    """Whether another teacher stands behind the last one that this seed came to in vain."""
    return seed not in accepted and teacher < len(task.spec.teacher.fallback)


def draws(task: Task, seed: str, teacher: int) -> Asked:
    """What one teacher is asked of a seed before anything is known."""
    return [Ask(seed, teacher, draw) for draw in range(task.teachers[teacher].sampling.draws)]
