"""Answers of every kind → scores and a verdict by the metrics that fit them."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from answered import BARE, judged, means

SUBJECTS = ["lamp", "kettle", "chair", "box", "shelf", "mirror", "clock", "carpet", "basket", "vase"]
MAILS = [
    f"Dear customer, we are sorry that the {one} number {i} broke. A new one is on its way."
    for i in range(5)
    for one in SUBJECTS
]
OTHERS = [f"Sorry about the {one} number {i}! We will send another one tomorrow." for i in range(5) for one in SUBJECTS]
LAZY = ["Thank you for writing to us, we have received it and will be in touch."] * 50


def test_free_text_without_known_answers_is_compared_by_likeness_and_stays_open(task: Path) -> None:
    """B-V1: both answered all rows, so the verdict may not say that they did not."""
    found, _ = judged(task, {"teacher": MAILS, "student": OTHERS, "base": LAZY}, *BARE)
    assert (found.kind, found.metric) == ("text", "agreement_chrf")
    assert found.arms["student"].metrics["agreement_chrf"].n == 50
    assert (
        found.arms["student"].metrics["agreement_rouge_l"].mean > found.arms["base"].metrics["agreement_rouge_l"].mean
    )
    assert found.verdict.word == "undecided"
    assert "like the teacher's by chrF (95 % interval" in found.verdict.sentences[1]
    assert "nearer to it than the untrained small model" in found.verdict.sentences[2]
    assert any("not meaning or truth" in one for one in found.verdict.sentences)
    assert not [gap for gap in found.differences if gap.b == "teacher" and gap.metric.startswith("agreement_")]


def test_free_text_with_known_answers_has_a_verdict_that_names_its_metric(task: Path) -> None:
    gold = [{"answer": mail} for mail in MAILS]
    found, _ = judged(task, {"teacher": OTHERS, "student": OTHERS, "base": LAZY}, *BARE, gold=gold)
    assert found.metric == "chrf"
    assert "likeness to the known answers (chrF)" in found.verdict.sentences[1]
    assert "All of this is by chrF" in found.verdict.sentences[-1]
    worse, _ = judged(task, {"teacher": OTHERS, "student": LAZY}, *BARE, gold=gold)
    assert worse.verdict.word == "do not distil"


def test_a_free_text_field_is_in_no_share_of_fields_and_has_a_score_of_its_own(task: Path) -> None:
    """B-V2: the intent is right in 48 of 50 rows and the summary in other words."""
    teacher = [{"intent": "ab"[i % 2], "summary": mail} for i, mail in enumerate(MAILS)]
    student = [{"intent": "x" if i < 2 else "ab"[i % 2], "summary": other} for i, other in enumerate(OTHERS)]
    found, _ = judged(task, {"teacher": teacher, "student": student}, *BARE)
    assert (found.metric, found.kind) == ("agreement", "fields")
    assert means(found)["agreement"] == 0.96
    assert 0.2 < means(found)["agreement_chrf:summary"] < 0.7
    mixed, _ = judged(task, {"teacher": teacher, "student": student}, *BARE, "evaluate.compare={summary: chrf}")
    share = (0.96 + means(found)["agreement_chrf:summary"]) / 2
    assert means(mixed)["agreement"] == pytest.approx(share, abs=2e-4)
    assert "agreement_chrf:summary" not in means(mixed)


CODE = [f"def scale(x):\n    cfg = {{'factor': {i}}}\n    return x * cfg['factor']" for i in range(30)]
CHECK = """\
def check(row):
    names = {}
    exec(row["answer"], names)
    return names["scale"](2) == 2 * int(row["input"]), "scale(2) is wrong"
"""


def test_code_is_right_where_it_passes_the_tasks_check(task: Path) -> None:
    """B-V3: an object in a comment earned 100 %."""
    (task.parent / "verify.py").write_text(CHECK)
    student = ["raise NotImplementedError  # {'factor': 3}"] * 15 + CODE[15:]
    inputs = [str(i) for i in range(30)]
    found, scores = judged(
        task, {"teacher": CODE, "student": student}, *BARE, "gates=[{verify: {seconds: 20}}]", inputs=inputs
    )
    assert found.metric == "verify"
    assert means(found, "teacher")["verify"] == 1
    raised = scores.filter((pl.col("metric") == "verify") & (pl.col("arm") == "student")).sort("seed_id")
    assert raised["value"].to_list() == [None] * 15 + [1.0] * 15
    assert raised["reason"][0].startswith("raised NotImplementedError at line 3")


def test_a_check_that_judges_none_of_the_students_answers_decides_nothing_and_says_why(task: Path) -> None:
    (task.parent / "verify.py").write_text(CHECK)
    student = ["raise NotImplementedError  # {'factor': 3}"] * 30
    inputs = [str(i) for i in range(30)]
    found, _ = judged(
        task, {"teacher": CODE, "student": student}, *BARE, "gates=[{verify: {seconds: 20}}]", inputs=inputs
    )
    assert found.verdict.word == "undecided"
    assert found.verdict.sentences[0] == (
        "Undecided: verify could judge none of the student's 30 answers: raised NotImplementedError at line 3."
    )


def test_wrong_code_is_wrong_and_not_unscored(task: Path) -> None:
    (task.parent / "verify.py").write_text(CHECK)
    wrong = [code.replace("x *", "x +") for code in CODE]
    inputs = [str(i) for i in range(30)]
    found, _ = judged(
        task, {"teacher": CODE, "student": wrong}, *BARE, "gates=[{verify: {seconds: 20}}]", inputs=inputs
    )
    assert means(found)["verify"] == 0.0333  # 2 + 2 is 2 * 2
    assert found.verdict.word == "do not distil"


def test_without_a_check_an_object_in_code_earns_nothing(task: Path) -> None:
    student = ['raise NotImplementedError  # {"factor": 3}'] * 30
    teacher = [code.replace("'factor'", '"factor"') for code in CODE]
    found, _ = judged(task, {"teacher": teacher, "student": student}, *BARE)
    assert found.verdict.word == "undecided"
    assert means(found)["agreement_chrf"] < 0.5
    assert "agreement" not in means(found)


def test_known_answers_on_some_rows_are_used_as_far_as_they_go(task: Path) -> None:
    """B-V4 and B-V5: rows without one are not missing, and both metrics are over the known answers' fields."""
    teacher = [{"intent": "ab"[i % 2], "note": mail} for i, mail in enumerate(MAILS)]
    gold = [{"intent": "ab"[i % 2]} if i < 25 else None for i in range(50)]
    found, _ = judged(task, {"teacher": teacher, "student": teacher}, *BARE, gold=gold)
    assert found.metric == "json_fields"
    assert found.arms["student"].metrics["json_fields"].n == 25
    assert means(found)["agreement"] == 1
    assert "lack an answer" not in " ".join(found.verdict.sentences)
    assert "25 of 50 test rows have no known answer" in " ".join(found.verdict.sentences)


def test_bare_labels_with_known_answers_are_right_or_wrong(task: Path) -> None:
    """B-V10: known answers are kept as {"answer": "technical"}, and answers are bare."""
    labels = ["technical", "billing"] * 25
    student = ["billing" if i in (0, 2, 4, 6) else label for i, label in enumerate(labels)]
    found, _ = judged(task, {"teacher": labels, "student": student}, *BARE, gold=[{"answer": one} for one in labels])
    assert (found.metric, found.kind) == ("json_fields", "plain")
    assert (means(found)["json_fields"], means(found, "teacher")["json_fields"]) == (0.92, 1)
    assert found.labels[0].arms["student"].confusions[0].count == 4


def test_a_set_of_labels_in_another_order_is_the_same(task: Path) -> None:
    """B-V11."""
    sets = [["billing", "refund"], ["technical", "login", "urgent"]] * 20
    found, _ = judged(
        task, {"teacher": [json.dumps(one) for one in sets], "student": [json.dumps(one[::-1]) for one in sets]}, *BARE
    )
    assert means(found)["agreement"] == 1


def test_calls_and_rows_without_one_are_both_counted(task: Path) -> None:
    """A student that always calls is right only where a call is due."""
    teacher = [
        [("look", {"id": i})] if i % 2 else "Which order do you mean, please, and when was it?" for i in range(40)
    ]
    always = [[("look", {"id": i})] for i in range(40)]
    found, _ = judged(task, {"teacher": teacher, "student": always}, *BARE)
    assert found.metric == "agreement_tool_calls"
    assert means(found)["agreement_tool_calls"] == 0.5
    same, _ = judged(task, {"teacher": teacher, "student": teacher}, *BARE)
    assert means(same)["agreement_tool_calls"] == 1


def test_numbers_and_dates_are_compared_by_value(task: Path) -> None:
    """B-M2, through the whole table."""
    gold = [{"n": 12, "sum": 0.3, "due": "2026-11-29", "said": "Wants a refund."}] * 20
    said = {"n": "12", "sum": 0.1 + 0.2, "due": "2026-11-29T00:00:00", "said": "Wants a refund"}
    found, _ = judged(task, {"teacher": gold, "student": [said] * 20}, *BARE, gold=gold)
    assert means(found)["json_fields"] == 1
    near, _ = judged(
        task,
        {"teacher": gold, "student": [{**said, "sum": 0.305}] * 20},
        *BARE,
        "evaluate.compare={sum: {within: 0.01}}",
        gold=gold,
    )
    assert means(near)["json_fields"] == 1


def test_the_last_answer_of_a_conversation_is_compared_whatever_stands_before_it(task: Path) -> None:
    turns = [f"user: hello\nassistant: hi\nuser: where is order {i}" for i in range(40)]
    found, _ = judged(
        task, {"teacher": ["shipping"] * 20 + ["refund"] * 20, "student": ["shipping"] * 40}, *BARE, inputs=turns
    )
    assert means(found)["agreement"] == 0.5
    assert found.worst[0].input.startswith("user: hello\nassistant: hi")


def test_a_call_without_an_answer_has_no_score_by_any_metric(task: Path) -> None:
    (task.parent / "metrics.py").write_text("def score(row): return 1\n")
    _, scores = judged(
        task, {"teacher": MAILS, "student": [None, *MAILS[1:]]}, *BARE, "evaluate.metrics=[auto, {python: metrics.py}]"
    )
    first = scores.filter((pl.col("arm") == "student") & (pl.col("seed_id") == "s000"))
    assert first["value"].null_count() == first.height > 4
    assert set(first["reason"]) == {"no answer"}
