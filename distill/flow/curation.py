"""Answers into a dataset: gates, duplicates, leaks, pre-flight, balance, split; and what is still short of its quota."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from distill.flow import asking, fitting
from distill.records import Answer, Request, content_id
from distill.rundir import RunDir
from distill.teacher.store import Store

if TYPE_CHECKING:
    import polars as pl

    from distill.flow.project import Project


class Ask(NamedTuple):
    """One question of the run: of which seed, to which of the teachers (0 is the first), and which draw."""

    seed: str
    teacher: int
    draw: int


Asked = list[Ask]
"""Every question of the run, in the order asked."""


@dataclass(frozen=True, slots=True)
class Curated:
    """`kept` are the dataset's rows with their fate; `dropped` every other one with its reason."""

    kept: pl.DataFrame
    rejected: pl.DataFrame
    dropped: pl.DataFrame
    funnel: list[dict[str, Any]]
    quotas: dict[str, int]
    accepted: frozenset[str]
    """Seeds with an answer that all gates let pass."""
    passed: Counter[str]
    spare: dict[str, int]

    @property
    def lack(self) -> dict[str, int]:
        """Rows still missing in each stratum."""
        lack = {stratum: quota - self.passed[stratum] for stratum, quota in self.quotas.items()}
        return {stratum: count for stratum, count in lack.items() if count > 0}

    @property
    def short(self) -> dict[str, int]:
        """Those of the strata that have seeds left to ask."""
        return {stratum: count for stratum, count in self.lack.items() if self.spare[stratum] > 0}


class Requests(Sequence[Request]):
    """The requests of many questions, each made when it is looked at: a million of them would not fit in memory."""

    def __init__(self, asked: Sequence[Ask], make: Callable[[Ask], Request]) -> None:
        self._asked, self._make = asked, make

    def __len__(self) -> int:
        return len(self._asked)

    def __iter__(self) -> Iterator[Request]:
        return map(self._make, self._asked)

    @overload
    def __getitem__(self, at: int) -> Request: ...
    @overload
    def __getitem__(self, at: slice) -> Requests: ...
    def __getitem__(self, at: int | slice) -> Request | Requests:
        return Requests(self._asked[at], self._make) if isinstance(at, slice) else self._make(self._asked[at])


def requests(project: Project, table: pl.DataFrame, asked: Sequence[Ask]) -> Requests:
    """The request of each question."""
    fields = dict(table.select("seed_id", "fields").iter_rows())
    teachers = project.teachers

    def make(ask: Ask) -> Request:
        one = teachers[ask.teacher]
        return asking.request(
            json.loads(fields[ask.seed]), template=project.teacher_prompt, output=project.output, tools=project.tools,
            address=one.address, sampling=one.sampling, draw=ask.draw,
        )  # fmt: skip

    return Requests(asked, make)


def gates(project: Project) -> list[tuple[str, dict[str, Any]]]:
    """The spec's gates, with what those for schema, tools and agreement check against."""
    own: dict[str, dict[str, Any]] = {
        "schema": {"schema": project.output},
        "tools": {"tools": project.tools},
        "agreement": {"compare": _compared(project)},
    }
    return [(name, {**own.get(name, {}), **settings}) for name, settings in project.spec.gate_settings()]


def curate(project: Project, table: pl.DataFrame, asked: Asked, store: Store) -> Curated:
    """All steps in order over what the store holds now; sends nothing."""
    import polars as pl

    from distill.curate import balance, dedup, leaks, split
    from distill.curate.gates import run_gates
    from distill.outcome import dropped_frame

    train = table.filter(pl.col("role") == "train")
    strata = dict(train.select("seed_id", "stratum").iter_rows())
    samples, unanswered = _answered(project, train, asked, store)
    near = project.spec.dedup.near
    gated = run_gates(samples, gates(project))
    unique = dedup.duplicates(
        gated.kept, near=near, compare=_compared(project), on_conflict=project.spec.dedup.on_conflict
    )
    test = list(table.filter(pl.col("role") == "test").select("seed_id", "input").iter_rows())
    clean = leaks.leaks(unique.kept, test_inputs=test, near=near)
    fit = fitting.fit(project, clean.kept)
    passed = Counter(fit.kept["stratum"].to_list())
    spare = Counter(train["stratum"].to_list())
    last = _last(asked)
    spare.subtract(Counter(strata[seed] for seed in last))
    accepted = frozenset(gated.kept["seed_id"])
    hope = (set(strata) - set(last)) | {
        seed for seed, teacher in last.items() if _may_fall_back(project, seed, teacher, accepted)
    }
    quotas = _quotas(project, train.filter(pl.col("seed_id").is_in(list(hope))), fit.kept)
    floors = [(case.where, case.at_least) for case in project.edge_cases]
    even = balance.balance(fit.kept, quotas=quotas, floors=floors)
    kept = split.split(even.kept, valid=project.spec.dataset.valid)
    idle = sorted(set(strata) - set(last))
    resting = dropped_frame(
        (s, None, strata[s], "generate", "not_asked", f"the quota of {strata[s]} needs no more") for s in idle
    )
    steps = [gated, unique, clean, fit, even]
    funnel = [
        {
            "stage": "ask",
            "in": train.height,
            "kept": train.height - len(idle),
            "dropped": _some("not_asked", len(idle)),
        },
        {"stage": "answer", "in": len(asked), "kept": samples.height, "dropped": _counts(unanswered)},
        *gated.report["steps"],
        *(step.report for step in steps[1:]),
    ]
    return Curated(
        kept=kept,
        rejected=pl.concat([step.rejected for step in steps], how="diagonal").sort("seed_id", "teacher", "draw"),
        dropped=pl.concat([resting, unanswered, *(step.dropped for step in steps)]),
        funnel=funnel, quotas=quotas, accepted=accepted, passed=passed, spare=dict(spare),
    )  # fmt: skip


def _compared(project: Project) -> list[str]:
    """The answer's fields in which near twins must agree: those that the spec names, or that the schema enumerates."""
    if project.spec.dedup.compare is not None:
        return project.spec.dedup.compare
    properties = (project.output or {}).get("properties", {})
    return [name for name, part in properties.items() if isinstance(part, dict) and "enum" in part]


def _answered(project: Project, train: pl.DataFrame, asked: Asked, store: Store) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(samples, dropped): every question with its answer or with why there is none."""
    from distill.curate import answers
    from distill.outcome import dropped_frame

    fields = {seed: json.loads(text) for seed, text in train.select("seed_id", "fields").iter_rows()}
    strata = dict(train.select("seed_id", "stratum").iter_rows())
    raise_to = [one.sampling.raise_to for one in project.teachers]
    wanted = zip(asked, requests(project, train, asked), strict=True)
    found = [(ask, *asking.final(store, request, raise_to[ask.teacher])) for ask, request in wanted]
    entries = (
        {
            "seed_id": ask.seed,
            "request_id": request.id,
            "teacher": ask.teacher,
            "draw": ask.draw,
            "prompt": project.student_prompt.fill(fields[ask.seed]),
            "answer": answer,
        }
        for ask, request, answer in found
        if answer is not None and not answer.declined
    )
    unanswered = dropped_frame(
        (ask.seed, request.id, strata[ask.seed], "teacher", *_why(store, request.id, answer))
        for ask, request, answer in found
        if answer is None or answer.declined
    )
    return answers.samples(train, entries), unanswered


def _quotas(project: Project, hope: pl.DataFrame, clean: pl.DataFrame) -> dict[str, int]:
    """Quotas over what each stratum can still give: rows that passed, and seeds of which there is hope."""
    from distill.seeds import strata

    rows = [
        (stratum, json.loads(labels))
        for frame in (clean, hope)
        for stratum, labels in frame.select("stratum", "labels").iter_rows()
    ]
    return strata.quotas(
        Counter(stratum for stratum, _ in rows),
        dict(rows),
        accept=project.spec.dataset.accept,
        per_stratum=project.spec.dataset.per_stratum,
        edge_cases=project.edge_cases,
        matches=strata.matching(rows, project.edge_cases),
    )


def _why(store: Store, request_id: str, answer: Answer | None) -> tuple[str, str]:
    """Reason and detail of a request without an answer that could train, from its last settled attempt."""
    if answer is not None:
        return "declined", answer.refusal[:200] or f"ended by {answer.finish_reason!r}"
    tries = list(store.attempts(request_id))
    ended = [row for row in tries if row[4]]
    if not ended:
        return "owed", "not sent yet" if not tries else f"sent {len(tries)} times, the outcome is unknown"
    return str(ended[-1][4]), f"after {len(tries)} sends: {ended[-1][7]}"


def _some(reason: str, count: int) -> dict[str, int]:
    return {reason: count} if count else {}


def _counts(dropped: pl.DataFrame) -> dict[str, int]:
    return dict(sorted(Counter(dropped["reason"].to_list()).items()))


def more(
    project: Project, table: pl.DataFrame, asked: Asked, short: Mapping[str, int], *, spare_share: float = 0.1
) -> Asked:
    """The next questions: of each short stratum the seeds that it lacks and a tenth more, by a hash of the seed."""
    import polars as pl

    seen = {ask.seed for ask in asked}
    picked: Asked = []
    rows = table.filter(pl.col("role") == "train").select("seed_id", "stratum").iter_rows()
    by_stratum: dict[str, list[str]] = {}
    for seed, stratum in rows:
        if seed not in seen:
            by_stratum.setdefault(stratum, []).append(seed)
    for stratum in sorted(short):
        order = sorted(by_stratum.get(stratum, ()), key=lambda seed: content_id("ask", seed))
        for seed in order[: math.ceil(short[stratum] * (1 + spare_share))]:
            picked += first(project, seed)
    return picked


def first(project: Project, seed: str) -> Asked:
    """What is asked of a seed before anything is known: the teacher, and the panel where there is one."""
    return [ask for teacher in range(1 + len(project.spec.teacher.panel)) for ask in _draws(project, seed, teacher)]


def fall_back(
    project: Project, table: pl.DataFrame, asked: Asked, curated: Curated, *, spare_share: float = 0.1
) -> Asked:
    """The next teacher's questions for seeds of which those before gave no answer that the gates let pass, as far as
    their strata lack rows.
    """
    strata = dict(table.select("seed_id", "stratum").iter_rows())
    room = {stratum: math.ceil(count * (1 + spare_share)) for stratum, count in curated.lack.items()}
    picked: Asked = []
    for seed, teacher in _last(asked).items():
        if _may_fall_back(project, seed, teacher, curated.accepted) and room.get(strata[seed], 0) > 0:
            room[strata[seed]] -= 1
            picked += _draws(project, seed, teacher + 1)
    return picked


def due(project: Project, asked: Asked) -> list[Asked]:
    """What each teacher is to answer now: a seed that fell back is not asked of those before again."""
    last, every = _last(asked), bool(project.spec.teacher.panel)
    return [
        [ask for ask in asked if ask.teacher == teacher and (every or last[ask.seed] == teacher)]
        for teacher in range(len(project.teachers))
    ]


def owed(project: Project, asked: Asked, gone: Collection[Ask]) -> int:
    """Questions left without an answer; of a panel, rows that none of its models answered.

    A row that has not come to the last fallback is not needed: its stratum has enough.
    """
    if project.spec.teacher.panel:
        return len({ask.seed for ask in asked} - {ask.seed for ask in asked if ask not in gone})
    return sum(ask in gone for ask in due(project, asked)[-1])


def asked_of(folder: RunDir) -> Asked:
    """Every question of a run."""
    import polars as pl

    table = pl.read_parquet(folder / "asked.parquet")
    if "teacher" not in table.columns:  # made before a task could have several
        table = table.with_columns(teacher=pl.lit(0))
    return [Ask(*row) for row in table.select("seed_id", "teacher", "draw").iter_rows()]


def spender(project: Project, teacher: int) -> str:
    """The name in the ledger of one of the teachers; numbered where two have the same model."""
    if teacher == 0:
        return "teacher"
    models = [one.address.model for one in project.teachers[1:]]
    number = f" {teacher}" if models.count(models[teacher - 1]) > 1 else ""
    return f"{'panel' if project.spec.teacher.panel else 'fallback'}{number} {models[teacher - 1]}"


def _last(asked: Asked) -> dict[str, int]:
    """The last teacher that each seed came to."""
    last: dict[str, int] = {}
    for ask in asked:
        last[ask.seed] = max(ask.teacher, last.get(ask.seed, 0))
    return last


def _may_fall_back(project: Project, seed: str, teacher: int, accepted: Collection[str]) -> bool:
    return seed not in accepted and teacher < len(project.spec.teacher.fallback)


def _draws(project: Project, seed: str, teacher: int) -> Asked:
    return [Ask(seed, teacher, draw) for draw in range(project.teachers[teacher].sampling.draws)]


def marginals(
    table: pl.DataFrame, curated: Curated, asked: Asked, by: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Per label: each value's training seeds, seeds asked and rows got; what the report shows of the strata."""
    labels = {seed: json.loads(text) for seed, text in table.select("seed_id", "labels").iter_rows()}
    train = [seed for seed, role in table.select("seed_id", "role").iter_rows() if role == "train"]
    seen = {ask.seed for ask in asked}
    got = curated.kept["seed_id"].to_list()
    result = {}
    for name in by:
        have, want, hold = (Counter(labels[seed].get(name, "") for seed in group) for group in (train, seen, got))
        result[name] = [{"value": v, "available": have[v], "asked": want[v], "got": hold[v]} for v in sorted(have)]
    return result
