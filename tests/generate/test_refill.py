"""Whose turn it is next: enough for what is lacking, in few rounds, and the same whatever the order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.curate import steps
from distill.curate.inputs import CurationInputs
from distill.curate.result import Curated
from distill.generate import refill
from distill.generate.questions import TeacherQuestion
from distill.generate.refill import RefillState, seeds_to_try
from distill.generate.seed_status import SeedStatus
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.seeds import prepare
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve

NOTHING = 'gates=[schema, {form: {matches: "no answer says this"}}]'


@pytest.fixture
def hard(task: Path) -> Path:
    """The task with 133 seeds of one kind, 100 of which are left to train on."""
    rows = [{"message": f"{n * 7919} {n * 104729 % 9973} lamp {n * 31 % 977}", "kind": "r"} for n in range(133)]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


@pytest.fixture
def curations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The questions that each curation of a run looked at, less the first look, at which there is no answer."""
    seen: list[int] = []
    whole = steps.curate

    def counted(given: CurationInputs) -> Curated:
        seen.append(len(given.asked))
        return whole(given)

    monkeypatch.setattr(steps, "curate", counted)
    return seen


@pytest.mark.parametrize(
    ("sets", "questions"),
    [
        ([], 100),
        (["dataset.more_draws=2", "teacher.sampling.temperature=1"], 300),
        (["teacher.fallback=[{model: scripted, sampling: {seed: 7}}]"], 200),
    ],
)
def test_a_hundred_hard_seeds_are_through_in_a_dozen_rounds(
    hard: Path, curations: list[int], sets: list[str], questions: int
) -> None:
    """One row is lacking and none passes: each round asks more than those before it, and at last every seed was tried."""
    given = [NOTHING, "dataset.accept=1", "seeds.gold=null", "seeds.gold_rows=compare", "evaluate.arms=[]", *sets]
    task = open_task(hard, overrides=given, env={})
    run.start(task, stages=("generate",), watch=Silent())
    assert curations[0] == 2
    assert curations[-1] == questions
    assert len(curations) < (15 if sets else 11)


async def test_rows_that_are_only_owed_do_not_count_as_hard(task: Path) -> None:
    """Half of the calls fail for now: a tenth more is asked in their place, and not twice as many."""
    async with serve(Script(seed=5, faults={"500": 0.5})) as server:
        sets = ["teacher.model=m", "teacher.limits={attempts: 1}", "dataset.accept=10", "evaluate.arms=[]"]
        task = open_task(task, overrides=sets, env={"OPENAI_BASE_URL": server.base_url})
        result = await run.work(task, stages=("generate",), watch=Silent(), partial=True)
    asked = pl.read_parquet(result.folder / "asked.parquet").height
    answered = asked - result.pending
    assert result.pending > 0
    assert answered <= 13


@given(st.permutations(range(20)), st.dictionaries(st.sampled_from(["a", "b"]), st.integers(1, 9)))
def test_what_is_needed_is_a_tenth_more_over_the_share_that_came_through(
    order: list[int], lack: Mapping[str, int]
) -> None:
    """With nothing tried it is a tenth more; the order of what was tried decides nothing."""
    strata = {f"s{n}": "ab"[n % 2] for n in range(20)}
    tried = [f"s{n}" for n in order]
    through = {"s0", "s2", "s1"}
    assert seeds_to_try(lack, [], through, strata) == {one: -(-11 * rows // 10) for one, rows in lack.items()}
    found = seeds_to_try(lack, tried, through, strata)
    assert found == seeds_to_try(lack, sorted(tried), through, strata)
    share = {"a": 11 / 3, "b": 11 / 2}
    assert all(rows * share[one] <= found[one] <= 1.2 * rows * share[one] + 1 for one, rows in lack.items())


def test_the_first_round_asks_a_tenth_more_than_is_lacking(task: Path) -> None:
    """Whatever was approved before."""
    task = open_task(task, env={})
    table = prepare.prepare(task.spec, task.seeds).kept
    strata = dict(table.select("seed_id", "stratum").iter_rows())
    approved = frozenset(table["seed_id"])
    nothing = SeedStatus(0, {}, frozenset(), {}, frozenset(), frozenset())
    picked = refill.ask_new_seeds(RefillState(task, table, [], nothing, {"a": 10, "b": 3}, approved))
    assert Counter(strata[ask.seed] for ask in picked) == {"a": 11, "b": 4}


def test_the_first_policy_with_questions_is_asked(task: Path) -> None:
    """Votes come before new seeds: a row in conflict is settled before others are paid for; with nothing missing, none."""
    votes = ["dedup={on_conflict: ask_again, compare: [mood]}", "teacher.sampling.temperature=1"]
    task = open_task(task, overrides=votes, env={})
    table = prepare.prepare(task.spec, task.seeds).kept
    seeds = table.filter(role="train")["seed_id"].to_list()
    status = SeedStatus(len(seeds), {}, frozenset(), {}, frozenset(), frozenset())
    asked = refill.first_questions(task, seeds[0])
    both = RefillState(task, table, asked, status, {"a": 2}, frozenset(), contested=frozenset(seeds[:1]))
    assert {question.kind for question in refill.next_questions(both)} == {"vote"}
    assert {question.kind for question in refill.next_questions(replace(both, contested=frozenset()))} == {"first"}
    assert refill.next_questions(replace(both, contested=frozenset(), missing={})) == []


@pytest.mark.parametrize(
    ("further", "said"),
    [
        ([TeacherQuestion("a", 0, 0, "vote"), TeacherQuestion("b", 0, 0, "vote")], "asking again about 2 rows whose answers contradict"),
        ([TeacherQuestion("a", 0, 0, "redraw")], "asking once more about 1 row of which gates refused"),
        ([TeacherQuestion("a", 1, 0)], "asking the next teacher about 1 row"),
        ([TeacherQuestion("c", 0, 0), TeacherQuestion("c", 0, 1)], "asking about 1 row more, in place of those that were lost"),
    ],
)  # fmt: skip
def test_a_further_round_says_why(further: list[TeacherQuestion], said: str) -> None:
    asked = [TeacherQuestion("a", 0, 0), TeacherQuestion("b", 0, 0)]
    assert refill.reason_text(further, asked).startswith(said)
