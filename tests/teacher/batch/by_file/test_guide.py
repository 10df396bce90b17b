"""The command that is printed runs as it stands, whatever folder and model are called."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from distill.records import Request
from distill.teacher.batch.by_file import guide
from distill.teacher.batch.files import input_file

VLLM = """#!/bin/sh
printf '%s|' "$@" >> "$LOG"
echo >> "$LOG"
"""
"""Writes down how it was called."""


def called(command: str, tmp_path: Path) -> list[list[str]]:
    (tmp_path / "bin").mkdir()
    vllm, log = tmp_path / "bin" / "vllm", tmp_path / "log"
    vllm.write_text(VLLM)
    vllm.chmod(0o755)
    env = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "LOG": str(log)}
    subprocess.run(["/bin/sh", "-ec", command], check=True, env=env, timeout=30)
    return [line.split("|")[:-1] for line in log.read_text().splitlines()]


@pytest.mark.parametrize("model", ["org/model-8b", "it's $HOME; odd"])
def test_one_file_is_named(tmp_path: Path, model: str) -> None:
    folder = tmp_path / "a folder"
    assert called(guide.command(folder, ["mood-001"], model), tmp_path) == [
        [
            "run-batch",
            "-i",
            f"{folder}/requests/mood-001.jsonl",
            "-o",
            f"{folder}/results/mood-001.jsonl",
            "--model",
            model,
        ]
    ]


@pytest.mark.parametrize("model", ["org/model-8b", "it's $HOME; odd"])
def test_several_files_are_a_loop_over_those_of_their_beginning(tmp_path: Path, model: str) -> None:
    """Another model's requests may lie beside them."""
    folder, names = tmp_path / "a folder", ["mood-001-teacher-b1", "mood-001-teacher-b2"]
    (folder / "requests").mkdir(parents=True)
    for name in (*names, "mood-001-judge-m-b3"):
        (folder / "requests" / f"{name}.jsonl").touch()
    assert called(guide.command(folder, names, model), tmp_path) == [
        ["run-batch", "-i", f"requests/{name}.jsonl", "-o", f"results/{name}.jsonl", "--model", model] for name in names
    ]


def test_the_readmes_loop_takes_each_files_own_model(tmp_path: Path) -> None:
    """As it stands in its own line of the body, whatever a prompt says of one."""
    (tmp_path / "requests").mkdir()
    for name, model in (("a", "org/model-8b"), ("b", "m2")):
        turns = [{"role": "user", "content": '"model":"x" {"model": "y"}'}]
        made = Request("here", {"model": model, "messages": turns, "temperature": 0.5})
        (tmp_path / "requests" / f"{name}.jsonl").write_bytes(2 * input_file.line(made, "/v1/chat/completions"))
    (loop,) = re.findall(r"^```sh\n(.*?)^```", guide.README, re.MULTILINE | re.DOTALL)
    assert [words[-1] for words in called(f"cd {tmp_path}\n{loop}", tmp_path)] == ["org/model-8b", "m2"]
