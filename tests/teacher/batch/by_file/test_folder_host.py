"""Batches by request files: what comes back is taken in by its rows, whatever the files are called, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from answered_folder import answer, asked, encoded, failed, line, lines, session_in
from rounds import ROWS, RUN, content, double, live

from distill.errors import AccessRefused
from distill.money import Budget
from distill.records import Request
from distill.teacher.batch import journal
from distill.teacher.batch.files import local_files
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import Store, opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "home" / "answers.db") as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "folder"


def left(folder: Path) -> dict[str, list[str]]:
    """What lies in each part of the folder."""
    return {kind.name: sorted(one.name for one in kind.iterdir()) for kind in sorted(folder.iterdir()) if kind.is_dir()}


async def a_round(folder: Path, store: Store, rows: list[Request] = ROWS, **changed: object) -> list[str]:
    """One command's round; what it said."""
    said: list[str] = []
    with session_in(folder, store, said, **changed) as session:
        await run_round(session, rows)
    return said


async def test_rows_go_out_in_files_and_come_back_as_live_calls_would_have_answered(
    tmp_path: Path, folder: Path, store: Store
) -> None:
    """A round submits, a round without results changes nothing, a round with them collects; each as a process of its own."""
    async with double() as server:
        with opened(tmp_path / "live" / "answers.db") as other:
            await live(server.base_url, other, ROWS)
    await a_round(folder, store)
    files = asked(folder)
    assert sorted(len(rows) for rows in files.values()) == [6, 12, 12]
    assert all(name.startswith("t-001-teacher-") for name in files)
    before = (folder / "requests").stat().st_mtime_ns
    said = await a_round(folder, store)
    assert asked(folder) == files
    assert (folder / "requests").stat().st_mtime_ns == before
    assert sum("no results yet, 0 of" in text for text in said) == 3
    answer(folder)
    said = await a_round(folder, store)
    assert sum("completed" in text for text in said) == 3
    assert content(store.path) == content(tmp_path / "live" / "answers.db")
    assert left(folder) == {"done": [f"{name}.jsonl" for name in files], "requests": [], "results": []}
    assert not journal.opened(store)
    assert not list(local_files.folder(store).iterdir())


async def test_a_part_of_the_rows_is_waited_for_and_taken_where_the_spec_says_so(folder: Path, store: Store) -> None:
    """The rest goes into a new file; rows that come after all are taken from the old file's results."""
    await a_round(folder, store, ROWS[:12])
    (first,) = asked(folder)
    old = answer(folder, keep=lambda number: number < 5)[0]
    with old.open("ab") as file:
        file.write(line(asked(folder)[first][5])[:-20])
    with session_in(folder, store, said := []) as session:
        await run_round(session, ROWS[:12])
        told = session.host.left(12, [first])
    assert "5 of 12 rows done" in said[-1]
    assert f"So far came 5 rows of {first}" in told
    assert "give_up_missing=true" in told
    assert store.query("SELECT count(*) FROM answers").fetchone()[0] == 0
    said = await a_round(folder, store, ROWS[:12], give_up_missing=True)
    assert "expired; 5 of 12 rows answered" in " ".join(said)
    ((second, rest),) = asked(folder).items()
    assert second != first
    assert len(rest) == 7
    (folder / "results" / "late.jsonl").write_bytes(lines(rest))
    await a_round(folder, store, ROWS[:12])
    assert store.query("SELECT count(*) FROM answers").fetchone()[0] == 12
    assert {one.ended for row in ROWS[:12] for one in store.attempts(row.id)} == {"ok", "expired"}
    assert store.spent(RUN) == pytest.approx(sum(one.usd or 0 for row in ROWS[:12] for one in store.attempts(row.id)))


async def test_a_file_that_nobody_will_answer_is_given_up_by_an_empty_one_of_its_name(
    folder: Path, store: Store
) -> None:
    await a_round(folder, store, ROWS[:2])
    (first,) = asked(folder)
    await a_round(folder, store, ROWS[:2], give_up_missing=True)
    assert list(asked(folder)) == [first], "without a sign nothing is given up"
    (folder / "results" / f"{first}.jsonl").touch()
    await a_round(folder, store, ROWS[:2], give_up_missing=True)
    assert list(asked(folder)) != [first]
    assert left(folder)["results"] == []


async def test_one_file_for_many_and_many_for_one(folder: Path, store: Store) -> None:
    """All rows in one file, and a file of errors beside: rows are matched by custom_id, files by nothing."""
    await a_round(folder, store)
    rows = [row for part in asked(folder).values() for row in part]
    (folder / "results" / "batch_68a1_output.jsonl").write_bytes(lines(rows[:29]))
    (folder / "results" / "batch_68a1_error.jsonl").write_bytes(failed(rows[29], 400, "too long"))
    said = await a_round(folder, store)
    assert not journal.opened(store)
    assert sum("completed" in text for text in said) == 3
    assert not any("ignored" in text for text in said)
    (last,) = [row for row in ROWS if store.get(row.id) is None]
    assert [(one.ended, one.error) for one in store.attempts(last.id)] == [("refused", "too long")]
    assert left(folder) == {
        "done": ["batch_68a1_error.jsonl", "batch_68a1_output.jsonl"],
        "requests": [],
        "results": [],
    }


async def test_errors_of_a_row_say_whether_it_is_asked_again(folder: Path, store: Store) -> None:
    """vLLM's own forms: refused for good, and a fault of the engine, which goes into the next file."""
    await a_round(folder, store, ROWS[:3])
    ((name, rows),) = asked(folder).items()
    text = {"status_code": 400, "request_id": "vllm-batch-1", "body": None}
    broken = encoded(custom_id=rows[2]["custom_id"], response=text, error="URL /v1/x was used.")
    (folder / "results" / f"{name}.jsonl").write_bytes(
        failed(rows[0], 400, "too long") + failed(rows[1], 500, "died") + broken
    )
    await a_round(folder, store, ROWS[:3])
    ends = [[one.ended for one in store.attempts(row.id)] for row in ROWS[:3]]
    assert ends == [["refused"], ["overloaded", None], ["refused"]]
    assert [row["custom_id"] for row in next(iter(asked(folder).values()))] == [rows[1]["custom_id"]]


async def test_a_model_that_is_not_served_stops_the_command_with_its_name(folder: Path, store: Store) -> None:
    await a_round(folder, store, ROWS[:2])
    ((name, rows),) = asked(folder).items()
    lost = "The model `m` does not exist."
    (folder / "results" / f"{name}.jsonl").write_bytes(b"".join(failed(row, 404, lost) for row in rows))
    with pytest.raises(AccessRefused, match="The model `m` does not exist"):
        await a_round(folder, store, ROWS[:2])
    await a_round(folder, store, ROWS[:2])
    assert [len(part) for part in asked(folder).values()] == [2]


async def test_strange_files_are_named_with_their_lines_and_left(folder: Path, store: Store) -> None:
    """Rows of nobody, no JSON, and the file of another batch; then the same file once more, after it was taken in."""
    await a_round(folder, store, ROWS[:12])
    ((name, rows),) = asked(folder).items()
    results = folder / "results"
    (results / "other.jsonl").write_bytes(b'{"custom_id": "ff-0"}\n')
    (results / f"{name}.jsonl").write_bytes(lines(rows[:11]) + b"<html>\n" + line(rows[0]))
    said = await a_round(folder, store, ROWS[:12])
    assert any("other.jsonl: 1 rows answer no request of this project (the first is line 1)" in text for text in said)
    assert any(f"{name}.jsonl: line 12 is no JSON with a custom_id" in text for text in said)
    assert any(f"{name}.jsonl: line 13 is of a row that came before" in text for text in said)
    assert any("11 of 12 rows done" in text for text in said)
    (results / "rest.jsonl").write_bytes(line(rows[11]))
    assert any("1 repeated rows" in text for text in await a_round(folder, store, ROWS[:12]))
    assert left(folder) == {"done": sorted([f"{name}.jsonl", "rest.jsonl"]), "requests": [], "results": ["other.jsonl"]}
    (results / "again.jsonl").write_bytes(lines(rows))
    await a_round(folder, store, ROWS[:13])
    said = await a_round(folder, store, ROWS[:13])
    assert any("again.jsonl: all its 12 rows were taken in before; move it away" in text for text in said)


async def test_the_first_of_two_answers_counts(folder: Path, store: Store) -> None:
    """By the files' names, then by line."""
    await a_round(folder, store, ROWS[:1])
    (rows,) = asked(folder).values()
    for file, text in (("b", "second"), ("a", "first")):
        found = json.loads(line(rows[0]))
        found["response"]["body"]["choices"][0]["message"]["content"] = text
        (folder / "results" / f"{file}.jsonl").write_bytes(json.dumps(found).encode() + b"\n")
    await a_round(folder, store, ROWS[:1])
    assert (kept := store.get(ROWS[0].id)) is not None
    assert kept.text == "first"


async def test_a_changed_request_file_is_told(folder: Path, store: Store) -> None:
    """Its answers count for the rows as they were written; one that was carried away is no change."""
    await a_round(folder, store, ROWS[:13])
    first, second = sorted(asked(folder), key=lambda name: -len(asked(folder)[name]))
    path = folder / "requests" / f"{first}.jsonl"
    written = path.read_bytes().splitlines(keepends=True)
    (folder / "requests" / f"{second}.jsonl").unlink()
    path.write_bytes(b"".join([*written[:3], written[3].replace(b"row 3", b"row three"), *written[4:]]))
    answer(folder)
    (folder / "results" / f"{second}.jsonl").write_bytes(
        line({"custom_id": f"{ROWS[12].id}-0", "body": dict(ROWS[12].body)})
    )
    said = await a_round(folder, store, ROWS[:13])
    changed = [text for text in said if "was changed after it was written" in text]
    assert len(changed) == 1
    assert f"{first}.jsonl was changed after it was written, first in line 4" in changed[0]
    assert (
        store.query("SELECT request FROM answers WHERE request_id=?", (ROWS[3].id,)).fetchone()[0].count("row 3 ") == 1
    )


async def test_the_budget_holds_before_a_file_is_written(folder: Path, store: Store) -> None:
    await a_round(folder, store, ROWS[:1])
    each = store.spent(RUN)
    assert each > 0
    with session_in(folder, store, budget=Budget(4.5 * each, each)) as session:
        await run_round(session, ROWS)
        assert session.waiting == 26
    assert sum(map(len, asked(folder).values())) == 4
    assert store.spent(RUN) <= 4.5 * each


async def test_a_folder_that_takes_no_file_loses_nothing(folder: Path, store: Store) -> None:
    """The place is named; once it can be written, the rows go out."""
    with session_in(folder, store) as session:
        (folder / "requests").rmdir()
        (folder / "requests").touch()
        with pytest.raises(OSError, match="requests"):
            await run_round(session, ROWS[:3])
    (folder / "requests").unlink()
    await a_round(folder, store, ROWS[:3])
    assert [len(rows) for rows in asked(folder).values()] == [3]
    assert store.ledger(RUN)[0].unknown == 3


async def test_files_stay_where_the_spec_keeps_them(folder: Path, store: Store) -> None:
    await a_round(folder, store, ROWS[:2])
    (name,) = asked(folder)
    answer(folder)
    await a_round(folder, store, ROWS[:2], keep_files=True)
    assert left(folder) == {"requests": [f"{name}.jsonl"], "results": [f"{name}.jsonl"]}


async def test_rows_of_another_project_keep_their_file(tmp_path: Path, folder: Path, store: Store) -> None:
    """Two projects with one folder, and one result file for both: each takes its rows, the last one moves the file."""
    with opened(tmp_path / "other" / "answers.db") as other:
        await a_round(folder, store, ROWS[:2])
        await a_round(folder, other, ROWS[2:4])
        (folder / "results" / "all.jsonl").write_bytes(lines(row for part in asked(folder).values() for row in part))
        await a_round(folder, store, ROWS[:2])
        assert left(folder)["results"] == ["all.jsonl"]
        await a_round(folder, other, ROWS[2:4])
        assert [len(one.execute("SELECT 1 FROM answers").fetchall()) for one in (store.reader, other.reader)] == [2, 2]
