"""The gate `refusal` by a judge, in a run: patterns first, and a call for each answer in which they find nothing."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import temperaments as judges
import yaml

from distill.cli.text.calibration import calibration_json, calibration_lines
from distill.curate.calibration import run as calibrating
from distill.curate.gates.judge.verdict import verdicts_of_row
from distill.errors import UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.plan import plan as planning
from distill.records import Request
from distill.task.run import ORDER
from distill.teacher.endpoint import address, scripted
from distill.teacher.progress import Silent
from distill.teacher.store.store import opened
from distill.testing.fault_server import serve
from distill.views import what_if

JUDGED = "gates=[finish_reason, {refusal: {judge: true}}]"
PATTERNS = "gates=[finish_reason, refusal]"
KNOWN = "I'm sorry, but I can't help with that."
UNSEEN = "Moods, I would rather not discuss."
GOOD = "Whoever wrote this is glad."

scripted_model = scripted.Scripted


def is_verdict(request: Request) -> bool:
    return "response_format" in request.body


class Model:
    """Teacher and judge at once: every fourth answer declines as the patterns know it, every fourth in other words."""

    def __init__(self, judge: judges.Temperament = judges.attentive) -> None:
        self.judge, self.asked, self.judged = judge, list[Request](), list[Request]()

    def __call__(self, request: Request) -> str:
        if is_verdict(request):
            self.judged.append(request)
            return self.judge(request)
        self.asked.append(request)
        return (KNOWN, UNSEEN, GOOD, GOOD)[int(request.id, 16) % 4]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    found = Model()
    monkeypatch.setattr(address.scripted, "Scripted", lambda: scripted_model(reply=found))
    return found


@pytest.fixture
def task(task: Path) -> Path:
    """The task with answers in plain words, priced at a dollar a million tokens."""
    spec = yaml.safe_load(task.read_text())
    spec["teacher"] |= {"output": None, "price": {"input": 1, "output": 1}}
    spec |= {"gates": ["finish_reason", {"refusal": {"judge": True}}], "dataset": {}, "evaluate": {"arms": []}}
    task.write_text(yaml.safe_dump(spec))
    (task.parent / "teacher.md").write_text("Say how the writer feels.\n[user]\n{{message}}\n")
    return task


def run(task: Path, *sets: str, stages: Any = ORDER[:2], **how: Any) -> Run:
    task = open_task(task, overrides=sets, env={})
    return running.start(task, stages=stages, watch=Silent(), **how)


def table(result: Run, name: str) -> pl.DataFrame:
    return pl.read_parquet(result.folder / f"{name}.parquet")


def step(result: Run) -> dict[str, Any]:
    funnel = json.loads((result.folder / "funnel.json").read_bytes())["funnel"]
    return next(dict(row) for row in funnel if row["stage"] == "refusal")


def test_patterns_cost_nothing_and_the_judge_is_asked_the_rest(task: Path, model: Model) -> None:
    """Each drop says by what; the judge is in the ledger and in the bill; a second run sends nothing."""
    result = run(task)
    said = Counter(table(result, "samples")["answer"])
    assert min(said[KNOWN], said[UNSEEN], said[GOOD]) >= 5
    assert [judges.answer_of(request) for request in model.judged].count(KNOWN) == 0
    assert len(model.judged) == said[UNSEEN] + said[GOOD]
    assert step(result)["dropped"] == {"low_score": said[UNSEEN], "refusal": said[KNOWN]}
    assert step(result)["judged"] == len(model.judged)
    low = table(result, "dropped").filter(stage="refusal", reason="low_score")
    assert set(low["detail"]) == {"answered 1, mean 1, at least 4 required: it says 'i would rather not'"}
    samples = table(result, "samples")
    assert set(samples.filter(pl.col("fate") != "dropped")["answer"]) == {GOOD}
    by = {row["answer"]: (row["score_refusal"], row["refusal_answered"]) for row in samples.iter_rows(named=True)}
    assert by == {KNOWN: (0, None), UNSEEN: (0, 1), GOOD: (1, 5)}
    shown = samples.filter(answer=UNSEEN).row(0, named=True)
    assert [one["judge"] for one in verdicts_of_row(shown)["refusal"]] == ["scripted"]
    with opened(task.parent / ".distill" / "answers.db") as store:
        rows = {row.spender: row for row in store.ledger(result.name)}
    assert set(rows) == {"teacher", "judge scripted"}
    assert result.usd == pytest.approx(sum(row.usd for row in rows.values()))
    sent = len(model.asked) + len(model.judged)
    assert run(task).requests_sent == 0
    assert len(model.asked) + len(model.judged) == sent


def test_strata_that_judged_refusals_leave_short_are_asked_for_more(task: Path, model: Model) -> None:
    result = run(task, "dataset.accept=8")
    assert table(result, "samples").filter(pl.col("fate") != "dropped").height == 8
    assert len(model.asked) > 8 + step(result)["dropped"]["refusal"]


def test_another_limit_sends_nothing_nor_does_the_judge_turned_off(task: Path, model: Model) -> None:
    """On again, the verdicts are there; turned on for the first time, only they are asked for."""
    first = run(task, PATTERNS)
    assert "judged" not in step(first)
    unasked = what_if.what_if(task, ["refusal.judge=true"], overrides=[PATTERNS], env={})
    assert {row.name: row.then for row in unasked.reasons}["refusal: unscored"] > 20
    assert model.judged == []
    answers = len(model.asked)
    second = run(task)
    passed = table(first, "samples").filter(pl.col("answer") != KNOWN).height
    assert (len(model.asked), len(model.judged)) == (answers, passed)
    assert second.requests_sent == passed
    for sets, dropped in (
        ("gates=[finish_reason, {refusal: {judge: true, at_least: 1}}]", {"refusal"}),
        ("gates=[finish_reason, {refusal: {judge: true, at_least: {answered: 3}, phrases: [whoever wrote]}}]",
         {"refusal", "low_score"}),
        (PATTERNS, {"refusal"}),
        (JUDGED, {"refusal", "low_score"}),
    ):  # fmt: skip
        again = run(task, sets, stages=("curate",))
        assert again.requests_sent == 0
        assert set(step(again)["dropped"]) == dropped
    assert (len(model.asked), len(model.judged)) == (answers, passed)


@pytest.mark.parametrize("change", ["refusal.at_least=1", "refusal.judge=false", "refusal=off"])
def test_what_if_says_who_would_come_back(task: Path, model: Model, change: str) -> None:
    """A group `judge:` does not stand in the way of a gate that asks it no more."""
    sets = ["judge.models=[{model: scripted, price: {input: 2, output: 2}}]"]
    result = run(task, *sets)
    sent = len(model.asked) + len(model.judged)
    found = what_if.what_if(task, [change], overrides=sets, env={})
    unseen = set(table(result, "samples").filter(answer=UNSEEN)["seed_id"])
    assert unseen <= set(found.come)
    assert (found.leave, len(model.asked) + len(model.judged)) == ([], sent)


def test_a_plan_prices_the_judge_and_a_pilot_measures_its_share(task: Path, model: Model) -> None:
    """A call a row, with the task's instructions in it; without `judge: true` there is no such spender."""
    bare = planning.plan(open_task(task, overrides=[PATTERNS], env={}))
    assert [row.spender for row in bare.spenders] == ["teacher"]
    teacher, judge = planning.plan(open_task(task, env={})).spenders
    assert (judge.spender, judge.to_send) == ("judge scripted", teacher.to_send)
    assert judge.cost.usd_at_most > teacher.cost.usd_at_most > 0
    assert any("Judge and teacher are one model" in one for one in planning.plan(open_task(task, env={})).warnings)
    found = planning.plan(open_task(task, env={}), pilot=8)
    row = found.spenders[1]
    tried = Counter(table_answers(model))
    assert len(model.judged) == row.in_store == 8 - tried[KNOWN]
    assert row.share_expected == row.in_store / 8


async def test_what_the_judge_costs_is_in_the_plan_and_in_the_bill(task: Path) -> None:
    """Over HTTP: a call for each row that no pattern finds, paid once, below what the plan said of it."""
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    for row in rows[::3]:  # the fault server says a message again
        row["message"] = f"I can't help with that. {row['message']}"
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    async with serve() as teacher, serve() as judge:
        sets = [
            "teacher.model=t", f"teacher.base_url={teacher.base_url}", "teacher.sampling.max_tokens=60",
            f"judge.models=[{{model: j, base_url: '{judge.base_url}', price: {{input: 1, output: 1}}}}]",
        ]  # fmt: skip
        task = open_task(task, overrides=sets, env={"OPENAI_API_KEY": "k"})
        plan = await asyncio.to_thread(planning.plan, task)
        row = next(one for one in plan.spenders if one.spender == "judge j")
        result = await running.work(task, stages=ORDER[:2], watch=Silent())
        answered = table(result, "samples").height
        found = step(result)["dropped"]["refusal"]
        assert found >= 8
        assert len(judge.ledger.billed) == answered - found
        assert row.to_send == answered
        assert set(judge.ledger.billed.values()) == {1}
        assert 0 < judge.ledger.usd < row.cost.usd_at_most
        assert result.usd == pytest.approx(teacher.ledger.usd + judge.ledger.usd)


def table_answers(model: Model) -> list[str]:
    """What the teacher said."""
    return [(KNOWN, UNSEEN, GOOD, GOOD)[int(request.id, 16) % 4] for request in model.asked]


def test_rows_that_an_earlier_gate_drops_are_not_judged(task: Path, model: Model) -> None:
    result = run(task, f"gates=[{{length: {{min_chars: {len(UNSEEN)}}}}}, {{refusal: {{judge: true}}}}]")
    assert {judges.answer_of(request) for request in model.judged} == {UNSEEN}
    assert len(model.judged) == step(result)["in"] - step(result)["dropped"]["refusal"] > 4


def test_patterns_early_and_the_judge_late_are_two_gates(task: Path, model: Model) -> None:
    """The cheap half first, then a gate between, then the half that costs."""
    result = run(task, f"gates=[refusal, {{length: {{min_chars: {len(UNSEEN)}}}}}, {{refusal: {{judge: true}}}}]")
    dropped = table(result, "dropped").filter(stage="refusal")
    assert set(dropped["reason"]) == {"refusal", "low_score"}
    assert {judges.answer_of(request) for request in model.judged} == {UNSEEN}
    assert result.exit_code == 4  # nothing else was answered, so no row is left


def test_approved_rows_cost_no_call_and_patterns_still_flag_them(task: Path, model: Model) -> None:
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    for n, row in enumerate(rows):
        row["expected"] = None if n % 2 else {"answer": KNOWN if n % 4 else UNSEEN}
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run(task, "seeds.gold_rows=train")
    said = Counter(table_answers(model))
    assert len(model.judged) == said[UNSEEN] + said[GOOD]
    kept = table(result, "samples").filter(pl.col("fate") != "dropped")
    assert {KNOWN, UNSEEN} <= set(kept.filter(model="gold")["answer"])
    flagged = table(result, "flagged")
    assert set(flagged["reason"]) == {"refusal"}
    assert flagged.height == kept.filter(model="gold", answer=KNOWN).height > 4


def test_a_judge_that_says_nothing_readable_leaves_rows_unscored(task: Path, model: Model) -> None:
    """Asked twice, then unscored: never a zero. `unscored: keep` lets such rows pass, and patterns still drop."""
    model.judge = judges.echo
    result = run(task)
    said = Counter(table(result, "samples")["answer"])
    assert step(result)["dropped"] == {"refusal": said[KNOWN], "unscored": said[UNSEEN] + said[GOOD]}
    assert len(model.judged) == 2 * (said[UNSEEN] + said[GOOD])
    assert table(result, "samples").filter(pl.col("answer") != KNOWN)["score_refusal"].null_count() > 20
    kept = run(task, "gates=[{refusal: {judge: true, unscored: keep}}]", stages=("curate",))
    assert step(kept)["dropped"] == {"refusal": said[KNOWN]}
    assert kept.requests_sent == 0


def test_a_task_that_calls_for_refusals_keeps_them(task: Path, model: Model) -> None:
    """The question shows the teacher's instructions, and the judge goes by them; what patterns find is theirs."""
    (task.parent / "teacher.md").write_text("Write a letter that declines what is asked for.\n[user]\n{{message}}\n")
    result = run(task)
    asked = str(model.judged[0].turns[-1]["content"])
    assert "\n[system]\nWrite a letter that declines what is asked for.\n\n[user]\n{{message}}\n" in asked
    assert set(step(result)["dropped"]) == {"refusal"}
    assert set(table(result, "samples").filter(pl.col("fate") != "dropped")["answer"]) == {UNSEEN, GOOD}
    before = len(model.judged)
    (task.parent / "teacher.md").write_text("Say how the writer feels!\n[user]\n{{message}}\n")
    run(task)
    assert len(model.judged) > before + 20, "other instructions are another question"


def test_calibrate_holds_the_gate_against_people(task: Path, model: Model) -> None:
    """Patterns and judge are one gate; what is said of judges and thresholds is over the answers that they were asked about."""
    answers = [(KNOWN, False), (UNSEEN, False), (GOOD, True), ("I wouldn't be so glad, were I she.", True)]
    rows = [
        {"message": f"message {n}", "kind": "a", "answer": answers[n % 4][0], "good": answers[n % 4][1]}
        for n in range(20)
    ]
    gold = task.parent / "own.jsonl"
    gold.write_text("".join(json.dumps(row) + "\n" for row in rows))
    two = "judge.models=[{model: scripted, price: {input: 1, output: 1}}, {model: scripted, sampling: {seed: 3}}]"
    opened_task = open_task(task, overrides=[two, "gates=[refusal, {refusal: {judge: true}}]"], env={})
    found = calibrating.calibrate(opened_task, gold, watch=Silent())
    result = calibration_json(found)
    assert len(model.judged) == result["requests_sent"] == 2 * 15
    patterns, judged = result["gates"]
    assert (patterns["false_keeps"], patterns["false_drops"], "judges" in patterns) == (5, 0, False)
    assert (judged["n"], judged["false_keeps"], judged["false_drops"], judged["agreement"]["mean"]) == (20, 0, 5, 0.75)
    assert [one["n"] for one in judged["judges"]["each"]] == [15, 15]
    assert [(pair["n"], pair["same"]) for pair in judged["judges"]["pairs"]] == [(15, 1.0)]
    assert judged["best"]["agreement"] == pytest.approx(10 / 15)
    assert {row["answer"] for row in judged["disagree"]} == {answers[3][0]}
    assert any("refusal: at_least" in line for line in calibration_lines(found))
    again = calibration_json(calibrating.calibrate(opened_task, gold, watch=Silent()))
    assert (again["requests_sent"], again["gates"]) == (0, result["gates"])


def test_a_budget_needs_the_judges_price(task: Path, model: Model) -> None:
    with pytest.raises(UsageError, match="nobody-knows"):
        run(task, "judge.models=[{model: nobody-knows, base_url: 'http://127.0.0.1:9/v1'}]", "budget.usd=1")
    assert model.asked == []
