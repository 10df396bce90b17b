"""`distill init --from`: a file of rows becomes a task that validates."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import jsonschema
import polars as pl
import pytest

from distill.errors import UsageError
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.seeds.approved import by_field
from distill.starter.init import init
from distill.starter.proposal import Unclear
from distill.teacher.progress import Silent

TEAMS = ("billing", "delivery", "technical")
MESSAGES = [
    f"Where is parcel {n * 7919} that I sent to the {('red', 'blue', 'green')[n % 3]} house?" for n in range(60)
]


def lines(rows: Sequence[object]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(rows: Sequence[dict[str, object]], delimiter: str = ",") -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def rows(make: Callable[[int, str], dict[str, object]]) -> list[dict[str, object]]:
    return [make(n, text) for n, text in enumerate(MESSAGES)]


def turns(text: str, answer: str, *before: str) -> list[dict[str, str]]:
    said = [("user", text), ("assistant", answer)] if answer else [("user", text)]
    return [{"role": role, "content": content} for role, content in [*(("system", one) for one in before), *said]]


def logged(n: int, text: str) -> dict[str, object]:
    answer = {"choices": [{"message": turns("", f"It is at {n}.")[1]}]}
    return {"request": {"body": {"model": "m", "messages": turns(text, "")}}, "response": answer}


SHAPES: dict[str, str | bytes] = {
    "label.csv": table(rows(lambda n, text: {"message": text, "team": TEAMS[n % 3]})),
    "excel.csv": "\ufeff" + table(rows(lambda n, text: {"N°": n, "Text": text, "Kategorie": TEAMS[n % 3]}), ";"),
    "plain.csv": table(rows(lambda n, text: {"id": n, "question": text})),
    "stars.tsv": table(rows(lambda n, text: {"review": text, "stars": n % 5 + 1}), "\t"),
    "objects.jsonl": lines(rows(lambda n, text: {"text": text, "expected": {"team": TEAMS[n % 3], "urgent": n % 4 == 0}})),
    "spelt.csv": table(rows(lambda n, text: {"body": text, "result": json.dumps({"team": TEAMS[n % 3]})})),
    "chats.jsonl": lines(
        rows(lambda n, text: {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": f"Done, {n}."}]})
    ),
    "pairs.json": json.dumps(rows(lambda n, text: {"instruction": "Reply.", "input": text, "output": f"We found number {n} for you."})),
    "packed.jsonl.gz": gzip.compress(lines(rows(lambda n, text: {"prompt": text, "completion": f"It is at place {n}."})).encode(), mtime=0),
    "numbers.csv": "\ufeff" + table(rows(lambda n, text: {"Datum": f"{n % 28 + 1}.03.2026", "Text": text, "Preis": f"{n * 7 % 59},50"}), ";"),
    "tags.jsonl": lines(rows(lambda n, text: {"id": n, "text": text, "tags": [TEAMS[n % 3], TEAMS[(n + 1) % 3]]})),
    "nested.jsonl": lines(rows(lambda n, text: {"text": text, "expected": {"to": {"team": TEAMS[n % 3]}, "lines": [{"n": n}], "due": None}})),
    "yes.csv": table(rows(lambda n, text: {"created_at": f"2026-03-01 10:{n:02d}:00", "customer_id": n % 20, "body": text, "spam": str(n % 2 == 0).upper()})),
    "labelled.jsonl": lines(rows(lambda n, text: {"messages": turns(text, ""), "label": TEAMS[n % 3]})),
    "routed.jsonl": lines(rows(lambda n, text: {"messages": turns(text, TEAMS[n % 3], "Name the team.")})),
    "forms.jsonl": lines(rows(lambda n, text: {"messages": turns(text, json.dumps({"team": TEAMS[n % 3]}))})),
    "log.jsonl.gz": gzip.compress(lines(rows(logged)).encode(), mtime=0),
    "passages.csv": table(rows(lambda n, text: {"context": f"{text} It is long. " * 9, "question": f"Which number is it, of {n}?", "answer": f"P-{n}"})),
    "odd names.csv": table(rows(lambda n, text: {"the text": text, "1st: label": TEAMS[n % 3]})),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_a_file_becomes_a_task_that_validates_without_a_question(tmp_path: Path, name: str) -> None:
    content = SHAPES[name]
    source = tmp_path / "files" / name
    source.parent.mkdir()
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    written = init(source, tmp_path / "my task", teacher="scripted")
    task = open_task(tmp_path / "my task" / "task.yaml", env={})
    assert len(task.seeds) == 60
    assert {path.name for path in written.files} >= {"task.yaml", "teacher.md", "student.md"}


@pytest.mark.parametrize(
    ("name", "gold", "part"),
    [
        ("numbers.csv", "Preis", {"type": "number"}),
        ("stars.tsv", "stars", {"enum": [1, 2, 3, 4, 5]}),
        ("yes.csv", "spam", {"type": "boolean"}),
        (
            "tags.jsonl",
            "tags",
            {"type": "array", "items": {"type": "string", "enum": ["billing", "delivery", "technical"]}},
        ),
    ],
)
def test_known_answers_have_a_schema_that_they_obey(tmp_path: Path, name: str, gold: str, part: object) -> None:
    (tmp_path / name).write_text(str(SHAPES[name]))
    init(tmp_path / name, tmp_path / "t", teacher="scripted")
    task = open_task(tmp_path / "t", env={})
    assert task.output is not None
    assert list(task.output["properties"].values()) == [part]
    assert task.spec.seeds.gold == gold
    for seed in task.seeds:
        jsonschema.validate(by_field(seed.gold or {}, task.output["properties"]), task.output)


def test_known_answers_of_a_table_train_as_what_is_asked_for(tmp_path: Path) -> None:
    """A cell is a text; a row that trains holds the object that the prompts ask for."""
    (tmp_path / "a.csv").write_text(str(SHAPES["label.csv"]))
    init(tmp_path / "a.csv", tmp_path / "t", teacher="scripted")
    task = open_task(tmp_path / "t", overrides=["student.train.with=none", "evaluate.arms=[teacher]"], env={})
    done = run.start(task, stages=("generate", "curate", "export"), watch=Silent())
    lines = (done.folder / "train.jsonl").read_text().splitlines()
    answers = {json.loads(line)["messages"][-1]["content"] for line in lines}
    assert answers == {json.dumps({"team": team}) for team in TEAMS}


def test_rows_that_cannot_be_used_are_left_out_and_counted(tmp_path: Path) -> None:
    made = rows(lambda n, text: {"text": text if n % 20 else "", "expected": {"team": TEAMS[n % 3]}})
    (tmp_path / "a.jsonl").write_text(lines(made) + "{broken\n")
    written = init(tmp_path / "a.jsonl", tmp_path / "t", teacher="scripted")
    assert "57 rows read" in written.said
    assert any(said.startswith("4 rows cannot be used") for said in written.said)
    assert len(open_task(tmp_path / "t", env={}).seeds) == 57


def test_parquet_and_a_server_of_ones_own(tmp_path: Path) -> None:
    pl.DataFrame(rows(lambda n, text: {"utterance": text, "label": TEAMS[n % 3]})).write_parquet(tmp_path / "a.parquet")
    init(tmp_path / "a.parquet", tmp_path / "t", teacher="qwen3:8b", base_url="http://localhost:11434/v1")
    task = open_task(tmp_path / "t" / "task.yaml", env={})
    assert task.teacher.model == "qwen3:8b"
    assert task.spec.budget.usd == 5
    init(tmp_path / "a.parquet", tmp_path / "u", teacher="theirs", base_url="https://api.example.com/v1")
    assert open_task(tmp_path / "u" / "task.yaml", env={}).spec.budget.usd is None


def test_what_only_a_person_can_tell_is_asked_and_nothing_is_written(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text(table(rows(lambda n, text: {"message": text, "unit": TEAMS[n % 3], "product": TEAMS[n % 2]})))
    with pytest.raises(Unclear):
        init(source, tmp_path / "t")
    assert not (tmp_path / "t").exists()
    init(source, tmp_path / "t", answer="unit", teacher="scripted")
    assert open_task(tmp_path / "t" / "task.yaml", env={}).spec.seeds.gold == "unit"


def test_nothing_is_overwritten_and_a_file_without_rows_is_told(tmp_path: Path) -> None:
    source = tmp_path / "label.csv"
    source.write_text(str(SHAPES["label.csv"]))
    init(source, tmp_path / "t", teacher="scripted")
    with pytest.raises(UsageError, match="already holds"):
        init(source, tmp_path / "t", teacher="scripted")
    (tmp_path / "few.csv").write_text("message\nhello\n")
    with pytest.raises(UsageError, match="at least 10"):
        init(tmp_path / "few.csv", tmp_path / "v")
    with pytest.raises(UsageError):
        init(tmp_path / "absent.csv", tmp_path / "w")
