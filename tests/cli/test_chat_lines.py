"""What a typed line comes to: a question, a slot's text, a command, or a note on what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from distill.chat.templates import parse
from distill.cli.chat_lines import ChatLines, ChatQuestion, End, Note
from distill.errors import UsageError
from distill.pipeline.open_task import open_task
from distill.views.student_chat import HeldOutRow, StudentChat

ROW = HeldOutRow("abc", {"message": "hello"}, {"mood": "glad"})


def found(named: str) -> HeldOutRow:
    if named != "abc":
        raise UsageError(f"no test row is {named!r}")
    return ROW


def lines(task: Path, prompt: str = "Mood?\n[user]\n{{message}}", *, at_once: bool = False) -> ChatLines:
    opened = replace(open_task(task, env={}), student_prompt=parse(prompt, "student.md"))
    return ChatLines(StudentChat(opened, {}), found, at_once=at_once)


def test_a_text_is_a_question(task: Path) -> None:
    """Also one that is JSON of something else; an object with the slot is the row itself."""
    read = lines(task)
    assert read.read("hello there") == ChatQuestion({"message": "hello there"})
    assert read.read('{"order": 3}') == ChatQuestion({"message": '{"order": 3}'})
    assert read.read("{") == ChatQuestion({"message": "{"})
    assert read.read('{"message": "hi", "more": 1}') == ChatQuestion({"message": "hi", "more": 1})
    assert read.read("  ") is None


def test_slots_are_filled_one_by_one(task: Path) -> None:
    """A slot may stay empty, and what begins with a stroke is text once one is filled."""
    read = lines(task, "[user]\n{{subject}} {{body}} {{name}}")
    assert read.slot == "subject"
    assert read.read("lost") is None
    assert read.slot == "body"
    assert read.read("/row is the way") is None
    assert read.read("") == ChatQuestion({"subject": "lost", "body": "/row is the way", "name": ""})
    assert read.slot == "subject"


def test_a_pipe_gives_every_slot_at_once(task: Path) -> None:
    read = lines(task, "[user]\n{{subject}} {{body}}", at_once=True)
    note = read.read("lost")
    assert isinstance(note, Note)
    assert note.wrong
    assert "the slots subject, body" in note.text
    assert read.read("") is None
    assert read.read('{"subject": "a", "body": "b"}') == ChatQuestion({"subject": "a", "body": "b"})


def test_commands(task: Path) -> None:
    read = lines(task)
    assert isinstance(read.read("/quit"), End)
    assert read.read("/row abc") == ChatQuestion(ROW.fields, ROW)
    assert read.read("/system") == Note("Mood?")
    read.read("/system Be brief.")
    assert read.chat.system == "Be brief."
    assert read.read("/system") == Note("Be brief.")
    read.read("/reset")
    assert read.chat.system is None


@pytest.mark.parametrize(("line", "said"), [("/row zz", "no test row is 'zz'"), ("/sytem x", "/sytem is no command")])
def test_what_cannot_be_obeyed_is_a_note(task: Path, line: str, said: str) -> None:
    note = lines(task).read(line)
    assert isinstance(note, Note)
    assert note.wrong
    assert said in note.text
