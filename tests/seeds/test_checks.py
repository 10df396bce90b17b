"""What new seeds need of a spec and of its seeds: told before anything is paid."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from making import made, read, run

from distill.errors import SpecError
from distill.pipeline.open_task import open_task


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["dataset.accept=null"], "nothing says how many rows are wanted"),
        (["seeds.expand.about={c: x}"], "no label has the value 'c', and no stratum has that name"),
        (["seeds.expand.ways=[rewrites]"], "ways"),
        (["seeds.expand.per_rows=3"], "did you mean `per_row`"),
        (["teacher.prompt=number.md"], "'n' is a JSON int in seeds.jsonl:1, and only texts can be made"),
    ],
)
def test_what_cannot_be_made_is_a_fault_of_the_spec(task: Path, sets: list[str], said: str) -> None:
    """Before anything is paid."""
    rows = [
        json.loads(line) | {"n": n} for n, line in enumerate((task.parent / "seeds.jsonl").read_text().splitlines())
    ]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (task.parent / "number.md").write_text("[user]\n{{n}} {{message}}")
    with pytest.raises(SpecError) as caught:
        made(task, "{about: {a: first}}", *sets)
    assert said in str(caught.value)


def test_conversations_are_not_made(task: Path) -> None:
    """The fault says so."""
    turns = [{"messages": [{"role": "user", "content": f"Where is order {n * 7919}?"}]} for n in range(30)]
    (task.parent / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in turns))
    (task.parent / "teacher.md").write_text("Help.\n[messages]\n{{messages}}\n")
    (task.parent / "student.md").write_text("Help.\n[messages]\n{{messages}}\n")
    with pytest.raises(SpecError, match="messages is a conversation, and only texts can be made"):
        made(task, "{}", "seeds.from=log.jsonl", "seeds.as=chats", "seeds.gold=null", "strata.by=[]")


def test_an_edge_case_over_no_stratum_still_needs_its_seeds(task: Path) -> None:
    """What is made has the labels of its parent; a floor is promised only where the stratum itself is the edge case."""
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    for n, row in enumerate(rows):
        row["tone"] = "angry" if n % 10 == 0 else "calm"
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    case = "strata={by: [%s], edge_cases: [{where: {tone: angry}, at_least: 12}]}"
    with pytest.raises(SpecError, match=r"at_least 12 wanted, \d training seeds have tone = angry"):
        made(task, "{}", case % "kind")
    result = run(made(task, "{at_most: 200, per_row: 9, plausible: false}", case % "tone"))
    kept = read(result, "samples.parquet").filter(pl.col("fate") != "dropped")
    assert kept.filter(stratum="angry").height >= 10
    cases = json.loads((result.folder / "funnel.json").read_bytes())["edge_cases"]
    assert cases == [{"where": {"tone": "angry"}, "at_least": 12, "got": 12}]


def labelled_task(folder: Path, answers: list[str], messages: list[str] | None = None) -> Path:
    """A task whose schema allows the kinds a and b, with these known answers."""
    texts = messages or [f"message {n * 7919} of customer {n * 104729}" for n in range(len(answers))]
    rows = [{"message": text, "kind": kind} for text, kind in zip(texts, answers, strict=True)]
    rows = [{"message": row["message"], "expected": {"kind": row["kind"]}} for row in rows]
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "teacher.md").write_text("[user]\n{{message}}\n")
    (folder / "kinds.json").write_text(
        json.dumps({"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}, "required": ["kind"]})
    )
    spec = folder / "task.yaml"
    spec.write_text(
        "task: kinds\nseeds: {from: seeds.jsonl, gold: expected}\n"
        "teacher: {model: scripted, output: kinds.json}\n"
        "student: {prompt: teacher.md, train: {with: none}}\nevaluate: {arms: []}\n"
    )
    return spec


def test_gold_mostly_outside_the_enum_is_a_fault(tmp_path: Path) -> None:
    """A wrong column or schema, with the rows that show it."""
    with pytest.raises(
        SpecError, match=r"12 of 12 known answers have a value of 'kind'.*'x' in seeds.jsonl:1, .*one of a, b"
    ):
        open_task(labelled_task(tmp_path, ["x"] * 12), env={})


def test_gold_partly_outside_the_enum_is_a_note(tmp_path: Path) -> None:
    """Spelling that comparison forgives is none."""
    task = open_task(labelled_task(tmp_path, ["a", "B"] * 8 + ["x"]), env={})
    assert [note for note in task.notes if "1 of 17 known answers" in note and "'x' in seeds.jsonl:17" in note]
    assert not open_task(labelled_task(tmp_path, ["a", "B"] * 8), env={}).notes


def test_too_few_different_seeds_are_a_note(tmp_path: Path) -> None:
    """Eighty equal seeds are one."""
    task = open_task(labelled_task(tmp_path, ["a"] * 80, ["the same"] * 80), env={})
    assert [note for note in task.notes if "the 80 seeds hold only 1 text" in note]
