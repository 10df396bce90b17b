"""Judges on the answers that differ: asked only where it decides, in both orders, priced beforehand, never twice."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from two_teachers import CHANGED, Teachers, many, prefers, serve

from distill.cli.text.serve.refresh import refresh_lines
from distill.errors import BudgetReached
from distill.evaluate.judging.measures.bias import JudgedPair
from distill.evaluate.judging.measures.pairwise import LOSS, TIE, WIN
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.plan.refresh import preference
from distill.plan.refresh.probe import probe
from distill.plan.refresh.result import RefreshPlan
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent
from distill.testing.judges import BiasedJudge

SAID = st.sampled_from([WIN, TIE, LOSS])
PAIRS = st.lists(st.lists(st.tuples(SAID, SAID), max_size=3), max_size=30)
JUDGE = "evaluate.judge={models: [{model: judge, price: {input: 1, output: 1}}]}"


def told(pairs: Sequence[Sequence[tuple[float, float]]], *, swapped: bool = False) -> list[list[JudgedPair]]:
    turn = (lambda value: 1 - value) if swapped else float
    return [[JudgedPair(str(n), turn(a), turn(b), 0) for a, b in both] for n, both in enumerate(pairs)]


@given(PAIRS)
def test_every_pair_is_counted_once_and_the_other_way_round_is_the_mirror(
    pairs: list[list[tuple[float, float]]],
) -> None:
    found, mirror = preference.preference(told(pairs)), preference.preference(told(pairs, swapped=True))
    assert found.new_better + found.old_better + found.ties + found.unread == len(pairs)
    assert (found.new_better, found.ties, found.by_order) == (mirror.old_better, mirror.ties, mirror.by_order)
    assert (found.clearly_new, found.clearly_old) == (mirror.clearly_old, mirror.clearly_new)
    assert not (found.clearly_new and found.clearly_old)


@given(st.lists(PAIRS, min_size=1, max_size=4))
def test_strata_together_are_their_pairs_together(strata: list[list[list[tuple[float, float]]]]) -> None:
    parts = [preference.preference(told(pairs)) for pairs in strata]
    assert preference.together(parts) == preference.preference(told([pair for pairs in strata for pair in pairs]))


def test_a_verdict_that_goes_with_the_order_is_no_preference() -> None:
    found = preference.preference(told([[(WIN, LOSS)]] * 20))
    assert (found.ties, found.by_order, found.clearly_new, found.clearly_old) == (20, 20, False, False)


def test_three_pairs_are_too_few_to_keep_the_old_answers() -> None:
    assert not preference.preference(told([[(LOSS, LOSS)]] * 3)).clearly_old
    assert preference.preference(told([[(LOSS, LOSS)]] * 8)).clearly_old


class Heard(Silent):
    """What is said."""

    def __init__(self) -> None:
        self.lines = list[str]()

    def say(self, line: str) -> None:
        self.lines.append(line)


class Work:
    """The task at its teachers, with a first run of the old one."""

    def __init__(self, spec: Path, teachers: Teachers) -> None:
        self.spec, self.teachers = spec, teachers

    def task(self, *sets: str) -> Task:
        return open_task(self.spec, overrides=sets, env={"OPENAI_BASE_URL": self.teachers.base_url})

    async def probe(self, *sets: str, watch: Silent | None = None) -> RefreshPlan:
        return await probe(self.task(*sets), watch)


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[Work]:
    async with serve() as teachers:
        done = Work(many(tmp_path, rows=220, tests=20), teachers)
        text = done.spec.read_text().replace(
            "teacher: {model: old", "teacher: {price: {input: 1, output: 1}, model: old"
        )
        done.spec.write_text(text.replace("with: linear", "with: none").replace("[teacher, student]", "[teacher]"))
        await running.work(done.task(), stages=ORDER, watch=Silent())
        yield done


def sets(*more: str) -> tuple[str, ...]:
    return ("teacher.model=new", JUDGE, *more)


async def test_the_judges_word_decides_where_nothing_is_known(work: Work) -> None:
    """For the new answers: asked anew, with the reason. It is asked about the two strata that differ alone, in both orders."""
    heard = Heard()
    plan = await work.probe(*sets(), watch=heard)
    assert plan.chosen == list(CHANGED)
    differ = [one for one in plan.strata if one.judged]
    assert [one.stratum for one in differ] == list(CHANGED)
    asked = sum(one.judged.pairs for one in differ if one.judged)
    assert plan.judge_requests == work.teachers.asked["judge"] == 2 * asked
    assert all(one.judged and one.judged.new_better == one.answered for one in differ)
    assert plan.expected.judged is not None
    assert plan.expected.judged.clearly_new
    said = "\n".join(refresh_lines(plan, ""))
    assert f"{plan.probe_requests} requests sent and {plan.judge_requests} to judges" in said
    assert "a judge prefers the new answers: new better in 20, old in 0, neither in 0 of 20 pairs" in said
    assert "judged in pairs, the new answers win 100 % there" in said
    kept = json.loads((work.spec.parent / "runs" / "mood" / "refresh.json").read_bytes())
    assert kept["strata"][2]["judged"]["new_better"] == 20

    most = re.search(r"at most \$([0-9.]+)$", heard.lines[0])
    assert most
    assert plan.probe_usd is not None
    assert 0 < plan.probe_usd <= float(most[1]) + 0.00005
    assert "questions to judge" in heard.lines[1]

    again = await work.probe(*sets())
    assert (again.probe_requests, again.judge_requests, again.probe_usd) == (0, 0, 0.0)
    assert [one.judged for one in again.strata] == [one.judged for one in plan.strata]


async def test_a_judge_that_clearly_prefers_the_old_answers_keeps_them(work: Work) -> None:
    """Then nothing is worth asking anew, and no run is needed."""
    work.teachers.judge = BiasedJudge(lambda text: -9.0 if "calm" in text else 9.0)
    plan = await work.probe(*sets())
    assert plan.chosen == []
    assert not plan.retrain
    assert "the old ones are better" in plan.advice
    assert "a judge prefers the old answers" in plan.strata[2].why


async def test_a_judge_that_cannot_tell_is_no_reason_either_way(work: Work) -> None:
    """Ties, and verdicts that change with the order, are shown, and the rows are asked anew as without a judge."""
    work.teachers.judge = prefers("nothing of either", first=99.0)
    plan = await work.probe(*sets())
    assert plan.chosen == list(CHANGED)
    assert plan.strata[2].judged is not None
    assert plan.strata[2].judged.by_order == 20
    assert "neither clearly better" in plan.strata[2].why
    assert any("(20 changed with the order)" in line for line in refresh_lines(plan, ""))


async def test_replies_that_cannot_be_read_are_asked_for_once_more_and_counted(work: Work) -> None:
    work.teachers.judge = BiasedJudge(lambda _: 0.0, malformed=1.0)
    heard = Heard()
    plan = await work.probe(*sets(), watch=heard)
    assert plan.chosen == list(CHANGED)
    assert plan.strata[2].judged is not None
    assert (plan.strata[2].judged.pairs, plan.strata[2].judged.unread) == (0, 20)
    assert plan.judge_requests == 2 * 2 * 40
    most = re.search(r"at most \$([0-9.]+)$", heard.lines[0])
    assert most
    assert plan.probe_usd is not None
    assert plan.probe_usd <= float(most[1]) + 0.00005
    assert "no verdict of a judge can be read" in plan.strata[2].why


async def test_the_judges_of_the_gate_are_asked_where_the_evaluation_has_none(work: Work) -> None:
    (work.spec.parent / "judge.md").write_text("A good answer names the mood.\n")
    judge = "judge={models: [{model: judge}], dimensions: {right: It is right.}}"
    task = work.task("teacher.model=new", "gates=[schema, {judge: {at_least: 1}}]", judge)
    asked = preference.judges(task)
    assert asked is not None
    assert (asked.names, asked.rubric.dimensions) == (["judge"], {"right": "It is right."})
    assert preference.judges(work.task("teacher.model=new")) is None


async def test_judging_stands_inside_the_budget(work: Work) -> None:
    """What was judged before the limit is in the store, and is not paid for again."""
    first = await work.probe("teacher.model=new")
    assert first.probe_usd is not None
    with pytest.raises(BudgetReached):
        await work.probe(*sets(f"budget.usd={first.probe_usd + 0.002}"))
    asked = work.teachers.asked["judge"]
    assert 0 < asked < 80
    plan = await work.probe(*sets())
    assert work.teachers.asked["judge"] == 80
    assert plan.judge_requests == 80 - asked


async def test_a_judge_of_the_teachers_family_is_warned_of(work: Work) -> None:
    plan = await work.probe("teacher.model=new", "evaluate.judge={}")
    assert any(line.startswith("Judge and teacher are one model, new") for line in plan.warnings)
    assert any(line.startswith("warning: Judge and teacher") for line in refresh_lines(plan, ""))
