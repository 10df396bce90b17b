"""The gate that asks the task's own function."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
import yaml

from distill import spec
from distill.curate.gates.registry import GATES, faults, run_gates
from distill.curate.gates.verify import gate as verify
from distill.curate.gates.verify.gate import TaskFolder, gate
from distill.errors import SpecError
from distill.sandbox.process import CheckResult

ODD = """\
def check(row):
    n = row["parsed"]["n"]
    return n % 2 == 1, f"{n} is even"
"""


@pytest.fixture
def task(tmp_path: Path) -> TaskFolder:
    (tmp_path / "verify.py").write_text(ODD)
    return TaskFolder(tmp_path, cache=tmp_path / ".distill" / "checks.db")


def numbers(frame, *answers):
    return frame(*({"answer": f'{{"n": {n}}}'} for n in answers))


def test_a_row_that_the_function_fails_goes_with_its_message(frame, task):
    out = gate(numbers(frame, 1, 2, 3), task=task)
    assert out.kept["answer"].to_list() == ['{"n": 1}', '{"n": 3}']
    assert out.dropped.select("row", "stage", "reason", "detail").rows() == [("s01", "verify", "verify", "2 is even")]
    assert out.kept["score_verify"].to_list() == out.kept["score"].to_list() == [1.0, 1.0]
    assert out.rejected["score_verify"].to_list() == [0.0]


def test_a_row_that_it_cannot_judge_is_never_a_zero(frame, task):
    rows = frame({"answer": '{"n": 1}'}, {"answer": "no JSON"})
    out = gate(rows, task=task)
    said = "verify: raised TypeError at line 2: 'NoneType' object is not subscriptable"
    assert out.dropped.select("reason", "detail").rows() == [("unscored", said)]
    assert out.rejected["score_verify"].to_list() == [None]
    assert out.report["unscored"] == {"raised TypeError at line 2": 1}
    kept = gate(rows, task=task, unscored="keep")
    assert kept.kept["score_verify"].to_list() == [1.0, None]
    assert kept.kept["score"].to_list() == [1.0, None]
    assert kept.report["unscored"] == out.report["unscored"]
    assert not kept.dropped.height


@pytest.mark.parametrize(("at_least", "kept"), [(1.0, [10]), (0.5, [5, 10]), (0.0, [1, 5, 10])])
def test_a_score_is_held_against_the_threshold(frame, task, at_least, kept):
    (task.folder / "verify.py").write_text("def check(row): return row['parsed']['n'] / 10")
    out = gate(numbers(frame, 1, 5, 10), task=task, at_least=at_least)
    assert out.kept["answer"].to_list() == [f'{{"n": {n}}}' for n in kept]
    details = [f"scores {n / 10:g}, at least {at_least:g} required" for n in (1, 5, 10) if n not in kept]
    assert out.dropped["detail"].to_list() == details


def test_a_function_that_breaks_on_every_row_is_told_in_the_report(frame, task):
    (task.folder / "verify.py").write_text("def check(row): return row['no such key']")
    out = gate(numbers(frame, *range(7)), task=task)
    assert not out.kept.height
    assert out.report["dropped"] == {"unscored": 7}
    assert out.report["warning"] == "verify could not judge 7 of 7 rows; 7 of them: raised KeyError at line 1"


def test_what_a_row_is_told(frame, task):
    """The sample's texts, with what is JSON as values, and its seed's fields and gold beside."""
    (task.folder / "verify.py").write_text("import json\ndef check(row): return 0, json.dumps(row, sort_keys=True)")
    seeds = pl.DataFrame({"seed_id": ["s00", "s09"], "fields": ['{"order":7}', "{}"], "gold": ['{"intent":"x"}', None]})
    call = {"answer": "", "tool_calls": '[["find", "{\\"id\\": 1}"], ["say", "half {"]]'}
    out = gate(frame({}, call), task=TaskFolder(task.folder, seeds=seeds))
    assert out.dropped["detail"].to_list()[0] == (
        '{"answer": "{\\"intent\\":\\"delivery\\"}", "fields": {"order": 7}, "gold": {"intent": "x"}, "input": "where is my kettle", '
        '"labels": {"intent": "a"}, "parsed": {"intent": "delivery"}, '
        '"prompt": [{"content": "where is my kettle", "role": "user"}], "stratum": "a", "tool_calls": []}'
    )
    (task.folder / "verify.py").write_text(
        "def check(row): return not row['tool_calls'] or row['tool_calls'] == "
        "[{'name': 'find', 'arguments': {'id': 1}}, {'name': 'say', 'arguments': 'half {'}] and row['gold'] is None"
    )
    assert gate(frame({}, call), task=TaskFolder(task.folder, seeds=seeds)).kept.height == 2


def test_a_second_look_runs_nothing(frame, task, monkeypatch):
    """Other thresholds cost no run: no process is there to be started."""
    (task.folder / "verify.py").write_text("def check(row): return row['parsed']['n'] / 10")
    first = gate(numbers(frame, 1, 5, 10), task=task)
    monkeypatch.setattr("distill.sandbox.pool.Child", None)
    second = gate(numbers(frame, 1, 5, 10), task=task, at_least=0.5)
    assert first.report["held"] == second.report["held"]
    assert "hook" in first.report["held"]
    assert (first.kept.height, second.kept.height) == (1, 2)


def test_a_changed_file_another_function_and_another_row_are_judged_anew(frame, task):
    assert gate(numbers(frame, 1, 2), task=task).kept.height == 1
    (task.folder / "verify.py").write_text(ODD.replace("== 1", "== 0") + "def other(row): return True\n")
    assert gate(numbers(frame, 1, 2), task=task).kept["answer"].to_list() == ['{"n": 2}']
    assert gate(numbers(frame, 1, 2), task=task, function="verify.py:other").kept.height == 2
    assert gate(numbers(frame, 4, 3), task=task).kept["answer"].to_list() == ['{"n": 4}']


def test_equal_rows_are_asked_once(frame, task):
    (task.folder / "verify.py").write_text(
        "n = 0\ndef check(row):\n    global n\n    n += 1\n    return n == 1, str(n)"
    )
    assert gate(numbers(frame, *[1] * 50), task=task).kept.height == 50


def test_no_rows_need_no_process(frame, task):
    (task.folder / "verify.py").write_text("1 / 0\ndef check(row): return True")
    assert gate(frame(), task=task).report == {"stage": "verify", "in": 0, "kept": 0, "dropped": {}}


def test_the_order_of_rows_and_what_was_kept_before_change_nothing(frame, task):
    (task.folder / "verify.py").write_text("def check(row): return row['parsed']['n'] % 3 / 2, str(row['parsed']['n'])")
    rows = numbers(frame, *range(40))
    once = gate(rows, task=TaskFolder(task.folder))
    gate(rows[::3], task=task)
    again = gate(rows.sample(fraction=1, shuffle=True, seed=3), task=task)
    assert again.kept.equals(once.kept)
    assert again.dropped.equals(once.dropped)


def test_the_plain_gate_takes_any_function_over_a_table(frame):
    """From a notebook, with verdicts of one's own."""
    out = verify.verify(
        frame({}, {}), check=lambda rows: [CheckResult(0.4), CheckResult(None, cause="gone")] * (rows.height // 2)
    )
    assert out.dropped["detail"].to_list() == ["scores 0.4, at least 1 required", "verify: gone"]


def test_a_file_that_vanished_since_stops_the_gate(frame, task):
    (task.folder / "verify.py").unlink()
    with pytest.raises(SpecError, match="no such file"):
        gate(numbers(frame, 1), task=task)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"at_least": 1.5}, "`at_least` is 1.5"),
        ({"seconds": 0}, "`seconds` is 0"),
        ({"megabytes": 5}, "`megabytes` is 5"),
        ({"unscored": "zero"}, "`unscored` is 'zero'"),
        ({"task": "/etc"}, "unknown setting 'task'"),
        ({"cache": "x"}, "unknown setting 'cache'"),
        ({"second": 1}, "unknown setting 'second'; did you mean 'seconds'?"),
    ],
)
def test_settings_are_checked_and_the_tasks_own_part_is_none(settings, said):
    (fault,) = faults([("verify", settings)])
    assert fault.message.startswith(said)
    assert list(GATES["verify"].defaults) == ["function", "at_least", "seconds", "megabytes", "unscored"]


def test_it_is_a_gate_among_others(frame, task):
    out = run_gates(numbers(frame, 1, 2), [("finish_reason", {}), ("verify", {"task": task, "seconds": 1})])
    assert [step["stage"] for step in out.report["steps"]] == ["finish_reason", "verify"]
    assert (out.kept.height, out.report["dropped"]) == (1, {"verify": 1})


def test_the_pages_example_does_what_the_page_says(tmp_path, frame):
    """docs/verify.md: its verify.py judges, and its spec is taken as it stands."""
    page = (Path(__file__).parents[4] / "docs" / "verify.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (block,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    whole = {"task": "t", "seeds": {"from": "a.jsonl"}, "teacher": {"model": "m"}}
    settings = spec.TaskSpec.model_validate({**whole, **yaml.safe_load(block)}).gate_settings()[1][1]
    assert faults([("verify", settings)]) == []
    (tmp_path / "verify.py").write_text(code)
    answers = ['{"lines": [2, 3], "total": 5}', '{"lines": [2, 3], "total": 6}', '{"lines": [2]}', "five"]
    out = gate(frame(*({"answer": text} for text in answers)), task=TaskFolder(tmp_path), **settings)
    assert out.kept["seed_id"].to_list() == ["s00"]
    assert out.dropped.select("row", "reason", "detail").rows() == [
        ("s01", "verify", "the total is 6, the lines add up to 5"),
        ("s02", "unscored", "verify: raised KeyError at line 6: 'total'"),
        ("s03", "unscored", "verify: gave no score: no JSON object"),
    ]
