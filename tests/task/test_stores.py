"""The store beside its runs: by every verb, in one line."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from ended import Distill

from distill.cli.text.status import status_lines
from distill.errors import BudgetReached, UsageError
from distill.pipeline import open_task, run
from distill.pipeline.result import Run
from distill.plan import plan
from distill.task import stores
from distill.teacher.progress import Silent
from distill.teacher.store.migrations import VERSION
from distill.views import status as reading

PRICE = "teacher.price={input: 100, output: 1000}"


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def opened_task(task: Path, *sets: str) -> Any:
    return open_task.open_task(task, overrides=sets, env={})


def go(task: Path, *sets: str, watch: Silent | None = None, stages: tuple[str, ...] = ("generate",), **how: Any) -> Run:
    return run.start(opened_task(task, *sets), stages=stages, watch=watch or Silent(), **how)


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={VERSION + 5}")


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE notes (id INTEGER)")


SPOILT = {
    "of a newer version": (_newer, f"version {VERSION + 5}"),
    "garbage": (lambda path: path.write_bytes(b"garbage" * 999), "not an SQLite file"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:8192]), "cut off"),
    "of another program": (_foreign, "another program"),
    "empty": (lambda path: path.write_bytes(b""), "is empty, but run mood/001 has"),
    "gone, with its log": (lambda path: path.rename(f"{path}-wal"), "is gone, but its log"),
}


def test_every_verb_refuses_a_store_that_is_none_in_one_line(task: Path, tmp_path: Path, distill: Distill) -> None:
    """run, plan, status and explain, of each kind: exit 2 and the cause, and not one file more than before."""
    go(task, stages=("generate", "curate"))
    for name, (spoil, cause) in SPOILT.items():
        home = tmp_path / name
        shutil.copytree(task.parent, home, ignore=shutil.ignore_patterns(*SPOILT))
        spoil(home / ".distill" / "answers.db")
        before = sorted(home.rglob("*"))
        for words in (
            ["run", str(home / task.name)],
            ["plan", str(home / task.name)],
            ["status", str(home / task.name)],
            ["explain", "mood/001", "1", "--home", str(home)],
        ):
            ended = distill(*words)
            assert ended.code == 2, (name, words, ended.err)
            assert cause in ended.err, (name, words, ended.err)
            assert len(ended.err.strip().splitlines()) == 1, (name, ended.err)
        assert sorted(home.rglob("*")) == before, name


def test_a_store_that_lost_its_content_is_no_new_one(task: Path) -> None:
    """Its runs say what was paid; with the file moved away a new one is begun, as the line says."""
    result = go(task)
    path = stores.path_of(task.parent)
    path.write_bytes(b"")
    with pytest.raises(
        UsageError, match=f"is empty, but run mood/001 has {result.requests_sent} paid answers; restore it"
    ):
        go(task)
    with pytest.raises(UsageError, match="is empty, but run mood/001"):
        reading.status(task, [])
    path.unlink()
    assert go(task).exit_code == 0


def test_an_empty_file_beside_no_runs_is_a_new_store(task: Path) -> None:
    path = stores.path_of(task.parent)
    path.parent.mkdir()
    path.touch()
    assert go(task).exit_code == 0


@pytest.fixture
def dear(task: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same task with a price on the scripted teacher's tokens."""
    monkeypatch.setattr("distill.money.LOCAL", ("embedded/",))
    monkeypatch.setattr("distill.teacher.endpoint.scripted.Scripted.answer", _priced(monkeypatch))
    return task


def _priced(_: pytest.MonkeyPatch) -> Any:
    from dataclasses import replace

    from distill.teacher.endpoint.scripted import Scripted

    answer = Scripted.answer

    async def priced(self: Scripted, request: Any) -> Any:
        found = await answer(self, request)
        return replace(found, usd=0.001)

    return priced


def test_a_run_begun_where_one_was_removed_does_not_inherit_its_spending(dear: Path) -> None:
    """It is said, its answers serve the new one, and the wall is the new one's."""
    first = go(dear, PRICE)
    assert first.usd == pytest.approx(0.001 * first.requests_sent)
    shutil.rmtree(dear.parent / "runs")
    heard = Heard()
    again = go(dear, PRICE, f"budget.usd={first.usd / 2}", watch=heard)
    assert (again.requests_sent, again.usd) == (0, 0)
    assert any(f"${first.usd:.4f} spent before under the name mood/001" in line for line in heard.said)
    (dear.parent / "teacher.md").write_text("Say it anew as JSON.\n[user]\n{{message}}\n")
    with pytest.raises(BudgetReached):
        go(dear, PRICE, "budget.usd=0.01")
    with sqlite3.connect(stores.path_of(dear.parent)) as db:
        old = db.execute("SELECT count(*) FROM attempts WHERE run LIKE 'mood/001 before %'").fetchone()[0]
    assert old == first.requests_sent, "the ledger keeps what was spent"


def test_a_run_whose_manifest_is_lost_keeps_its_spending(dear: Path) -> None:
    first = go(dear, PRICE)
    (dear.parent / "runs" / "mood" / "001" / "manifest.json").unlink()
    assert go(dear, PRICE).usd == pytest.approx(first.usd)


def test_what_a_pilot_spent_is_shown_and_belongs_to_the_run_that_follows(dear: Path) -> None:
    planned = plan.plan(opened_task(dear, PRICE), pilot=3)
    spent = planned.pilot.usd
    assert spent > 0
    status = reading.status(dear, [])
    assert sum(row.usd for row in status.pilot) == pytest.approx(spent)
    assert any(line.startswith("  pilot of teacher") for line in status_lines(status))
    result = go(dear, PRICE)
    assert result.usd == pytest.approx(0.001 * (planned.spenders[0].requests), rel=0.5)
    status = reading.status(dear, [])
    assert status.pilot == []
    assert sum(row.usd for row in status.ledger) == pytest.approx(result.usd)
    with sqlite3.connect(stores.path_of(dear.parent)) as db:
        assert db.execute("SELECT sum(usd) FROM attempts").fetchone()[0] == pytest.approx(result.usd)


def test_a_pilot_stands_before_the_wall_of_the_run_under_way(dear: Path) -> None:
    result = go(dear, PRICE)
    (dear.parent / "teacher.md").write_text("Say it anew as JSON.\n[user]\n{{message}}\n")
    with pytest.raises(BudgetReached):
        plan.plan(opened_task(dear, PRICE, f"budget.usd={result.usd + 0.001}"), pilot=5)
