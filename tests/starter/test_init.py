"""`distill init --from`: a file of rows becomes a task that validates."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from distill.errors import UsageError
from distill.pipeline.open_task import open_task
from distill.starter.init import init
from distill.starter.proposal import Unclear

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
    source.write_text(table(rows(lambda n, text: {"message": text, "region": TEAMS[n % 3], "product": TEAMS[n % 2]})))
    with pytest.raises(Unclear):
        init(source, tmp_path / "t")
    assert not (tmp_path / "t").exists()
    init(source, tmp_path / "t", answer_column="region", teacher="scripted")
    assert open_task(tmp_path / "t" / "task.yaml", env={}).spec.seeds.gold == "region"


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
