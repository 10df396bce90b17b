"""Columns of labels → accuracy, macro-F1 and which labels are taken for which, in the comparison and in the report."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from answered import BARE, judged

from distill.atomic_write import write_json
from distill.evaluate.comparison import Comparison
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.rundir import read_result
from distill.task.run import ORDER
from distill.teacher.progress import Silent

WANTED = ["refund"] * 20 + ["repair"] * 15 + ["other"] * 5
SAID = ["refund"] * 20 + ["refund"] * 6 + ["repair"] * 9 + ["other"] * 3 + ["I do not know"] * 2


def test_the_labels_that_are_confused_are_named_with_their_rows(task: Path) -> None:
    inputs = [f"message {i}" for i in range(40)]
    found, _ = judged(
        task, {"teacher": WANTED, "student": SAID}, *BARE, gold=[{"answer": one} for one in WANTED], inputs=inputs
    )
    (one,) = found.labels
    assert (one.field, one.against, list(one.arms)) == ("answer", "known answers", ["teacher", "student"])
    student = one.arms["student"]
    assert student.accuracy.mean == 0.8
    assert student.macro_f1.mean == pytest.approx((40 / 46 + 18 / 24 + 6 / 8) / 3)
    assert student.macro_f1.low < student.macro_f1.mean < student.macro_f1.high
    assert one.to_teacher is not None
    assert one.to_teacher.mean == pytest.approx(student.macro_f1.mean - 1)
    first, second = student.confusions
    assert (first.wanted, first.found, first.count) == ("repair", "refund", 6)
    assert [row.input for row in first.examples] == ["message 20", "message 21", "message 22"]
    assert (second.wanted, second.found, second.count) == ("other", "I do not know", 2)
    repair = next(label for label in student.labels if label.label == "repair")
    assert (repair.wanted, repair.found, repair.precision, repair.recall) == (15, 9, 1, 0.6)
    assert sum(cell.count for cell in student.table) == 40


def test_without_known_answers_the_teacher_is_the_measure_and_has_no_line(task: Path) -> None:
    found, _ = judged(task, {"teacher": WANTED, "student": SAID}, *BARE)
    (one,) = found.labels
    assert (one.against, list(one.arms), one.to_teacher) == ("teacher", ["student"], None)


def test_it_reads_back_as_written(task: Path, tmp_path: Path) -> None:
    found, _ = judged(task, {"teacher": WANTED, "student": SAID}, *BARE)
    write_json(tmp_path / "comparison.json", asdict(found))
    assert read_result(tmp_path / "comparison.json", Comparison) == found


def test_a_run_has_its_labels_in_its_files_and_on_its_page(task: Path) -> None:
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    rows = [row | {"expected": {"mood": ["glad", "cross"][i % 2]}} for i, row in enumerate(rows)]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = running.start(open_task(task, env={}), stages=ORDER, watch=Silent())
    comparison = json.loads((result.folder / "comparison.json").read_bytes())
    assert [one["field"] for one in comparison["labels"]] == ["mood"]
    page, report = (result.folder / "REPORT.md").read_text(), (result.folder / "report.html").read_text()
    assert "## Which labels are confused? mood" in page
    assert "Which labels are confused? mood" in report


def test_labels_that_are_hostile_stay_text_on_the_page(task: Path) -> None:
    """What a label, an answer and an input say is shown, and runs nowhere and breaks no table."""
    hostile = ["<script>alert(1)</script>", "a|b<img/src=x/onerror=alert(2)>"]
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    rows = [
        row | {"expected": hostile[i % 2], "message": f"<svg/onload=alert(3)> {row['message']}"}
        for i, row in enumerate(rows)
    ]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = running.start(open_task(task, overrides=["teacher.output=null"], env={}), stages=ORDER, watch=Silent())
    page, report = (result.folder / "REPORT.md").read_text(), (result.folder / "report.html").read_text()
    assert "Which labels are confused? answer" in report
    for mark in ("<script>alert", "<img/src", "<svg/onload"):
        assert mark not in report
        assert mark not in page.replace("\\<", "")  # escaped, it is text
