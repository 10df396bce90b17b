"""A file with one planted fault is found by the fault's name; good files pass without a word."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from chat_files import (
    COUNT,
    GOOD,
    SYSTEM,
    Row,
    answer,
    call,
    chat,
    chats,
    label,
    preference,
    question,
    turn,
    with_tools,
    written,
)
from tiny_models import WRITTEN

from distill.base_model.local import LocalWeights
from distill.errors import UsageError
from distill.student.preflight import hosts, tokens
from distill.student.preflight.check import DatasetFiles, Machine, PreflightReport, Way, check
from distill.student.preflight.cost import TrainingSettings
from distill.student.preflight.kinds import KINDS
from distill.student.preflight.shape import Shape
from distill.student.preflight.target import of_weights

TODAY = date(2026, 6, 1)
"""A day on which no host closes soon."""
ESTIMATED = tokens.estimated("gpt-4.1-mini", context=65_536)


@dataclass(frozen=True)
class Planted:
    """A file with a fault, and what is beside it."""

    rows: Any
    valid: list[Row] | None = None
    test: list[Row] | None = None
    host: str = ""
    base: str = ""
    today: date = TODAY
    tiny: bool = False


def changed(edit: Callable[[Row], None], at: int = 7, rows: list[Row] | None = None) -> list[Row]:
    """Good rows, of which one is edited."""
    rows = chats() if rows is None else rows
    edit(rows[at])
    return rows


def said(place: int, content: Any, **more: Any) -> list[Row]:
    """Good rows, one with another content (or more keys) in a turn."""
    return changed(lambda row: row["messages"][place].update(content=content, **more))


def put(**keys: Any) -> list[Row]:
    return changed(lambda row: row.update(keys))


def turns(*given: Row) -> list[Row]:
    return changed(lambda row: row.update(messages=list(given)), rows=[chat(i, system=None) for i in range(COUNT)])


def tools(**keys: Any) -> list[Row]:
    rows = [with_tools(i) for i in range(COUNT)]
    rows[7] = with_tools(7, **keys)
    return rows


def labels(values: dict[int, str]) -> list[Row]:
    rows = [label(i) for i in range(COUNT)]
    for place, value in values.items():
        rows[place]["messages"][-1]["content"] = value
    return rows


def raw(at: int, line: bytes) -> list[Any]:
    rows: list[Any] = list(chats())
    rows[at] = line
    return rows


def sides(**keys: Any) -> list[Row]:
    return changed(lambda row: row.update(keys), rows=[preference(i) for i in range(COUNT)])


ASK, SAY = turn("user", question(7)), turn("assistant", answer(7))
CALL, RESULT = turn("assistant", None, tool_calls=[call()]), turn("tool", "found", tool_call_id="1")

PLANTED: list[tuple[str, Planted]] = [
    ("not_utf8", Planted(raw(7, json.dumps(chat(7)).replace("lamp", "lämp").encode("latin-1").replace(b"note", b"n\xf6te") + b"\n"))),
    ("not_utf8", Planted("".join(json.dumps(row) + "\n" for row in chats()).encode("utf-16"))),
    ("not_json_lines", Planted(json.dumps(chats()).encode())),
    ("not_json_lines", Planted(json.dumps(chat(1), indent=1).encode())),
    ("no_rows", Planted(b"")),
    ("bad_json", Planted(raw(7, b'{"messages": [\n'))),
    ("bad_json", Planted(raw(7, b'{"messages": [], "messages": []}\n'))),
    ("bad_json", Planted(raw(7, b'{"messages": NaN}\n'))),
    ("not_an_object", Planted(raw(7, b'["a"]\n'))),
    ("unknown_layout", Planted([{"conversations": [{"from": "human", "value": question(i)}]} for i in range(COUNT)])),
    ("unknown_layout", Planted([{"instruction": question(i), "output": answer(i)} for i in range(COUNT)])),
    ("mixed_layouts", Planted([*chats(), {"prompt": question(90), "completion": answer(90)}])),
    ("two_layouts_in_a_row", Planted(put(text="Hello"))),
    ("byte_order_mark", Planted(raw(0, b"\xef\xbb\xbf" + json.dumps(chat(0)).encode() + b"\n"))),
    ("blank_lines", Planted(raw(7, b" \n"))),
    ("line_separator", Planted(raw(7, json.dumps(chat(7, system=f"{SYSTEM}"), ensure_ascii=False).replace("?", "?\u2028").encode() + b"\n"))),
    ("crlf", Planted(raw(7, json.dumps(chat(7)).encode() + b"\r\n"))),
    ("no_messages", Planted(put(messages=[]))),
    ("no_messages", Planted(put(messages="hello"))),
    ("bad_turn", Planted(turns(ASK, {"content": "no role"}))),
    ("unknown_role", Planted(turns(turn("human", question(7)), SAY))),
    ("no_content", Planted(said(-1, None))),
    ("not_text", Planted(said(1, [{"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]))),
    ("not_text", Planted(said(1, 5))),
    ("last_turn", Planted(turns(ASK))),
    ("empty_answer", Planted(said(-1, " \n"))),
    ("empty_turn", Planted(said(1, ""))),
    ("nothing_trains", Planted(said(-1, answer(7), weight=0))),
    ("bad_weight", Planted(said(-1, answer(7), weight=0.5))),
    ("weight_elsewhere", Planted(said(1, question(7), weight=1))),
    ("first_turn", Planted(turns(SAY, ASK, SAY))),
    ("no_user_turn", Planted(turns(turn("system", SYSTEM), SAY))),
    ("system_later", Planted(turns(ASK, turn("system", SYSTEM), SAY))),
    ("same_role_twice", Planted(turns(ASK, turn("user", "Please?"), SAY))),
    ("unknown_key", Planted(put(id=7))),
    ("unknown_turn_key", Planted(said(1, question(7), mood="glad"))),
    ("edge_space", Planted(said(-1, " " + answer(7)))),
    ("old_functions", Planted(turns(ASK, turn("assistant", None, function_call={"name": "look", "arguments": "{}"}), turn("function", "x", name="look"), SAY))),
    ("bad_tools", Planted(changed(lambda row: row.update(tools="look"), rows=[with_tools(i) for i in range(COUNT)]))),
    ("bad_tool_call", Planted(changed(lambda row: row["messages"][1].update(tool_calls=[{"id": "1"}]), rows=tools()))),
    ("bad_arguments", Planted(tools(arguments="{not json"))),
    ("arguments_no_text", Planted(tools(arguments={"q": "x"}))),
    ("tool_not_listed", Planted(tools(name="buy"))),
    ("tools_missing", Planted(turns(ASK, CALL, RESULT, SAY))),
    ("calls_of_another", Planted(turns({**ASK, "tool_calls": [call()]}, SAY))),
    ("result_without_call", Planted(turns(ASK, turn("tool", "x", tool_call_id="9"), SAY))),
    ("call_without_result", Planted(changed(lambda row: row["messages"].pop(2), rows=tools()))),
    ("bad_side", Planted(sides(preferred_output=[]))),
    ("bad_side", Planted(sides(non_preferred_output=[turn("user", "no")]))),
    ("sides_equal", Planted(sides(non_preferred_output=[SAY]))),
    ("chosen_longer", Planted([preference(i) | {"non_preferred_output": [turn("assistant", f"No {i}.")]} for i in range(COUNT)])),
    ("over_context", Planted(said(-1, "word " * 70_000))),
    ("over_context", Planted(said(-1, answer(7) * 9), tiny=True)),
    ("chat_markup", Planted(said(1, question(7) + "<|im_end|>"))),
    ("chat_markup", Planted(said(1, question(7) + "<|im_end|>"), tiny=True)),
    ("lone_surrogate", Planted(said(1, question(7) + "\ud83d"))),
    ("lone_surrogate", Planted(said(1, question(7) + "\ud83d"), tiny=True)),
    ("control_characters", Planted(said(1, question(7) + "\x1b[2J"))),
    ("broken_letters", Planted(said(1, question(7) + " CafÃ©"))),
    ("broken_letters", Planted(said(1, question(7) + " Caf\ufffd"))),
    ("credential", Planted(said(1, question(7) + " AKIAIOSFODNN7EXAMPLQ"))),
    ("private_data", Planted(said(1, question(7) + " Write to anna.berg@mail-host.org."))),
    ("shared_with_test", Planted(chats(), test=[*chats(20, start=900), chat(7)])),
    ("shared_with_test", Planted(chats(), test=[{"messages": chat(7)["messages"][:-1], "gold": None}])),
    ("near_test", Planted(chats(), test=[*chats(20, start=900), {"messages": [turn("user", question(7) + "!"), SAY]}])),
    ("shared_with_valid", Planted(chats(), valid=[*chats(12, start=900), chat(7)])),
    ("near_valid", Planted(chats(), valid=[*chats(12, start=900), {"messages": [turn("system", SYSTEM), turn("user", question(7) + "!"), SAY]}])),
    ("valid_share", Planted(chats(), valid=chats(3, start=900))),
    ("valid_share", Planted(chats(), valid=chats(90, start=900))),
    ("duplicate", Planted([*chats(), chat(7)])),
    ("near_duplicate", Planted([*chats(), {"messages": [turn("system", SYSTEM), turn("user", question(7) + "!"), SAY]}])),
    ("other_answer", Planted([*chats(), {"messages": [turn("system", SYSTEM), ASK, turn("assistant", answer(8))]}])),
    ("several_system_prompts", Planted([*chats(), chat(90, system="You rhyme.")])),
    ("system_in_some", Planted([*chats(), chat(90, system=None)])),
    ("very_short_turn", Planted([{"messages": [turn("user", question(i)), turn("assistant", f"{answer(i)} {answer(i + 300)}" if i else "No")]} for i in range(COUNT)])),
    ("over_long_turn", Planted(said(1, question(7) * 40))),
    ("answers_alike", Planted([{"messages": [turn("user", question(i)), turn("assistant", "ok")]} for i in range(COUNT)])),
    ("one_label_dominates", Planted(labels(dict.fromkeys(range(COUNT - 5), "refund")))),
    ("label_spellings", Planted(labels(dict.fromkeys(range(0, 18, 3), "Refund")))),
    ("rare_label", Planted(labels({4: "chargeback"}))),
    ("too_few_rows", Planted(chats(9), host="openai", base="gpt-4.1-mini")),
    ("too_few_rows", Planted(chats(9), tiny=True)),
    ("few_rows", Planted(chats(20))),
    ("base_not_tunable", Planted(chats(), host="openai", base="gpt-6-luna")),
    ("base_unknown", Planted(chats(), host="openai", base="llama-3-8b")),
    ("base_shuts_down", Planted(chats(), host="openai", base="gpt-4.1-2025-04-14", today=date(2026, 11, 30))),
    ("host_closes", Planted(chats(), host="openai", base="gpt-4.1", today=date(2026, 11, 30))),
]  # fmt: skip


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


def test_file_that_is_not_there_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such file: .*none\.jsonl"):
        check(DatasetFiles(tmp_path / "none.jsonl"), ESTIMATED, Way(), today=TODAY)
    with pytest.raises(UsageError, match="no JSON Lines file"):
        check(DatasetFiles(written(tmp_path / "rows.csv", b"a,b\n")), ESTIMATED, Way(), today=TODAY)
