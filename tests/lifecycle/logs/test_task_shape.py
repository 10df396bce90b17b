from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from production_logs import shape, turns

from distill.chat.templates import parse
from distill.lifecycle.logs.call import NoCall
from distill.lifecycle.logs.task_shape import TaskShape, pattern_of
from distill.pipeline.open_task import open_task

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=40)


@given(TEXTS)
def test_a_prompt_turned_round_gives_the_field_back(message: str) -> None:
    prompt = parse("Sort.\n[user]\nMessage: {{message}}\nAnswer as JSON.\n", "p")
    assert pattern_of(prompt).fields(prompt.fill({"message": message})) == {"message": message}


@given(TEXTS, TEXTS)
def test_several_fields_give_the_same_turns_again(one: str, other: str) -> None:
    """Where texts hold the words between two fields, another split is as good: the turns are the same."""
    prompt = parse("{{a}}\n[user]\nFirst: {{a}}\nThen: {{b}}\n", "p")
    filled = prompt.fill({"a": one or "x", "b": other})
    found = pattern_of(prompt).fields(filled)
    assert found is not None
    assert prompt.fill(found) == filled


def test_calls_by_either_prompt_are_the_tasks() -> None:
    for system in ("Mood?", "Say the mood as JSON.", "  Mood?\n"):
        assert shape().told(turns("hi", system)) == ("hi", {"message": "hi"})
    assert shape().told(turns("hi", None)) == ("hi", {"message": "hi"})
    assert shape().told("hi") == ("hi", {"message": "hi"})
    assert shape().told({"message": "hi", "more": 1}) == ("hi", {"message": "hi"})


@pytest.mark.parametrize(
    ("asked", "reason"),
    [(turns("hi", "Translate."), "other_prompt"), ({"text": "hi"}, "other_fields"), ([], "other_prompt")],
)
def test_another_tasks_call_is_told(asked: object, reason: str) -> None:
    with pytest.raises(NoCall) as none:
        shape().told(asked)  # type: ignore[arg-type]
    assert none.value.reason == reason


def test_without_its_words_around_it_a_turn_is_another_tasks() -> None:
    task = TaskShape(("message",), (pattern_of(parse("Sort.\n[user]\nMail: {{message}}\n", "p")),))
    assert task.told(turns("Mail: hi", None))[1] == {"message": "hi"}
    with pytest.raises(NoCall, match="no prompt of the task begins"):
        task.told(turns("Translate: hi", None))


def test_a_conversation_is_a_field() -> None:
    task = TaskShape(
        ("messages",), (pattern_of(parse("Help.\n[messages]\n{{messages}}\n", "p")),), chats={"messages": True}
    )
    talk = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "yes?"},
        {"role": "user", "content": "my lamp"},
    ]
    said, fields = task.told([{"role": "system", "content": "Help."}, *talk])
    assert fields == {"messages": talk}
    assert said == "user: hi\nassistant: yes?\nuser: my lamp"


def test_a_field_that_is_an_object_comes_back_as_one() -> None:
    prompt = parse("Sort.\n[user]\n{{order}}\n", "p")
    task = TaskShape(("order",), (pattern_of(prompt),), json_fields=frozenset({"order"}))
    assert task.told(prompt.fill({"order": {"id": 7}}))[1] == {"order": {"id": 7}}


def test_the_shape_of_an_opened_task(task: Path) -> None:
    task.write_text(
        re.sub(
            "by: .kind.", "by: [long], labels: {long: \"CASE WHEN kind = 'a' THEN 'y' ELSE 'n' END\"}", task.read_text()
        )
    )
    found = TaskShape.of(open_task(task, env={}))
    assert found.variables == ("message",)
    assert found.columns == ("kind",)
    assert found.told(turns("hi"))[1] == {"message": "hi"}
