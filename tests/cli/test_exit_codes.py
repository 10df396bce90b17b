"""However a command ends: interrupted, unread, in an encoding that lacks a letter, or wrong with `--json`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ended import Distill

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
INTERRUPTED = """
import os, signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name != {module!r}:
            return
        for interrupt in {signals!r}:
            if os.fork() == 0:
                for number, stream in ((1, "stdout"), (2, "stderr")):
                    os.dup2(os.open(interrupt + "." + stream, os.O_CREAT | os.O_WRONLY), number)
                os.kill(os.getpid(), signal.Signals[interrupt])
                return
            print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
        os._exit(0)

from distill.__main__ import main
sys.meta_path.insert(0, Interrupts())
sys.argv = ["distill", "validate", {spec!r}]
main()
"""


@pytest.mark.parametrize(
    "module", ["distill.cli.app", "asyncio.base_events", "typer", "pydantic", "polars", "distill.pipeline.open_task"]
)
def test_an_interrupt_before_anything_is_sent_has_its_sentence(task: Path, tmp_path: Path, module: str) -> None:
    """From the first import on: exit 130, one line, no traceback; a fork for each signal, where the import begins."""
    code = INTERRUPTED.format(module=module, signals=SIGNALS, spec=str(task))
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.stdout.split() == ["130"] * 3, ended
    for name in SIGNALS:
        said = (tmp_path / f"{name}.stderr").read_text()
        assert said == "error: interrupted; everything answered is kept, run again to go on\n"
        assert (tmp_path / f"{name}.stdout").read_text() == ""


@pytest.mark.parametrize("args", [["gates"], ["gates", "--json"], ["schema"], ["--help"]])
def test_output_that_nobody_reads_is_no_fault(args: list[str]) -> None:
    """`distill … | head -1` ends with 0, so that `set -o pipefail` holds."""
    command = [sys.executable, "-m", "distill", *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 0, said
    assert said == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_letter_that_the_encoding_lacks_is_written_as_its_escape(tmp_path: Path, encoding: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "distill", "init", str(tmp_path / "Kärntner Straße – 東京")],
        capture_output=True, env=os.environ | {"PYTHONIOENCODING": encoding}, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended
    assert rb"\u2013 \u6771\u4eac" in ended.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["validate", "--json"], "Missing argument 'SPEC'"),
        (["validate", "nowhere", "--json"], "no spec at nowhere"),
        (["status", "nowhere", "--json"], "no run 'nowhere'"),
        (["run", "nowhere", "--json", "--max-usd", "0"], "--max-usd"),
        (["show", "nowhere", "--json"], "no run 'nowhere'"),
        (["valdate", "--json"], "No such command"),
    ],
)
def test_an_error_with_json_is_one_object_on_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, distill: Distill, args: list[str], said: str
) -> None:
    """Scripts read stdout whatever happens; nothing is on stderr."""
    monkeypatch.chdir(tmp_path)
    ended = distill(*args)
    assert ended.code == 2
    assert ended.err == ""
    error = json.loads(ended.out)["error"]
    assert error["code"] == 2
    assert error["faults"] == []
    assert said in error["message"]


@pytest.mark.parametrize("args", [["-h"], ["--help"], ["validate", "-h"], ["-V"], ["--version"]])
def test_help_and_version_by_either_name(distill: Distill, args: list[str]) -> None:
    said = distill(*args)
    assert said.code == 0
    assert said.out
    assert said.err == ""


@pytest.mark.parametrize("to", ["1>/dev/full", "1>&-", "2>&-", "2>/dev/full"])
@pytest.mark.parametrize("more", ["", "--json"])
def test_a_refusal_that_cannot_be_written_keeps_its_exit_code(tmp_path: Path, to: str, more: str) -> None:
    command = f"exec {sys.executable} -m distill validate nowhere {more} {to}"
    ended = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)  # noqa: S602  # a shell's redirections
    assert ended.returncode == 2, ended
    assert "Traceback" not in ended.stderr


def test_a_working_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    command = f'rmdir "{tmp_path}" && exec {sys.executable} -m distill status x'
    ended = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)  # noqa: S602  # a shell removes its own folder
    assert ended.returncode == 2, ended
    assert "the working folder is not there any more" in ended.stderr
