"""The rows that a spec names, and the faults of their files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.errors import SpecError
from distill.pipeline.open_task import open_task


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "seeds.jsonl: no such file or folder"),
        ("", "seeds.jsonl: is empty"),
        ('["message"]\n7\n', "seeds.jsonl:1: a JSON list, expected an object"),
    ],
)
def test_where_no_seed_can_be_read_that_is_the_first_fault_and_no_prompt_is_blamed(
    task: Path, content: str | None, said: str
) -> None:
    seeds = task.parent / "seeds.jsonl"
    seeds.unlink() if content is None else seeds.write_text(content)
    with pytest.raises(SpecError) as caught:
        open_task(task, overrides=["strata={by: [kind]}", "seeds.gold=expected"], env={})
    assert said in str(caught.value.faults[0])
    assert "column" not in str(caught.value)


def test_how_a_file_was_read_is_a_note_and_a_setting_says_otherwise(task: Path) -> None:
    rows = [
        f"{n};{word} arrived, late;{'ab'[n % 2]}"
        for n, word in enumerate(
            ["lamp", "kettle", "chair", "box", "spoon", "rug", "mirror", "stool", "vase", "clock", "shelf", "bench"]
        )
    ]
    (task.parent / "seeds.csv").write_text("id;message;kind\n" + "\n".join(rows) + "\n")
    sets = ["seeds={from: seeds.csv, test: {rows: 1}}", "dataset={accept: 2}"]
    (note,) = open_task(task, overrides=sets, env={}).notes
    assert (
        note
        == "seeds.csv: read as utf-8, semicolon between cells; where that is wrong, say what is right under `seeds.format`"
    )
    with pytest.raises(SpecError, match=r"no column fills `{{message}}`; did you mean `{{id;message;kind}}`"):
        open_task(task, overrides=[*sets, "seeds.format={delimiter: tab}", "strata={}"], env={})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("encoding: utf-9", "expected the name of a text encoding"),
        ("encoding: base64", "expected the name of a text encoding"),
        ("delimiter: '::'", "expected one character"),
        ("quote: ab", "expected one character"),
    ],
)
def test_a_format_that_is_none_is_told(task: Path, given: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        open_task(task, overrides=[f"seeds.format={{{given}}}"], env={})


def test_chats_without_a_system_turn_fill_its_slot_with_nothing(task: Path) -> None:
    """The system turn that comes out empty is not sent."""
    turns = [{"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "Here."}]
    system = {"role": "system", "content": "Be kind."}
    rows = [
        {"messages": [*([system] if n % 2 else []), {"role": "user", "content": f"{n}: where is it?"}, turns[1]]}
        for n in range(6)
    ]
    (task.parent / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("teacher.md", "student.md"):
        (task.parent / name).write_text("{{system}}\n[messages]\n{{messages}}\n")
    task = open_task(
        task,
        overrides=[
            "seeds={from: log.jsonl, as: chats, gold: reply, test: {rows: 1}}",
            "strata={}",
            "dataset={accept: 2}",
        ],
        env={},
    )
    filled = [task.teacher_prompt.fill(seed.fields) for seed in task.seeds]
    assert [turns[0]["role"] for turns in filled] == ["user", "system"] * 3


def test_a_system_prompt_that_no_prompt_names_is_told(task: Path) -> None:
    rows = [
        {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": f"{n}: where?"}]}
        for n in range(6)
    ]
    (task.parent / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("teacher.md", "student.md"):
        (task.parent / name).write_text("[messages]\n{{messages}}\n")
    task = open_task(
        task,
        overrides=["seeds={from: log.jsonl, as: chats, test: {rows: 1}}", "strata={}", "dataset={accept: 2}"],
        env={},
    )
    assert task.notes[0] == "6 chats have a system turn of their own, which is not sent: no prompt names {{system}}"
