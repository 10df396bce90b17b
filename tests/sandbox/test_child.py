"""What a check is given and what it may return: rows as the contract says, and nothing else of ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import SpecError
from distill.sandbox.pool import greet
from distill.sandbox.process import CheckResult, SandboxLimits, Source

Ask = Callable[..., list[CheckResult]]


@pytest.mark.parametrize(
    ("given", "score", "message"),
    [
        ("True", 1.0, ""),
        ("False", 0.0, ""),
        ("0.25", 0.25, ""),
        ("1", 1.0, ""),
        ("(False, 'the total is wrong')", 0.0, "the total is wrong"),
        ("(0.5, '')", 0.5, ""),
        ("(False, 'a\\n  b' + chr(0xD83D))", 0.0, "a b\ufffd"),
        ("(False, 'x' * 10**6)", 0.0, "x" * 299 + "…"),
    ],
)
def test_what_a_check_may_return(ask: Ask, given: str, score: float, message: str) -> None:
    assert ask(f"def check(row): return {given}", ["a"]) == [CheckResult(score, message)]


def test_a_row_is_told_as_the_contract_says(ask: Ask) -> None:
    """Texts of the table that hold JSON arrive as its values."""
    text = """\
    def check(row):
        assert sorted(row) == ["answer", "fields", "gold", "input", "labels", "parsed", "prompt", "stratum", "tool_calls"]
        assert (row["prompt"], row["labels"], row["fields"], row["tool_calls"]) == ([], {}, None, [])
        return row["parsed"] == {"n": [1, "é\\U0001F600"]}
    """
    answers = ['{"n": [1, "é😀"]}', "no JSON", "[NaN]", '{"a": 1, "a": 2}', "[" * 5000]
    assert [one.score for one in ask(text, answers)] == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_half_an_emoji_goes_there_and_comes_back_as_a_table_can_hold_it(ask: Ask) -> None:
    text = 'def check(row): return row["parsed"] == chr(0xD83D), row["parsed"]'
    assert ask(text, ['"\\ud83d"']) == [CheckResult(1.0, "\ufffd")]


def test_what_is_printed_goes_nowhere(ask: Ask, capfd: pytest.CaptureFixture[str]) -> None:
    text = """\
    import os, sys
    print("at import")
    def check(row):
        print("x" * 10**5, flush=True)
        print("x" * 10**5, file=sys.stderr, flush=True)
        os.write(1, b"[0, 1.0, 2]\\n")
        assert sys.stdin.read() == ""
        return True
    """
    assert ask(text, ["a"] * 5) == [CheckResult(1.0)] * 5
    assert capfd.readouterr() == ("", "")


def test_no_variable_of_ours_is_there(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in its own environment nor, where the kernel can close it, in that of the process above."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-48213")
    text = """\
    import os
    def check(row):
        return not any("KEY" in name or "canary" in value for name, value in os.environ.items()), " ".join(os.environ)
    """
    (verdict,) = ask(text, ["a"])
    assert verdict.score == 1.0, verdict


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_the_environment_of_the_process_above_cannot_be_read_where_landlock_holds(ask: Ask) -> None:
    held: set[str] = set()
    (verdict,) = ask(
        "import os\ndef check(row): return bool(open(f'/proc/{os.getppid()}/environ', 'rb').read())", ["a"], held=held
    )
    if "landlock" not in held:
        pytest.skip("this kernel has no Landlock")
    assert "PermissionError" in verdict.cause


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("import json\n1 / 0\n", ":2", "ZeroDivisionError: division by zero"),
        ("from no_such_library import x\n", ":1", "No module named 'no_such_library'"),
        ("raise SystemExit(3)\n", ":1", "SystemExit: 3"),
        ("import os\nos._exit(0)\n", "", "ended its process (exit code 0)"),
        ("check = 3\n", "", "it defines no function 'check'"),
        ("x = bytearray(10**10)\n", ":1", "it needs more than 512 MiB; raise `megabytes`"),
        ("open('/tmp/x', 'w')\n", ":1", "PermissionError"),
        ("import os\nfor n in range(3, 256):\n  try: os.write(n, b'noise\\n')\n  except OSError: pass\n", "", "the pipe to distill"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_imported_is_its_authors_fault(
    ask: Ask, tmp_path: Path, text: str, where: str, why: str
) -> None:
    source = Source(tmp_path / "verify.py", text, "check")
    for meet in (lambda: ask(text, ["a", "b"]), lambda: greet(source, SandboxLimits())):
        with pytest.raises(SpecError) as caught:
            meet()
        (fault,) = caught.value.faults
        assert fault.where == f"{tmp_path / 'verify.py'}{where}"
        assert why in fault.message


def test_an_import_that_never_ends_is_too(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distill.sandbox.process.IMPORT_S", 1.0)
    for meet in (
        lambda: ask("while True: pass", ["a"]),
        lambda: greet(Source(tmp_path / "v.py", "while 1: pass", "check"), SandboxLimits()),
    ):
        with pytest.raises(SpecError, match="it takes more than 1 s"):
            meet()
