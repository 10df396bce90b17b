"""A file with one planted fault is found by the fault's name; good files pass without a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chat_files import COUNT, GOOD, answer, call, chat, chats, question, turn, with_tools, written
from planted_files import ASK, PLANTED, SAY, TODAY, Planted, turns
from tiny_models import WRITTEN

from distill.base_model.local import LocalWeights
from distill.cli.text.preflight import preflight_lines
from distill.errors import UsageError
from distill.student.preflight import hosts, tokens
from distill.student.preflight.check import DatasetFiles, Machine, PreflightReport, Way, check
from distill.student.preflight.cost import TrainingSettings
from distill.student.preflight.kinds import KINDS
from distill.student.preflight.shape import Shape
from distill.student.preflight.target import of_weights

ESTIMATED = tokens.estimated("gpt-4.1-mini", context=65_536)


def checked(case: Planted, folder: Path, tiny: Path | None = None) -> PreflightReport:
    valid = written(folder / "valid.jsonl", case.valid) if case.valid is not None else None
    test = written(folder / "test.jsonl", case.test) if case.test is not None else None
    files = DatasetFiles(written(folder / "train.jsonl", case.rows), valid, test)
    if tiny is not None:
        aim = of_weights(
            "tiny", LocalWeights(str(tiny), folder, folder), TrainingSettings(), context=512, rate=lambda: None
        )
        return check(files, aim.counter, aim.way, today=case.today)
    return check(files, ESTIMATED, Way(case.base, hosts.named(case.host) if case.host else None), today=case.today)


@pytest.mark.parametrize(("name", "case"), PLANTED, ids=[f"{n}-{name}" for n, (name, _) in enumerate(PLANTED)])
def test_planted_fault_is_found_by_its_name(
    name: str, case: Planted, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    report = checked(case, tmp_path, request.getfixturevalue("tiny_base") if case.tiny else None)
    found = {one.name: one for one in report.findings}
    assert name in found
    assert found[name].message == KINDS[name].says
    assert {one.name for one in report.findings if one.grade == "stop"} <= {name}
    assert report.ok is not any(one.grade == "stop" for one in report.findings)


def test_every_kind_of_fault_is_planted() -> None:
    """But for limits that take gigabytes or millions of rows, and what depends on the memory of a machine, which have their own tests."""
    assert set(KINDS) - {name for name, _ in PLANTED} == {
        "template_refuses",
        "too_many_rows",
        "too_large",
        "memory_short",
    }
    assert len(PLANTED) >= 40


@pytest.mark.parametrize("name", GOOD)
def test_good_file_passes_in_silence(name: str, tmp_path: Path) -> None:
    report = checked(Planted([GOOD[name](i) for i in range(COUNT)]), tmp_path)
    assert report.findings == ()
    assert report.ok
    assert report.rows == COUNT


def test_row_that_the_template_refuses_is_a_stop(tmp_path: Path, tiny_base: Path) -> None:
    (tmp_path / "chat.jinja").write_text(WRITTEN["mistral"])
    weights = LocalWeights(str(tiny_base), tmp_path, tmp_path, tmp_path / "chat.jinja")
    aim = of_weights("tiny", weights, TrainingSettings(), context=512, rate=lambda: None)
    rows = [*(chat(i) for i in range(20)), with_tools(20)]
    report = check(DatasetFiles(written(tmp_path / "train.jsonl", rows)), aim.counter, aim.way, today=TODAY)
    (stop,) = report.stops
    assert (stop.name, stop.count, stop.examples[0].line) == ("template_refuses", 1, 21)
    assert "Only user and assistant roles" in stop.examples[0].said


def test_more_memory_than_is_free_is_a_warning(tmp_path: Path) -> None:
    machine = Machine(Shape(8 * 10**9, 2 * 10**8, 5 * 10**8, 32, 4096, 14_336), "bfloat16", 2, free_bytes=2**34)
    found = check(
        DatasetFiles(written(tmp_path / "train.jsonl", chats())), ESTIMATED, Way(machine=machine), today=TODAY
    )
    (one,) = found.findings
    assert (one.name, one.grade) == ("memory_short", "warning")
    assert "of 16.0 GiB that are free" in one.examples[0].said
    assert found.here is not None
    assert found.here.seconds_low is None


def test_good_files_with_others_beside_them_pass_in_silence(tmp_path: Path, tiny_base: Path) -> None:
    case = Planted(chats(), valid=chats(12, start=900), test=chats(12, start=950))
    assert checked(case, tmp_path).findings == ()
    assert checked(case, tmp_path, tiny_base).findings == ()


def test_fault_is_told_with_its_lines_and_how_often(tmp_path: Path) -> None:
    rows = chats()
    for at in range(10, 40):
        rows[at]["messages"][-1]["content"] = " "
    (one,) = checked(Planted(rows), tmp_path).findings
    assert (one.name, one.grade, one.count) == ("empty_answer", "stop", 30)
    assert [example.line for example in one.examples] == [11, 12, 13, 14, 15]


def test_row_with_a_fault_twice_counts_once(tmp_path: Path) -> None:
    rows = turns(turn("user", ""), SAY, turn("user", ""), SAY)
    found = {one.name: one.count for one in checked(Planted(rows), tmp_path).findings}
    assert found["empty_turn"] == 1


def test_credential_never_shows(tmp_path: Path) -> None:
    key = "sk-proj-abcdef1234567890abcdef1234567890"
    rows = [
        *chats(),
        {"messages": [ASK, turn("assistant", key)]},
        {"messages": [ASK, turn("assistant", None, tool_calls=[call(arguments=key)])]},
    ]
    report = checked(Planted(rows), tmp_path)
    assert {"credential", "bad_arguments"} <= {one.name for one in report.findings}
    assert "abcdef1234567890" not in json.dumps(report.as_json())


def test_stops_come_first(tmp_path: Path) -> None:
    rows = [*chats(), chat(7)]
    rows[3]["messages"][-1]["content"] = ""
    assert [one.grade for one in checked(Planted(rows), tmp_path).findings] == ["stop", "warning"]


def test_tokens_are_those_of_training(tmp_path: Path, tiny_base: Path) -> None:
    """By the base's own tokeniser, which is one of bytes here, template and end of turn included."""
    tokens_ = checked(Planted(chats(12)), tmp_path, tiny_base).tokens
    assert tokens_.exact
    assert tokens_.learnt == sum(len(answer(i)) + 1 for i in range(12))
    assert tokens_.context == 512


def test_answers_that_train_are_counted_each_with_the_turns_before_it(tmp_path: Path, tiny_base: Path) -> None:
    """With seeds.turns: every a conversation trains once for each of its answers, and an epoch reads it as often."""
    from distill.base_model import load, tokenise

    rows = [
        {"messages": [ASK, {**turn("assistant", answer(i)), "weight": 1}, turn("user", question(i)), SAY]}
        for i in range(12)
    ]
    report = checked(Planted(rows), tmp_path, tiny_base)
    trained = tokenise.read_rows(tmp_path / "train.jsonl", load.tokeniser(tiny_base), max_tokens=512)
    assert (report.rows, report.tokens.answers) == (12, len(trained)) == (12, 24)
    assert report.tokens.total == sum(len(row.input_ids) for row in trained)
    assert report.tokens.learnt == sum(label != -100 for row in trained for label in row.labels)
    assert report.here is not None
    assert report.here.tokens == 2 * report.tokens.total
    told = preflight_lines(report)
    assert any("for 24 answers, each with the turns before it" in line for line in told)
    once = checked(Planted([chat(i) for i in range(12)]), tmp_path, tiny_base)
    assert not any("answers, each" in line for line in preflight_lines(once))


def test_file_that_is_not_there_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such file: .*none\.jsonl"):
        check(DatasetFiles(tmp_path / "none.jsonl"), ESTIMATED, Way(), today=TODAY)
    with pytest.raises(UsageError, match="no JSON Lines file"):
        check(DatasetFiles(written(tmp_path / "rows.csv", b"a,b\n")), ESTIMATED, Way(), today=TODAY)
