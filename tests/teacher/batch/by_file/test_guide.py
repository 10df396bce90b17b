"""The command that a person is told runs as it stands, whatever folder and model are called."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from distill.teacher.batch.by_file import guide

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
def test_several_files_are_a_loop(tmp_path: Path, model: str) -> None:
    folder = tmp_path / "a folder"
    (folder / "requests").mkdir(parents=True)
    for name in ("a", "b"):
        (folder / "requests" / f"{name}.jsonl").touch()
    assert called(guide.command(folder, ["a", "b"], model), tmp_path) == [
        ["run-batch", "-i", f"requests/{name}.jsonl", "-o", f"results/{name}.jsonl", "--model", model]
        for name in ("a", "b")
    ]


def test_the_readme_has_the_command_of_its_model(tmp_path: Path) -> None:
    said = guide.readme("org/model-8b")
    assert "--model org/model-8b; done" in said
    assert "--served-model-name org/model-8b" in said
