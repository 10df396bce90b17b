"""`distill preflight` and `distill.preflight`: a file, a run, a task; what is said, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chat_files import answer, chats, question, turn, written
from ended import Distill, refused

import distill as package
from distill.errors import UsageError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "rows.jsonl", chats())


def test_good_file_ends_with_0_and_one_sentence(file: Path, distill: Distill) -> None:
    said = distill("preflight", file)
    assert said.code == 0
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[0].endswith("rows.jsonl: 60 rows")
    assert lines[-1] == "nothing is wrong with it"
    assert [line.split(":")[0] for line in lines[1:-1]] == ["tokens", "to begin with"]
    assert "estimated by tiktoken" in lines[1]


def test_stop_ends_with_4_and_names_the_line(file: Path, distill: Distill) -> None:
    rows = chats()
    rows[6]["messages"][-1]["content"] = ""
    said = distill("preflight", written(file, rows))
    assert said.code == 4
    assert "stop: empty_answer in 1 row of rows.jsonl: the answer is empty or blank\n    line 7: " in said.out
    assert said.out.splitlines()[-1] == "it would not train as it is: 1 kind of fault stops it"


def test_json_is_the_whole_report(file: Path, distill: Distill) -> None:
    said = distill(
        "preflight", file, "--host", "openai", "--base", "gpt-4.1-mini", "--epochs", "3", "--price", "2", "--json"
    )
    found = json.loads(said.out)
    assert found["there"]["tokens"] == 3 * found["tokens"]["total"]
    assert found["there"]["usd"] == pytest.approx(found["there"]["tokens"] * 2 / 1e6)
    assert found["tokens"]["context"] == 65_536
    assert found["ok"] is (said.code == 0)


def test_price_that_nobody_knows_is_no_zero(file: Path, distill: Distill) -> None:
    said = distill("preflight", file, "--host", "together", "--base", "meta-llama/Llama-3-8b")
    assert "epochs: unknown, no price is known here; see together.ai/pricing" in said.out
    assert said.code == 0


def test_base_here_is_estimated_with_what_is_assumed(file: Path, distill: Distill, tiny_base: Path) -> None:
    said = distill("preflight", file, "--base", tiny_base)
    assert said.code == 0
    assert "counted by the tokeniser of" in said.out
    assert "LoRA of rank 16 on 2 of 2 layers, " in said.out
    assert "GFLOP/s of a matrix product" in said.out


def test_rows_that_the_base_would_cut_stop(file: Path, distill: Distill, tiny_base: Path) -> None:
    row = {"messages": [turn("user", question(90)), turn("assistant", answer(90) * 9)]}
    said = distill("preflight", written(file, [*chats(), row]), "--base", tiny_base)
    assert said.code == 4
    assert "line 61: 6" in said.out
    assert "tokens, at most 512 train" in said.out


def test_what_a_file_holds_reaches_no_terminal(file: Path, distill: Distill) -> None:
    row = {"messages": [turn("user", question(91)), turn("assistant", answer(91))], "\x1b[31mred": 1}
    said = distill("preflight", written(file, [*chats(), row]))
    assert "unknown_key" in said.out
    assert "\x1b" not in said.out


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["none.jsonl"], ("no such file: none.jsonl",)),
        (["none"], ("no run 'none'",)),
        (["rows.jsonl", "--host", "opnai"], ("did you mean 'openai'",)),
        (["rows.jsonl", "--base", "./none"], ("no such folder or file: ./none",)),
        (["rows.jsonl", "--valid", "none.jsonl"], ("no such file: none.jsonl",)),
        (["rows.jsonl", "--epochs", "nan"], ("nan epochs", "above 0")),
        (["rows.jsonl", "--price", "-1"], ("a price of -1",)),
        (["rows.jsonl", "--set", "a=1"], ("--set changes a spec",)),
        (["mood", "--base", "x"], ("--base is for a file of rows",)),
    ],
)
def test_mistake_is_one_line(
    words: list[str], parts: tuple[str, ...], file: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    refused(distill("preflight", *words), *parts)


def test_run_is_checked_as_its_spec_trains(task_folder: Path, distill: Distill) -> None:
    """By its name, its folder's name or the task; what --set says counts."""
    refused(distill("preflight", "mood"), "no run 'mood'")
    for verb in ("generate", "curate", "export"):
        assert distill(verb, task_folder).code == 0
    said = distill("preflight", "mood/001", "--home", task_folder)
    assert said.code == 0
    assert said.out.splitlines()[0].startswith("mood/001/train.jsonl: ")
    hosted = distill("preflight", task_folder, "--set", "student.train={with: hosted, base: gpt-6-luna, epochs: 2}")
    assert hosted.code == 4
    assert "stop: base_not_tunable" in hosted.out
    assert " tokens in 2 epochs: unknown" in hosted.out


def test_general_rows_that_train_along_are_checked_with_the_run(
    task_folder: Path, distill: Distill, tiny_base: Path
) -> None:
    for verb in ("generate", "curate", "export"):
        assert distill(verb, task_folder, "--set", "student.train={with: none}").code == 0
    general = [
        {"messages": [{"role": "user", "content": f"say {n}"}, {"role": "assistant", "content": f"it is {n}"}]}
        for n in range(60)
    ]
    (task_folder / "general.jsonl").write_text("".join(json.dumps(row) + "\n" for row in general))
    way = f"student.train={{with: lora, base: {tiny_base}, replay: {{from: general.jsonl, share: 0.5}}}}"
    plain = json.loads(
        distill("preflight", task_folder, "--json", "--set", f"student.train={{with: lora, base: {tiny_base}}}").out
    )
    with_them = json.loads(distill("preflight", task_folder, "--json", "--set", way).out)
    assert (plain["replay"], with_them["replay"]) == (
        None,
        {"file": "general.jsonl", "rows": 60, "drawn": plain["rows"]},
    )
    assert with_them["here"]["tokens"] > plain["here"]["tokens"]
    (task_folder / "general.jsonl").write_text('{"messages": [{"role": "user", "content": "a"}]}\n')
    stopped = distill("preflight", task_folder, "--set", way)
    assert stopped.code == 4
    assert "of general.jsonl: " in stopped.out


def test_python_gives_the_same_report(file: Path) -> None:
    found = package.preflight(file)
    assert found.ok
    assert found.findings == ()
    assert found.tokens.longest >= found.tokens.median
    with pytest.raises(UsageError, match="no such file"):
        package.preflight(file.parent / "none.jsonl")
