from __future__ import annotations

import re
from pathlib import Path

import pytest
from production_logs import shape, turns

from distill.chat.templates import parse
from distill.lifecycle.logs.call import NoCall
from distill.lifecycle.logs.prompt_pattern import pattern_of
from distill.lifecycle.logs.task_shape import TaskShape
from distill.pipeline.open_task import open_task


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
        shape().told(asked)  # type: ignore[arg-type]  # conversations and objects alike
    assert none.value.reason == reason


def test_without_its_words_around_it_a_turn_is_another_tasks() -> None:
    task = TaskShape(("message",), (pattern_of(parse("Sort.\n[user]\nMail: {{message}}\n", "p")),))
    assert task.told(turns("Mail: hi", None))[1] == {"message": "hi"}
    with pytest.raises(NoCall, match="fits no prompt"):
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


def test_logged_chats_have_their_system_prompt_beside_the_turns() -> None:
    """As their seeds: with one, without one, and where no prompt sends it."""
    own = pattern_of(parse("{{system}}\n[messages]\n{{messages}}\n", "p"))
    task = TaskShape(("system", "messages"), (own,), chats={"messages": True}, blank=frozenset({"system"}))
    user = {"role": "user", "content": "hi"}
    assert task.told([{"role": "system", "content": "Be kind."}, user])[1] == {"system": "Be kind.", "messages": [user]}
    assert task.told([user])[1] == {"system": "", "messages": [user]}
    bare = TaskShape(
        ("messages",),
        (pattern_of(parse("[messages]\n{{messages}}\n", "p")),),
        chats={"messages": True},
        blank=frozenset({"system"}),
    )
    assert bare.told([{"role": "system", "content": "Be kind."}, user])[1] == {"messages": [user]}


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
