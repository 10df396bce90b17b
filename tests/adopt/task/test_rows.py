"""Rows of a tune's file become chats; every other line is refused with its number and the reason."""

from __future__ import annotations

import json
from pathlib import Path

import old_tunes
import pytest
from chat_files import TOOLS, call, preference, turn
from hypothesis import given
from hypothesis import strategies as st

from distill.adopt.task.rows import asked_twice, chat_lines, pairs, read_tune_rows

BAD = {
    "a picture": (
        {"messages": [turn("user", [{"type": "image_url", "image_url": {"url": "x"}}]), turn("assistant", "a")]},
        "image_url",
    ),
    "no chat": ({"text": "hello"}, "no chat"),
    "nothing asked": ({"messages": [turn("assistant", "a")]}, "nothing was asked"),
    "half a weight": ({"messages": [turn("user", "q"), turn("assistant", "a", weight=0.5)]}, "weight"),
}


def written(path: Path, *rows: object) -> Path:
    path.write_bytes(b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows))
    return path


@pytest.mark.parametrize("kind", BAD)
def test_a_row_that_no_seed_can_be_is_refused_by_its_line(tmp_path: Path, kind: str) -> None:
    bad, said = BAD[kind]
    found = read_tune_rows(written(tmp_path / "a.jsonl", old_tunes.row(1), bad, b'{"messages": [', old_tunes.row(2)))
    assert len(found.chats) == 2
    assert [one.line for one in found.refused] == [2, 3]
    assert said in found.refused[0].message


def test_a_byte_order_mark_and_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + old_tunes.lines(old_tunes.rows(3)).replace(b"\n", b"\r\n"))
    assert (len(read_tune_rows(path).chats), read_tune_rows(path).refused) == (3, [])


def test_weights_and_tools_are_understood(tmp_path: Path) -> None:
    """A last answer of weight 0 is no known answer; an earlier one is counted; calls are known answers."""
    masked = {
        "messages": [turn("user", "a"), turn("assistant", "x", weight=0), turn("user", "b"), turn("assistant", "y")]
    }
    last = {"messages": [turn("user", "c"), turn("assistant", "z", weight=0)]}
    calls = {"messages": [turn("user", "d"), turn("assistant", None, tool_calls=[call()])], "tools": TOOLS}
    found = read_tune_rows(written(tmp_path / "a.jsonl", masked, last, calls))
    assert (len(found.chats), found.known, found.earlier, found.masked) == (3, 2, 1, 1)
    assert found.chats[2]["reply"]["tool_calls"][0]["name"] == "look"


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    for data in (b"", b"<html>sign in</html>"):
        (tmp_path / "a.jsonl").write_bytes(data)
        found = read_tune_rows(tmp_path / "a.jsonl")
        assert found.chats == []
        assert found.faults


def test_pairs_become_chats_with_the_preferred_answer_line_for_line(tmp_path: Path) -> None:
    raw = (
        b"\xef\xbb\xbf"
        + json.dumps(preference(1)).encode()
        + b"\n{broken\n"
        + json.dumps(preference(2)).encode()
        + b"\n"
    )
    path = tmp_path / "a.jsonl"
    path.write_bytes(raw)
    assert pairs(path)
    path.write_bytes(chat_lines(raw))
    assert not pairs(path)
    found = read_tune_rows(path)
    assert [chat["reply"] for chat in found.chats] == [preference(n)["preferred_output"][0]["content"] for n in (1, 2)]
    assert [one.line for one in found.refused] == [2]


@given(st.lists(st.binary(max_size=20)))
def test_what_is_no_pair_stays_as_it_is(given_lines: list[bytes]) -> None:
    data = b"\n".join(line.replace(b"\n", b"") for line in given_lines).removeprefix(b"\xef\xbb\xbf")
    assert chat_lines(data) == data


def test_repeated_questions_are_counted(tmp_path: Path) -> None:
    one = read_tune_rows(written(tmp_path / "a.jsonl", *old_tunes.rows(4)))
    two = read_tune_rows(written(tmp_path / "b.jsonl", *old_tunes.rows(4, start=2)))
    assert asked_twice(two, one) == 2
