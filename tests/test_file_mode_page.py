"""The recipes of docs/file-mode.md, run as they stand with a `vllm` that writes down how it was called."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs" / "file-mode.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
STUB = """#!/bin/sh
while [ $# -gt 0 ]; do case $1 in -i) i=$2;; -o) o=$2;; --model) m=$2;; --served-model-name) n=$2;; esac; shift; done
echo "$i $m $n" > "$o"
"""


def put(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def run(script: str, folder: Path, **env: str) -> None:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    subprocess.run(["/bin/sh", "-eu", "-c", script], cwd=folder, check=True, timeout=30, env={"PATH": path, **env})


def requests(folder: Path) -> None:
    put(folder / "bin" / "vllm", STUB, 0o755)
    for name in ("a", "b"):
        put(folder / "requests" / f"{name}.jsonl", '{"custom_id":"1-0","body":{"messages":[],"model":"org/m"}}\n')
    (folder / "results").mkdir(parents=True)


def results(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "results").iterdir()}


def test_vllm_by_hand(tmp_path: Path) -> None:
    folder = tmp_path / ".distill" / "file-mode"
    requests(folder)
    put(tmp_path / "bin" / "vllm", STUB, 0o755)
    run(BLOCKS[0], tmp_path)
    assert results(folder) == {f"{name}.jsonl": f"requests/{name}.jsonl org/m \n" for name in ("a", "b")}


def test_slurm_answers_the_files_of_the_list(tmp_path: Path) -> None:
    """Each task its own file, also where one was taken in and is gone meanwhile."""
    requests(tmp_path)
    put(tmp_path / "bin" / "sbatch", '#!/bin/sh\necho "$@" > sbatch.log\n', 0o755)
    put(tmp_path / "answer.sbatch", BLOCKS[1])
    run(BLOCKS[2].replace("cd /shared/teacher\n", ""), tmp_path)
    assert (tmp_path / "sbatch.log").read_text() == "--array=1-2 answer.sbatch\n"
    (tmp_path / "requests" / "a.jsonl").unlink()
    run("sh answer.sbatch", tmp_path, SLURM_ARRAY_TASK_ID="2")
    assert results(tmp_path) == {"b.jsonl": "requests/b.jsonl org/m \n"}


def test_a_stick_carries_both_ways(tmp_path: Path) -> None:
    folder = tmp_path / ".distill" / "file-mode"
    requests(folder)
    put(tmp_path / "bin" / "vllm", STUB, 0o755)
    (tmp_path / "stick").mkdir()
    run(BLOCKS[3].replace("/media/stick", str(tmp_path / "stick")), tmp_path)
    assert sorted(results(folder)) == ["a.out", "b.out"]
