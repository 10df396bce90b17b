"""Whole looks at the logs of a run's linear student."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from logged import call
from logged_days import DAY, START, day, write

from distill.errors import UsageError
from distill.lifecycle.monitor.look import HarvestTo, MonitorLook, look
from distill.pipeline.open_task import open_task
from distill.teacher.progress import Silent


@pytest.fixture
def looks(finished_moods: Path) -> Callable[..., MonitorLook]:
    def one(*logs: Path, sets: Sequence[str] = (), **how: Any) -> MonitorLook:
        return look(open_task(finished_moods, overrides=sets, env={}), list(logs), Silent(), **how)

    return one


def rates(looked: MonitorLook) -> dict[str, float]:
    return {one.name: one.days[-1].rate for one in looked.result.signals}


def test_a_clean_log_raises_nothing_and_the_second_look_reads_nothing(
    looks: Callable[..., MonitorLook], tmp_path: Path
) -> None:
    log = write(tmp_path / "calls.jsonl", day(0, 400) + day(1, 400))
    first, again = looks(log), looks(log)
    assert first.result.alarms == again.result.alarms == []
    assert (first.result.new_calls, again.result.new_calls) == (800, 0)
    assert first.result.days == again.result.days
    assert rates(first) == rates(again)


def test_what_is_planted_is_raised_on_its_day_with_examples(looks: Callable[..., MonitorLook], tmp_path: Path) -> None:
    """The same on a second look, which reads nothing: cron may run it twice."""
    log = write(tmp_path / "calls.jsonl", day(0, 300) + day(1, 300, odd=0.3, wrong=0.4))
    found = looks(log)
    raised = {one.name: list(one.alarms) for one in found.result.signals if one.alarms}
    assert raised["schema"] == raised["far_input"] == ["2025-11-02"]
    assert looks(log).result.alarms == found.result.alarms
    far = next(one for one in found.result.signals if one.name == "far_input")
    assert "interest upon our joint" in far.examples[0].input
    assert far.examples[0].where.startswith("calls.jsonl:")
    page = Path(found.result.page).read_text()
    assert "New kinds of input" in page
    assert "interest upon our joint" in page


def test_text_of_a_log_is_no_markup_and_keys_and_persons_are_hidden(
    looks: Callable[..., MonitorLook], tmp_path: Path
) -> None:
    text = (
        "<script>alert(1)</script> write to jane.roe@corp.com, key sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"
    )
    log = write(tmp_path / "calls.jsonl", day(0, 300) + [call(f"{text} {n}", "glad", START + n) for n in range(60)])
    found = looks(log)
    page, kept = Path(found.result.page).read_text(), (Path(found.result.page).parent / "state.json").read_text()
    assert found.result.alarms
    for written in (page, kept):
        assert "jane.roe" not in written
        assert "abcdefghijklmnopqrstuvwxyz0123456789" not in written
    assert "<script>" not in page


def test_private_calls_count_and_are_never_shown_or_harvested(
    looks: Callable[..., MonitorLook], tmp_path: Path
) -> None:
    log = write(tmp_path / "calls.jsonl", day(0, 300, odd=1.0, private=True))
    to = HarvestTo(tmp_path / "new.jsonl", {"kind": "a"})
    found = looks(log, harvest_to=to)
    assert [one.name for one in found.result.signals if one.alarms] == [
        "far_input",
        "input_length",
    ] or found.result.alarms
    assert all(not one.examples for one in found.result.signals)
    assert to.path.read_text() == ""


def test_a_harvest_holds_what_was_far_once(looks: Callable[..., MonitorLook], tmp_path: Path) -> None:
    log, to = write(tmp_path / "calls.jsonl", day(0, 200, odd=0.1)), HarvestTo(tmp_path / "new.jsonl", {"kind": "a"})
    kept = looks(log, harvest_to=to).result.harvest
    assert kept is not None
    rows = [json.loads(line) for line in to.path.read_text().splitlines()]
    assert rows
    assert kept["candidates"] == kept["new"] + sum(kept["dropped"].values())
    assert all("interest upon our joint" in row["message"] for row in rows if row["harvested"] == "new kinds of input")


def test_repeated_calls_count_once(looks: Callable[..., MonitorLook], tmp_path: Path) -> None:
    """A client that sends one odd input a thousand times raises nothing."""
    retried = [call("an input that no seed is like: zygomorphic quincunx", "glad", START + n) for n in range(1000)]
    found = looks(write(tmp_path / "calls.jsonl", day(0, 300) + retried))
    assert found.result.alarms == []
    assert [(one.calls, one.distinct) for one in found.result.days] == [(1300, 301)]


def test_a_log_of_another_task_is_refused_and_nothing_is_kept(
    looks: Callable[..., MonitorLook], tmp_path: Path
) -> None:
    calls = day(0, 40)
    for one in calls[:30]:
        one["request"]["messages"][0]["content"] = "Translate into French."
    with pytest.raises(UsageError, match=r"of 40 calls 30 are of another task than mood .*Translate into French"):
        looks(write(tmp_path / "calls.jsonl", calls))
    assert not (tmp_path / "project" / "monitor" / "mood" / "state.json").exists()


def test_torn_lines_and_some_calls_of_another_task_are_counted(
    looks: Callable[..., MonitorLook], tmp_path: Path
) -> None:
    log = write(tmp_path / "calls.jsonl", day(0, 50))
    other = call("hello", "glad", START)
    other["request"]["messages"][0]["content"] = "Translate."
    log.write_text(log.read_text() + '{"request": {"mess\n\x00\x00\n' + json.dumps(other) + "\n")
    found = looks(log)
    assert found.result.new_calls == 50
    assert found.result.skipped == {"torn": 2, "other_prompt": 1}


def test_clocks_that_jump_are_of_today_and_say_so(looks: Callable[..., MonitorLook], tmp_path: Path) -> None:
    """A call of the year 2090 must not make every later day a late one."""
    calls = day(0, 50) + [call("a lamp", "glad", 3_800_000_000), {**call("a kettle", "glad", 0)}]
    found = looks(write(tmp_path / "calls.jsonl", calls))
    assert found.result.days[0].day == "2025-11-01"
    assert found.result.days[-1].day < "2090"
    assert any("in the future" in note for note in found.result.notes)


def test_other_settings_begin_the_evidence_anew_and_say_so(looks: Callable[..., MonitorLook], tmp_path: Path) -> None:
    looks(write(tmp_path / "a.jsonl", day(0, 60)))
    found = looks(write(tmp_path / "b.jsonl", day(1, 60, wrong=0.3)), sets=["monitor.limits={schema: 0.01}"])
    assert any("begins anew" in note for note in found.result.notes)
    assert any(alarm.startswith("Schema failures") and "the limit is 1.0 %" in alarm for alarm in found.result.alarms)


def test_the_teacher_is_asked_only_where_a_sample_is_wanted(looks: Callable[..., MonitorLook], tmp_path: Path) -> None:
    """Through the answer store: the same calls in another log are asked once."""
    calls = day(0, 60)
    nothing = looks(write(tmp_path / "a.jsonl", calls))
    asked = looks(write(tmp_path / "b.jsonl", calls[:30] + day(1, 5)), sets=["monitor.teacher.rows=10"])
    again = looks(write(tmp_path / "c.jsonl", [*day(1, 5), *calls[:30]]), sets=["monitor.teacher.rows=10"])
    assert nothing.result.teacher is None
    assert asked.result.teacher is not None
    assert (asked.result.teacher.rows, asked.result.teacher.asked) == (10, 10)
    assert asked.result.teacher.own is not None
    assert again.result.teacher is not None
    assert again.result.teacher.asked == 0


def test_a_run_that_is_half_there_is_an_error(
    looks: Callable[..., MonitorLook], finished_moods: Path, tmp_path: Path
) -> None:
    log = write(tmp_path / "calls.jsonl", day(0, 20))
    (finished_moods.parent / "runs/mood/001/samples.parquet").unlink()
    with pytest.raises(UsageError, match=r"lacks samples.parquet.*--run"):
        looks(log)
    with pytest.raises(UsageError, match="no run"):
        looks(log, run="007")


def feedback(path: Path, *rows: dict[str, Any]) -> Path:
    return write(path, rows)


def test_feedback_that_comes_later_is_joined_to_calls_of_earlier_looks_once(
    looks: Callable[..., MonitorLook], tmp_path: Path
) -> None:
    """Thumbs, corrected answers and ids that nobody knows, in a file that is read again at each look."""
    log = write(tmp_path / "calls.jsonl", day(0, 40) + day(1, 40))
    assert looks(log).result.feedback is None
    ids = [f"c-{START + n * DAY + k * DAY // 40}" for n in (0, 1) for k in range(40)]
    said = feedback(
        tmp_path / "said.jsonl", *({"id": one, "correct": True} for one in ids[:6]), {"id": ids[6], "thumbs": "down"},
        {"id": ids[40], "corrected": "glad"}, {"id": ids[41], "corrected": {"mood": "purple"}}, {"id": "c-of-nobody", "correct": True},
    )  # fmt: skip
    first, again = looks(log, feedback=[said]), looks(feedback=[said])
    found = first.result.feedback
    assert found is not None
    assert (found.rows, found.new, found.dropped) == (10, 8, {"bad_correction": 1, "unknown": 1})
    assert [one.day for one in found.days] == ["2025-11-01", "2025-11-02"]
    assert found.accuracy is not None
    assert found.accuracy.n == 8
    assert found.own is not None
    assert again.result.feedback is not None
    assert (again.result.feedback.new, again.result.feedback.again) == (0, 8)
    assert again.result.feedback.accuracy == found.accuracy
    counted = [
        sum(one.rows for one in signal.days) for looked in (first, again) for signal in looked.result.signals
        if signal.name == "bad_feedback"
    ]  # fmt: skip
    assert counted == [8, 8]
    assert "What people said of the answers" in Path(again.result.page).read_text()


def test_late_feedback_raises_an_alarm_where_the_spec_has_a_limit(
    looks: Callable[..., MonitorLook], tmp_path: Path
) -> None:
    calls = day(0, 60)
    log, sets = write(tmp_path / "calls.jsonl", calls), ["monitor.limits={bad_feedback: 0.05}"]
    assert looks(log, sets=sets).result.alarms == []
    rows = [{"id": one["response"]["id"], "feedback": "bad"} for one in calls[:40]]
    found = looks(log, sets=sets, feedback=[feedback(tmp_path / "said.jsonl", *rows)])
    assert any(alarm.startswith("Bad feedback: 100.0 % of 40 calls") for alarm in found.result.alarms)
    assert looks(log, sets=sets, feedback=[tmp_path / "said.jsonl"]).result.alarms == found.result.alarms


def test_corrected_answers_become_seeds_with_known_answers(looks: Callable[..., MonitorLook], tmp_path: Path) -> None:
    """Also where the input was harvested before, when nobody knew the answer."""
    calls = day(0, 200, odd=0.1)
    log, to = write(tmp_path / "calls.jsonl", calls), HarvestTo(tmp_path / "new.jsonl", {"kind": "a"})
    looks(log, harvest_to=to)
    before = [json.loads(line) for line in to.path.read_text().splitlines()]
    assert before
    assert {row["expected"] for row in before} == {None}
    odd = [one for one in calls if "interest upon our joint" in one["request"]["messages"][1]["content"]]
    rows = [
        {"id": one["response"]["id"], "corrected": "glad" if "cross" in one["response"]["choices"][0]["message"]["content"] else "cross"}
        for one in odd
    ]  # fmt: skip
    kept = looks(feedback=[feedback(tmp_path / "said.jsonl", *rows)], harvest_to=to).result.harvest
    assert kept is not None
    after = [json.loads(line) for line in to.path.read_text().splitlines()]
    assert kept["candidates"] == kept["new"] + kept["completed"] + sum(kept["dropped"].values())
    assert kept["completed"] > 0
    assert [row["message"] for row in after[: len(before)]] == [row["message"] for row in before]
    known = [row for row in after if row["expected"] is not None]
    assert len(known) == kept["completed"] + kept["gold"]
    assert all(row["expected"]["mood"] in ("glad", "cross") for row in known)


def test_a_score_in_the_logs_finds_the_call_of_an_earlier_look(
    looks: Callable[..., MonitorLook], tmp_path: Path
) -> None:
    calls = day(0, 30)
    looks(write(tmp_path / "calls.jsonl", calls))
    score = {
        "traceId": "t",
        "observationId": calls[3]["response"]["id"],
        "name": "user-feedback",
        "value": 0,
        "dataType": "NUMERIC",
    }
    found = looks(write(tmp_path / "scores.jsonl", [score])).result
    assert found.feedback is not None
    assert (found.feedback.new, found.feedback.accuracy and found.feedback.accuracy.mean) == (1, 0.0)
    assert not any("scores are of no call" in note for note in found.notes)


def test_a_document_that_is_exported_again_counts_what_is_new(
    looks: Callable[..., MonitorLook], tmp_path: Path
) -> None:
    """And calls that share an id are no repeats of each other."""
    export, calls = tmp_path / "export.json", day(0, 40)
    for one in calls[30:]:
        one["response"]["id"] = "always-the-same"
    export.write_text(json.dumps(calls[:20], indent=1))
    assert looks(export).result.new_calls == 20
    export.write_text(json.dumps(calls, indent=1))
    found = looks(export).result
    assert found.new_calls == 20
    assert sum(one.calls for one in found.days) == 40
    assert any("20 calls were read in an earlier version" in note for note in found.notes)
    export.write_text(json.dumps(calls, indent=2))
    assert (looks(export).result.new_calls, looks(export).result.days) == (0, found.days)
