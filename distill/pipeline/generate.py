"""The first stage: the teachers are asked until every quota is met or no seed is left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from distill.atomic_write import write_json, write_parquet
from distill.curate import judged
from distill.curate.dedup import rulings as disputes
from distill.curate.gates.judge.requests import verdict_requests
from distill.curate.gates.judge.send import JudgeCalls
from distill.curate.gates.verify import function
from distill.errors import AccessRefused, BudgetReached, RowsOwed
from distill.generate import questions
from distill.pipeline import empty_dataset
from distill.records import Request
from distill.rundir import read_json, read_parquet
from distill.seeds import approved, labelling, prepare
from distill.seeds.expansion.rounds import Expansion
from distill.task import near_graph
from distill.task.run import ActiveRun
from distill.task.stage import stage
from distill.teacher import schedule
from distill.teacher.stored_answers import is_refused

if TYPE_CHECKING:
    import polars as pl

    from distill.curate.result import Curated
    from distill.similarity.graph import Graph
    from distill.tables.outcome import Outcome


async def generate(run: ActiveRun) -> None:
    """Ask the teacher until every quota is met or no seed is left."""
    outputs = ["seeds.parquet", "seeds_dropped.parquet", "pairs.parquet", "asked.parquet", "seeds.json"]
    await stage(run, "generate", outputs=outputs, work=_generate)


async def _generate(run: ActiveRun) -> Mapping[str, Any]:

    task = run.task
    function.import_all(task)
    # What a person decides changes what becomes of answers, and is no reason to ask again: it is not noted here.
    rulings = disputes.rulings(task, run.folder, run.parent)
    parent = read_parquet(run.parent / "seeds.parquet") if run.parent else None
    labelled = await labelling.ask_labels(run, parent)
    before = read_json(run.parent / "seeds.json", dict) if run.parent else {}
    aside = prepare.prepare(task.spec, *labelled, bad_rows=task.bad_rows, parent=parent)
    for warning in prepare.fewer_test_rows(aside.report["test"], task.spec, aside.kept):
        run.watch.say(f"  {warning}")
    expansion = Expansion(task, aside.kept, aside.rejected, parent, before.get("expand") or {})
    graph = _write(run, aside, expansion)
    asked: questions.Asked = []
    if run.parent is not None:
        held = set(approved.askable(task, expansion.table)["seed_id"]) - rulings.keys()
        earlier = dict.fromkeys(ask.seed for ask in questions.asked_of(run.parent))
        asked = [ask for seed in earlier if seed in held for ask in questions.first(task, seed)]
    gone, closed = dict[questions.Ask, bool](), set[int]()
    calls = JudgeCalls(task, run.sender, graph, rulings=rulings)
    while True:
        _note(run, expansion.table, asked)
        if asked:
            await _ask(run, expansion.table, [ask for ask in asked if ask not in gone], gone, closed)
        room = expansion.room
        curated = await judged.curated(calls, expansion.table, asked, room)
        for warning in curated.warnings:
            run.watch.say(f"  {warning}")
        function.stop_if_useless(curated.funnel)
        extra = disputes.votes(task, asked, curated.contested)
        may_come = {ask.seed for ask, refused in gone.items() if not refused and ask.teacher not in closed}
        through, open_ = curated.through | may_come, disputes.without(expansion.table, rulings)
        extra = extra or questions.fall_back(
            task, expansion.table, asked, curated.lack, curated.standing.settled, through
        )
        extra = extra or questions.more(task, open_, asked, curated.short, through)
        extra = extra or questions.redraw(task, expansion.table, asked, curated.lack, curated.standing.refused, through)
        if not extra and curated.lack and room and not _awaited(run, expansion, asked, gone, curated):
            extra = await _expand(run, aside, expansion, calls, curated)
        elif not extra:
            break
        asked += extra
        del curated  # or the next would stand beside it
    owed = questions.owed(task, asked, gone) + len(curated.verdicts.pending) + expansion.pending
    useless = asked and not owed and not curated.kept.height
    return {"asked": len(asked), "owed": owed} | (
        {"none_pass": empty_dataset.reasons(curated.dropped)} if useless else {}
    )


def _awaited(
    run: ActiveRun, expansion: Expansion, asked: questions.Asked, gone: dict[questions.Ask, bool], curated: Curated
) -> bool:
    """Whether rows are owed that may still come: no new seed is paid for in their place. What was refused for good is not."""
    task, never = run.task, {ask for ask, refused in gone.items() if refused}
    owed = questions.owed(task, [ask for ask in asked if ask not in never], gone.keys() - never) + expansion.pending
    verdicts = verdict_requests(task, curated.verdicts.unanswered if curated.verdicts.pending else [])
    if owed or any(not is_refused(run.store, one) for one in verdicts):
        run.watch.say("  rows are pending, so no synthetic seeds are made in their place")
        return True
    return False


async def _expand(
    run: ActiveRun, aside: Outcome, expansion: Expansion, calls: JudgeCalls, curated: Curated
) -> questions.Asked:
    """A round of new seeds, written down before they are asked; none where it brought nothing."""
    try:
        names = await expansion.round(curated.lack, curated.standing.accepted, run.sender)
    except BudgetReached as fault:
        lack = ", ".join(f"{count} of {stratum}" for stratum, count in curated.lack.items())
        raise BudgetReached(f"{fault} Still missing when new seeds were asked for: {lack}.") from None
    run.watch.say(f"  {len(names)} synthetic seeds made, {expansion.tried.total()} asked for so far")
    calls.graph = _write(run, aside, expansion)
    return [ask for seed in names for ask in questions.first(run.task, seed)]


def _write(run: ActiveRun, aside: Outcome, expansion: Expansion) -> Graph:
    """The run's seeds: real ones, made ones, and those that went; and which of them are near each other, also returned."""
    import polars as pl

    graph = near_graph.graph(run.task.spec, expansion.table, aside.rejected)
    made = near_graph.write(run.folder, graph, expansion.table)
    write_parquet(run.folder / "seeds.parquet", expansion.table)
    write_parquet(run.folder / "seeds_dropped.parquet", pl.concat([aside.dropped, expansion.dropped]))
    write_json(run.folder / "seeds.json", {**aside.report, "graph": made, "expand": expansion.report})
    return graph


def _note(run: ActiveRun, table: pl.DataFrame, asked: questions.Asked) -> None:
    """What is asked, written before it is sent: `explain` shows it also while rows are out."""
    import polars as pl

    kinds = dict(zip(questions.COLUMNS, (pl.String, pl.Int64, pl.Int64, pl.String), strict=True))
    frame = pl.DataFrame(asked, schema=kinds, orient="row")
    ids = [one.id for one in questions.requests(run.task, table, asked)]
    write_parquet(run.folder / "asked.parquet", frame.with_columns(pl.Series("request_id", ids, dtype=pl.String)))


async def _ask(
    run: ActiveRun, table: pl.DataFrame, asked: questions.Asked, gone: dict[questions.Ask, bool], closed: set[int]
) -> None:
    """Send what each teacher is due, a panel at the same time.

    `gone` gathers the questions that came to no answer, which this command asks no more, and whether they were refused for
    good. `closed` are the teachers that
    refused all access or were not there while others stood behind or beside them.
    """
    task = run.task

    async def send(teacher: int, due: questions.Asked) -> None:
        one, requests = task.teachers[teacher], questions.requests(task, table, due)
        tests = _tests(run, table) if teacher == 0 and one.mode != "live" else []
        try:
            await schedule.send(
                run.sender, [*requests, *tests] if tests else requests, one, questions.spender(task, teacher)
            )
        finally:
            both = zip(due, requests, strict=True)
            out = [(ask, request) for ask, request in both if run.store.get(request.id) is None]
            gone.update((ask, is_refused(run.store, request)) for ask, request in out)

    def given_up(n: int, fault: BaseException) -> bool:
        """Whether the others go on without it; what they were paid for is kept whatever is raised."""
        if not schedule.gone(fault):
            return False
        closed.add(n)
        run.watch.say(f"  {task.teachers[n].address.model} at {task.teachers[n].address.shown} is given up: {fault}")
        return True

    groups = [(n, due) for n, due in enumerate(questions.due(task, asked)) if due and n not in closed]
    if task.spec.teacher.panel:
        results = await asyncio.gather(*(send(n, due) for n, due in groups), return_exceptions=True)
        faults = [(n, fault) for (n, _), fault in zip(groups, results, strict=True) if isinstance(fault, BaseException)]
        for n, fault in faults:
            if not given_up(n, fault) or len(closed) == len(task.teachers):
                raise fault
        return
    for n, due in groups:
        try:
            await send(n, due)
        except (AccessRefused, RowsOwed) as fault:
            if n + 1 == len(task.teachers) or not given_up(n, fault):
                raise


def _tests(run: ActiveRun, table: pl.DataFrame) -> list[Request]:
    """What the comparison will ask the teacher: it goes with the same batches, or it would take another night."""
    import polars as pl

    from distill.evaluate import arms

    teacher = next((arm for arm in arms.arms_of(run.task, student=None) if arm.name == "teacher"), None)
    if teacher is None or "evaluate" not in run.stages:
        return []
    return arms.requests(run.task, teacher, table.filter(pl.col("role") == "test"))
