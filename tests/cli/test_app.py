"""The command line as a user meets it: exit codes, one-line errors, JSON on stdout only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ended import Distill
from typer.main import get_command

from distill.cli.app import VERBS, app


def test_help_lists_the_verbs_in_order_of_a_run(distill: Distill) -> None:
    """`--help` lists all verbs under headings, and the exit codes."""
    shown = distill("--help").out
    places = [shown.index(f"\n  {verb:<12}  ") for verbs in VERBS.values() for verb in verbs]
    assert places == sorted(places)
    assert all(f"{heading}:" in shown for heading in VERBS)
    assert "Exit codes" in shown


@pytest.mark.parametrize("verb", [verb for verbs in VERBS.values() for verb in verbs])
def test_help_of_a_verb_is_not_cut(verb: str) -> None:
    """Its first sentence fits the list at 80 columns, and the 45 letters of docs/cli.md."""
    command = get_command(app).commands[verb]  # type: ignore[attr-defined]  # a group has commands
    first = (command.help or "").split("\n")[0]
    assert first.endswith(".")
    assert command.get_short_help_str(45) == first


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (("task: mood", "task: mood\nsedes: 1"), 2, "did you mean `seeds`?"),
        (("accept: 20", "accept: many"), 2, "'many'"),
        (("accept: 20", "accept: 4000"), 2, "4000 wanted"),
        (("from: seeds.jsonl", "from: none.jsonl"), 2, "none.jsonl"),
        (("by: [kind]", "by: [knid]"), 2, "knid"),
        (("model: scripted", "model: gpt-4o-mini"), 6, "OPENAI_API_KEY is not set"),
        (("model: scripted", "model: embedded/big"), 2, "embedded/smollm2-135m"),
    ],
)
def test_a_wrong_spec_is_one_clear_error(
    task: Path, change: tuple[str, str], code: int, said: str, distill: Distill
) -> None:
    """The value found, what was expected, the right exit code, and no traceback."""
    task.write_text(task.read_text().replace(*change))
    shown = distill("run", task)
    assert shown.code == code
    assert said in shown.err


def test_one_broken_line_is_named(task: Path, distill: Distill) -> None:
    """A seed file's fault carries its line number, and every one is listed."""
    seeds = task.parent / "seeds.jsonl"
    lines = seeds.read_text().split("\n")
    lines[6], lines[30] = "{broken", '{"message": ""}'
    seeds.write_text("\n".join(lines))
    shown = distill("validate", task)
    assert shown.code == 2
    assert "seeds.jsonl:7" in shown.err
    assert "seeds.jsonl:31" in shown.err


def test_an_unfilled_variable_is_named(task: Path, distill: Distill) -> None:
    """A slot that no column fills gives file, line and the nearest column."""
    (task.parent / "teacher.md").write_text("Go.\n[user]\n{{mesage}}\n")
    shown = distill("validate", task)
    assert shown.code == 2
    assert "did you mean `{{message}}`?" in shown.err


def test_json_is_one_object_on_stdout(task: Path, distill: Distill) -> None:
    """Scripts read stdout; everything for people is on stderr."""
    found = json.loads(distill("run", task, "--json").out)
    assert found["exit"] == 0
    row = json.loads(distill("plan", task, "--json", "--no-pilot").out)
    assert row["spenders"][0]["to_send"] == 0


def test_explain_tells_a_rows_way(task: Path, distill: Distill) -> None:
    """Seed, request, answer, scores and fate of one line."""
    assert distill("run", task).code == 0
    shown = distill("explain", task.parent / "runs" / "mood" / "001", "5")
    assert shown.code == 0, shown.err
    assert "seeds.jsonl:5" in shown.out
    assert "stages" not in shown.err
    assert "curate" in distill("status", task).out


def test_init_writes_a_task_that_validates(tmp_path: Path, distill: Distill) -> None:
    """A newcomer's first task is sound, and a second init writes nothing."""
    assert distill("init", tmp_path / "my-task").code == 0
    assert distill("validate", tmp_path / "my-task").code == 0
    assert distill("init", tmp_path / "my-task").code == 2


def test_a_key_never_shows(task: Path, monkeypatch: pytest.MonkeyPatch, distill: Distill) -> None:
    """A refused endpoint's error, the store and the run hold no key."""
    task.write_text(
        task.read_text().replace(
            "model: scripted",
            "model: m, base_url: 'http://127.0.0.1:9/v1', limits: {attempts: 1}, price: {input: 1, output: 1}",
        )
    )
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-48213")
    shown = distill("run", task)
    assert shown.code == 3, shown.err
    held = b"".join(path.read_bytes() for path in task.parent.rglob("*") if path.is_file())
    assert "sk-canary" not in shown.err + shown.out
    assert b"sk-canary" not in held


def test_how_a_file_was_read_is_one_line_on_stderr_or_in_the_object(task: Path, distill: Distill) -> None:
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    table = "message\tkind\n" + "".join(f"{row['message']}\t{row['kind']}\n" for row in rows)
    (task.parent / "seeds.csv").write_text(table, encoding="utf-16")
    shown = distill("validate", task, "--set", "seeds={from: seeds.csv, test: {rows: 4}}")
    assert shown.code == 0
    assert shown.err.startswith("note: seeds.csv: read as utf-16, tab between cells")
    shown = distill("validate", task, "--set", "seeds={from: seeds.csv, test: {rows: 4}}", "--json")
    assert shown.err == ""
    assert json.loads(shown.out)["notes"][0].startswith("seeds.csv: read as utf-16")
