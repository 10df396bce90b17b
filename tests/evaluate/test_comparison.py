from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import polars as pl
import pytest
from compared import compared

from distill.atomic_write import write_json
from distill.errors import UsageError
from distill.evaluate.comparison import Comparison, compare
from distill.evaluate.metrics import NO_KNOWN
from distill.evaluate.worst import WorstAnswer
from distill.rundir import read_result

SEEDS = [f"s{i:02}" for i in range(40)]
QUALITY = {"teacher": [1.0, 1.0, 0.5, 1.0], "student": [1.0, 0.5, 1.0, 1.0], "base": [0.0, 0.5, 0.0, 0.0]}
Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


@pytest.fixture
def tables() -> Tables:
    """40 test rows, three arms; the base failed to answer the first row, and so has no score there."""
    scores, calls = [], []
    for arm, cycle in QUALITY.items():
        for i, seed in enumerate(SEEDS):
            failed = arm == "base" and i == 0
            value, reason = (None, "no answer") if failed else (cycle[i % 4], "" if cycle[i % 4] == 1 else "wrong")
            scores.append({"seed_id": seed, "arm": arm, "metric": "json_fields", "value": value, "reason": reason})
            calls.append(
                {
                    "seed_id": seed,
                    "arm": arm,
                    "latency_s": 0.1 + i / 100,
                    "prompt_tokens": 60,
                    "completion_tokens": 20,
                    "usd": 0.001,
                    "text": f"{arm} on {seed}",
                    "ended": "timeout" if failed else "ok",
                }
            )
    tests = [
        {
            "seed_id": seed,
            "input": f"in {seed}",
            "gold": '{"a": 1}',
            "labels": json.dumps({"tone": "calm" if i % 2 else "angry"}),
        }
        for i, seed in enumerate(SEEDS)
    ]
    return pl.DataFrame(scores, infer_schema_length=None), pl.DataFrame(calls), pl.DataFrame(tests)


def test_each_mean_has_its_rows_and_its_interval(tables: Tables) -> None:
    found = compare(*tables, margin=0.02)
    assert list(found.arms) == ["teacher", "student", "base"]
    student = found.arms["student"]
    assert student.metrics["json_fields"].mean == pytest.approx(0.875)
    assert student.metrics["json_fields"].n == 40
    assert student.usd_per_1000 == pytest.approx(1.0)
    assert student.latency_p50_s == pytest.approx(0.3, abs=0.01)


def test_a_row_without_an_answer_is_counted_and_never_a_zero(tables: Tables) -> None:
    found = compare(*tables, margin=0.02)
    base = found.arms["base"]
    assert (base.calls, base.failed, base.unscored) == (40, 1, 1)
    assert base.metrics["json_fields"].n == 39
    pair = next(gap for gap in found.differences if gap.b == "base")
    assert pair.n == 39


def test_the_five_worst_are_the_students_lowest_beside_gold_and_teacher(tables: Tables) -> None:
    worst = compare(*tables, margin=0.02).worst
    assert [case.seed_id for case in worst] == ["s01", "s05", "s09", "s13", "s17"]
    assert worst[0] == WorstAnswer(
        "s01", 0.5, "in s01", {"a": 1}, "teacher on s01", "student on s01", {"json_fields": "wrong"}
    )


def test_comparison_minds_no_order_of_rows(tables: Tables) -> None:
    scores, calls, tests = tables
    found = compare(scores, calls, tests, margin=0.02)
    assert compare(scores.reverse(), calls.reverse(), tests.reverse(), margin=0.02) == found


def test_comparison_reads_back_as_written(tables: Tables, tmp_path: Path) -> None:
    """The file has the keys of the type, and what lacks one is refused by name."""
    file = tmp_path / "comparison.json"
    found = compare(*tables, margin=0.02)
    write_json(file, asdict(found))
    assert read_result(file, Comparison) == found
    assert json.loads(file.read_bytes())["arms"]["student"]["metrics"]["json_fields"]["small"] is False
    write_json(file, {name: value for name, value in asdict(found).items() if name != "margin"})
    with pytest.raises(UsageError, match="margin"):
        read_result(file, Comparison)


def test_labels_show_where_the_student_is_weak(tables: Tables) -> None:
    tones = {cell.value: cell for cell in compare(*tables, margin=0.02).by_label["tone"]}
    assert tones["angry"].student.mean == 1.0
    assert tones["calm"].student.mean == 0.75
    assert tones["calm"].teacher.n == 20


def test_equal_means_over_few_rows_stay_undecided_and_ask_for_more(tables: Tables) -> None:
    found = compare(*tables, margin=0.02).verdict
    assert found.word == "undecided"
    assert found.rows_needed > 40


def test_nothing_scored_is_undecided_and_not_an_error(tables: Tables) -> None:
    scores, calls, tests = tables
    found = compare(scores.clear(), calls.clear(), tests, margin=0.02)
    assert found.verdict.word == "undecided"
    assert found.arms == {}


def test_where_nothing_exact_applies_the_judge_carries_the_verdict() -> None:
    """Marks of a judge on free text: student and teacher alike, the base far below."""
    marks = {"student": [1.0, 0.75] * 20, "teacher": [0.75, 1.0] * 20, "base": [0.25] * 40}
    found = compared(marks, metric="judge", kind="text")
    assert found.metric == "judge"
    assert "of the judge's marks" in " ".join(found.verdict.sentences)
    assert found.verdict.word != "do not distil"
    assert found.judging is None
    worse = compared({**marks, "student": [0.25] * 40}, metric="judge", kind="text")
    assert worse.verdict.word == "do not distil"


def test_few_rows_with_known_tool_calls_leave_the_verdict_to_agreement() -> None:
    """As with known answers of fields: eight rows carry no verdict where forty have the teacher's calls."""
    known: list[float | None] = [1.0] * 8 + [None] * 32
    more = [(seed, arm, "agreement_tool_calls", 1.0, "") for seed in SEEDS for arm in ("teacher", "student")]
    found = compared({"teacher": known, "student": known}, metric="tool_calls", reason=NO_KNOWN, more=more)
    assert found.metric == "agreement_tool_calls"
    assert "8 of the test rows have a known answer" in " ".join(found.verdict.sentences)
    assert (
        compared({"teacher": [1.0] * 40, "student": [1.0] * 40}, metric="tool_calls", more=more).metric == "tool_calls"
    )


def test_nobody_agrees_with_the_teacher_more_than_it_does_with_itself() -> None:
    """By tool calls as by fields: no end of that interval lies above zero."""
    student: list[float | None] = [1.0] * 37 + [0.0] * 3
    for metric in ("agreement", "agreement_tool_calls"):
        found = compared({"teacher": [1.0] * 40, "student": student}, metric=metric)
        (gap,) = [one for one in found.differences if one.b == "teacher"]
        assert gap.high <= 0
