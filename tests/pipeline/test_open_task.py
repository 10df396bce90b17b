"""A task whose parts do not fit each other: told when it is opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.errors import SpecError
from distill.pipeline.open_task import open_task

JUDGE = "judge={dimensions: {fits: It fits.}, prompt: judge.md}"
TONE = "ask: tone.md, values: [calm, angry]"


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["dedup.compare=[moood]"], "dedup.compare: the answer's schema has no property 'moood'; did you mean 'mood'?"),
        (["evaluate.compare={moood: set}"], "evaluate.compare: the answer's schema has no property 'moood'"),
        (["evaluate.compare=[moood]"], "evaluate.compare: the answer's schema has no property 'moood'"),
        (
            ["seeds.expand.model={model: m, sampling: {draws: 3}}"],
            "seeds.expand.model.sampling.draws: 3: each new seed",
        ),
        (
            [f"strata.labels={{tone: {{{TONE}, model: {{model: m, sampling: {{draws: 2}}}}}}}}"],
            "strata.labels.tone.model.sampling.draws: 2: a label has one value",
        ),
        (
            [JUDGE, "gates=[judge]", "judge.models=[{model: m, sampling: {draws: 2}}]"],
            "judge.models[0].sampling.draws: 2: a judge gives one verdict",
        ),
        ([f"strata.labels={{kind: {{{TONE}}}}}"], "strata.labels.kind: the seeds have 'kind' as a column already"),
        ([f"strata.labels={{message: {{{TONE}}}}}"], "strata.labels.message: the seeds have 'message' as a column"),
        ([JUDGE, "gates=[judge]", "judge.gold=nofile.jsonl"], "judge.gold: no file 'nofile.jsonl' next to the spec"),
    ],
)
def test_what_cannot_be_right_is_told(task: Path, sets: list[str], said: str) -> None:
    """One fault each, with its place; the same task without the slip opens."""
    (task.parent / "tone.md").write_text("Which tone?\n[user]\n{{message}}\n")
    (task.parent / "judge.md").write_text("A good answer fits.")
    with pytest.raises(SpecError) as caught:
        open_task(task, overrides=sets, env={})
    (fault,) = caught.value.faults
    assert said in str(fault)
    assert fault.where.startswith("--set ")


def test_a_folder_in_place_of_a_prompt_is_told_with_what_it_holds(task: Path) -> None:
    """The next move is a name out of it."""
    with pytest.raises(
        SpecError, match=r"a folder, expected a file; name one in it, which holds student\.md, teacher\.md"
    ):
        open_task(task, overrides=["teacher.prompt=."], env={})


def test_what_is_right_opens(task: Path) -> None:
    """The same settings without their slips."""
    (task.parent / "tone.md").write_text("Which tone?\n[user]\n{{message}}\n")
    (task.parent / "judge.md").write_text("A good answer fits.")
    (task.parent / "labelled.jsonl").write_text("{}")
    sets = ["dedup.compare=[mood]", f"strata.labels={{tone: {{{TONE}, model: {{model: m, sampling: {{draws: 1}}}}}}}}"]
    sets += [JUDGE, "gates=[judge]", "judge.gold=labelled.jsonl", "seeds.expand.model={model: m}"]
    assert open_task(task, overrides=sets, env={}).label_prompts.keys() == {"tone"}


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
