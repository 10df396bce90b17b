"""Files of clients: what trains of them, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from chats import chat

from distill.host.training import rows
from distill.host.training.rows import FileFault
from distill.student.preflight.tokens import TokenCounter, estimated

GOOD = [chat(f"case {number}", "yes" if number % 2 else "no") for number in range(12)]


@pytest.fixture
def counter() -> TokenCounter:
    return estimated("gpt-4o-mini", context=100)


def file(folder: Path, lines: list[Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text(
        "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines), encoding="utf-8"
    )
    return path


def pair(**changed: Any) -> dict[str, Any]:
    said = [{"role": "assistant", "content": "yes"}], [{"role": "assistant", "content": "no"}]
    return {
        "input": {"messages": [{"role": "user", "content": "is it?"}]},
        "preferred_output": said[0],
        "non_preferred_output": said[1],
        **changed,
    }


def turns(*said: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content, **more} for role, content in said]}


OLD = {
    "messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
    ]
}
BAD = {
    "no JSON": ("{\n", "line 3"),
    "no object": ([1], "line 3 (a JSON list)"),
    "a role": (turns(("bot", "a"), ("assistant", "b")), "line 3 (turn 1: 'bot')"),
    "no assistant": (turns(("user", "a")), "line 3 (it is the user's)"),
    "a weight": (turns(("user", "a"), ("assistant", "b"), weight=2), "line 3 (turn 1: 2)"),
    "nothing trains": ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0}]}, "weight 0"),
    "tools": (turns(("user", "a"), ("assistant", "b")) | {"tools": "look"}, "`tools` is no list"),
    "a picture": (turns(("user", [{"type": "image_url", "image_url": {"url": "x"}}]), ("assistant", "b")), "image_url"),
    "too long": (turns(("user", "word " * 200), ("assistant", "b")), "at most 100 train"),
    "old functions": (OLD, "old form"),
    "a preference": (pair(), "the method supervised takes rows like"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_fault_names_its_line(tmp_path: Path, counter: TokenCounter, name: str) -> None:
    line, said = BAD[name]
    with pytest.raises(FileFault) as fault:
        rows.check(file(tmp_path, [*GOOD[:2], line, *GOOD[2:]]), counter, "supervised", "training")
    assert said in str(fault.value)
    assert (fault.value.code, fault.value.param) == ("invalid_training_file", "training_file")


def test_many_faults_are_counted_and_the_first_named(tmp_path: Path, counter: TokenCounter) -> None:
    lines = [*GOOD, *[turns(("user", "a"))] * 9]
    with pytest.raises(FileFault, match=r"line 13 .*; line 17 .*; and 4 more") as fault:
        rows.check(file(tmp_path, lines), counter, "supervised", "validation")
    assert fault.value.code == "invalid_validation_file"


def test_fewer_than_ten_rows_are_too_few(tmp_path: Path, counter: TokenCounter) -> None:
    path = file(tmp_path, GOOD[:9])
    with pytest.raises(FileFault, match=r"Training file has 9 example\(s\), must have at least 10") as fault:
        rows.check(path, counter, "supervised", "training")
    assert fault.value.code == "invalid_n_examples"
    assert rows.check(path, counter, "supervised", "validation") == (9, [])


def test_what_the_public_api_takes_is_a_warning(tmp_path: Path, counter: TokenCounter) -> None:
    count, warnings = rows.check(file(tmp_path, [*GOOD, chat("empty", "")]), counter, "supervised", "training")
    assert count == 13
    assert any("empty or blank: line 13" in warning for warning in warnings)


def test_every_answer_trains_but_those_of_weight_0(tmp_path: Path, counter: TokenCounter) -> None:
    """A row that ends in answers which do not train is cut; parts of a content become text."""
    row = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            {"role": "assistant", "content": "one"},
            {"role": "user", "content": "b"},
            {"role": "assistant", "content": "two", "weight": 0},
            {"role": "user", "content": "c"},
            {"role": "assistant", "content": "three", "weight": 1},
            {"role": "user", "content": "d"},
            {"role": "assistant", "content": "four", "weight": 0},
        ]
    }
    path = file(tmp_path, [row, *GOOD])
    assert rows.check(path, counter, "supervised", "training")[0] == 14
    rows.write(path, tmp_path / "train.jsonl", "supervised")
    first, *_ = (json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines())
    assert [(turn["content"], turn.get("weight")) for turn in first["messages"]] == [
        ("a", None), ("one", 1), ("b", None), ("two", 0), ("c", None), ("three", 1),
    ]  # fmt: skip


def test_pairs_are_a_prompt_with_two_answers(tmp_path: Path, counter: TokenCounter) -> None:
    path = file(tmp_path, [pair()] * 10)
    assert rows.check(path, counter, "dpo", "training")[0] == 10
    rows.write(path, tmp_path / "train.jsonl", "dpo")
    row = json.loads((tmp_path / "train.jsonl").read_text().splitlines()[0])
    assert row == {
        "messages": [{"role": "user", "content": "is it?"}],
        "better": {"role": "assistant", "content": "yes"},
        "worse": {"role": "assistant", "content": "no"},
    }


def test_an_answer_of_several_turns_is_no_side_of_a_pair(tmp_path: Path, counter: TokenCounter) -> None:
    two = [
        {"role": "assistant", "content": "well"},
        {"role": "user", "content": "yes?"},
        {"role": "assistant", "content": "no"},
    ]
    path = file(tmp_path, [*[pair()] * 10, pair(non_preferred_output=two)])
    rows.check(path, counter, "dpo", "training")
    with pytest.raises(FileFault, match="Line 11: expected one turn"):
        rows.write(path, tmp_path / "train.jsonl", "dpo")


def test_chats_are_no_pairs(tmp_path: Path, counter: TokenCounter) -> None:
    with pytest.raises(FileFault, match="the method dpo takes rows like"):
        rows.check(file(tmp_path, GOOD), counter, "dpo", "training")
