"""What gates and judges decide, beside what people said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import temperaments as judges
import yaml

from distill.cli.text.calibration import calibration_json, calibration_lines
from distill.curate.calibration import run
from distill.curate.calibration.results import Calibration
from distill.errors import BudgetReached, SpecError, UsageError
from distill.pipeline.open_task import open_task
from distill.records import Request
from distill.teacher.endpoint import address, scripted
from distill.teacher.progress import Silent
from distill.teacher.store.store import opened

GOOD, BAD = '{"mood":"glad"}', '{"mood":"cross"}'


def row(n: int, answer: Any, *, good: Any = None, **more: Any) -> dict[str, Any]:
    return {"message": f"message {n} of this day", "kind": "ab"[n % 2], "answer": answer, "good": good} | more


@pytest.fixture
def gold(task: Path) -> Path:
    """Twenty answers: ten good ones, of which one is too long for a gate, and ten bad ones, of which two are no JSON."""
    spec = yaml.safe_load(task.read_text())
    spec["judge"] = {"dimensions": {"correct": "The mood is right."}, "gold": "gold.jsonl"}
    spec["gates"] = ["schema", {"length": {"max_tokens": 12}}, "judge"]
    task.write_text(yaml.safe_dump(spec))
    (task.parent / "judge.md").write_text("Is it right?")
    rows = [row(n, {"mood": "glad"}, good=True, why="it is") for n in range(9)]
    rows += [row(n, {"mood": "cross"}, good=False) for n in range(8)]
    rows += [row(9, {"mood": "glad", "note": "a b c d e f g h i j k l m"}, good=True)]
    rows += [row(10, "cross!", good=False), row(11, "Cross?", good=False)]
    (task.parent / "gold.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    return task


def judging(monkeypatch: pytest.MonkeyPatch, *temperaments: judges.Temperament) -> list[Request]:
    """The scripted model judges by these temperaments, one a model; returns what it was asked."""
    seen: list[Request] = []

    def reply(request: Request) -> str:
        seen.append(request)
        return temperaments[int(request.body.get("user", 0))](request)

    monkeypatch.setattr(address.scripted, "Scripted", lambda: scripted_model(reply=reply))
    return seen


scripted_model = scripted.Scripted


def calibrated(task: Path, *sets: str, gold: Path | None = None) -> Calibration:
    return run.calibrate(open_task(task, overrides=sets, env={}), gold, watch=Silent())


def calibrate(task: Path, *sets: str, gold: Path | None = None) -> dict[str, Any]:
    """As `--json` prints it."""
    return dict(json.loads(json.dumps(calibration_json(calibrated(task, *sets, gold=gold)))))


def test_each_gate_stands_beside_the_labels_by_itself(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An honest judge agrees; the other gates' mistakes are counted; a second look asks nobody."""
    seen = judging(monkeypatch, judges.honest({BAD, "cross!", "Cross?"}))
    result = calibrate(gold)
    assert (result["rows"], result["good"], result["exit"], len(seen)) == (20, 10, 0, 20)
    schema, length, judge = result["gates"]
    assert (schema["false_drops"], schema["false_keeps"]) == (0, 8)
    assert (length["false_drops"], length["false_keeps"]) == (1, 10)
    assert length["false_drops_by_stratum"][1] == {"stratum": "b", "good": 5, "dropped": 1}
    assert (judge["agreement"]["mean"], judge["ac1"], judge["kappa"], judge["n"]) == (1, 1, 1, 20)
    assert judge["best"]["at_least"] == 4
    assert judge["disagree"] == []
    assert (result["together"]["false_drops"], result["together"]["false_keeps"]) == (1, 0)
    again = calibrate(gold)
    assert (again["requests_sent"], len(seen)) == (0, 20)
    assert again["gates"] == result["gates"]
    with opened(gold.parent / ".distill" / "answers.db") as store:
        assert [row.spender for row in store.ledger("mood/calibrate")] == ["judge scripted"]
    assert any("Judge and teacher are one model" in one for one in result["warnings"])
    assert any(
        "20 labelled answers are few: agreement within 5 points needs about" in one for one in result["warnings"]
    )


def test_two_judges_are_held_against_people_and_against_each_other(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is honest, the other finds everything good: alone, together, and what would be the best threshold."""
    wrong = {BAD, "cross!", "Cross?"}
    judging(monkeypatch, judges.honest(wrong), judges.honest(set()), judges.echo)
    three = [f"{{model: scripted, sampling: {{extra: {{user: '{n}'}}}}}}" for n in range(3)]
    sets = f"judge.models=[{', '.join(three)}]", "gates=[{judge: {at_least: 3}}]"
    result = calibrate(gold, *sets)
    (judge,) = result["gates"]
    assert judge["false_keeps"] == 10
    assert judge["best"]["agreement"] == 1
    assert judge["best"]["at_least"] == 3.25
    each = {one["judge"]: one for one in judge["judges"]["each"]}
    assert [one["agreement"] and one["agreement"]["mean"] for one in each.values()] == [1, 0.5, None]
    assert [one["unscored"] for one in each.values()] == [0, 0, 20]
    assert [(pair["n"], pair["same"]) for pair in judge["judges"]["pairs"]] == [(20, 0.5), (0, None), (0, None)]
    said = "\n".join(calibration_lines(calibrated(gold, *sets)))
    assert "at_least 3.25 would agree best, 100%" in said
    assert "1 scripted and 2 scripted decide alike on 50% of 20" in said
    assert said.count("people say bad") == 5


def test_what_no_judge_can_say_is_unscored_and_no_mistake(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = judging(monkeypatch, judges.echo)
    found = calibrated(gold, "gates=[{judge: {unscored: keep}}, agreement]")
    result = calibration_json(found)
    judge, agreement = result["gates"]
    assert (judge["n"], judge["unscored"], judge["agreement"], judge["best"]) == (0, 20, None, None)
    assert len(seen) == 40, "an unreadable verdict is asked for once more"
    assert "left_out" in agreement
    assert "20 are unscored" in "\n".join(calibration_lines(found))


def test_labels_of_one_kind_show_nothing_about_the_other(gold: Path) -> None:
    rows = [json.loads(line) for line in (gold.parent / "gold.jsonl").read_text().splitlines()]
    own = gold.parent / "own.jsonl"
    own.write_text("".join(json.dumps(one | {"good": True}) + "\n" for one in rows))
    result = calibrate(gold, "gates=[schema]", "judge=null", gold=own)
    assert any("All 20 answers are labelled good" in one for one in result["warnings"])
    assert result["requests_sent"] == 0


def test_a_score_and_a_csv_do_too(gold: Path) -> None:
    own = gold.parent / "own.csv"
    own.write_text('message,answer,score\nm one,"{""mood"":""glad""}",4\nm two,no,3.5\nm three,"{}",1\n')
    result = calibrate(gold, "gates=[schema]", "judge=null", "strata.by=[]", gold=own)
    assert (result["rows"], result["good"], result["gates"][0]["agreement"]["mean"]) == (3, 1, 1)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(1, GOOD, good="perhaps")], "gold.jsonl:1: `good` is 'perhaps', expected true or false"),
        ([row(1, GOOD, good=True), row(1, GOOD, good=False)], "gold.jsonl:2: the same answer to the same input is labelled otherwise"),
        ([{"message": "m", "kind": "a", "answer": GOOD, "score": 6}], "`score` is 6, expected a number from 1 to 5"),
        ([{"message": "m", "kind": "a", "answer": GOOD}], "no variable 'score'"),
        ([row(1, {"tool_calls": [{"nam": 1}]}, good=True)], "a tool call is"),
        ([{"kind": "a", "answer": GOOD, "good": True}], "no variable 'message'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_labels_is_said_at_once(gold: Path, rows: list[dict[str, Any]], said: str) -> None:
    (gold.parent / "gold.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    with pytest.raises(SpecError) as fault:
        calibrate(gold)
    assert said in str(fault.value)


def test_without_labels_there_is_nothing_to_compare_with(gold: Path) -> None:
    with pytest.raises(UsageError, match="give --gold FILE"):
        calibrate(gold, "judge.gold=null")
    with pytest.raises(SpecError, match="no such file"):
        calibrate(gold, gold=Path("nowhere.jsonl"))


def test_it_stays_within_the_budget(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = judging(monkeypatch, judges.honest({BAD}))
    with pytest.raises(BudgetReached):
        calibrate(gold, "teacher.price={input: 1, output: 1}", "budget.usd=0.0001")
    assert seen == []
