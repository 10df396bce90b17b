"""The user's file: what is wrong with it is found without running a line of it."""

from __future__ import annotations

import pytest

from distill.curate.gates.verify.source import source_faults

ODD = "def check(row): return row['parsed']['n'] % 2 == 1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def check(row) return 1", ":1: no Python: expected ':'"),
        ("\n\ndef check(:", ":3: no Python"),
        ("x = '\\ud800'\n\x00", ":2: no Python: it holds a NUL byte"),
        ("def chek(row): return 1", ": defines no function 'check'; did you mean 'chek'?"),
        ("", ": defines no function 'check'"),
        ("async def check(row): return 1", ":1: `async def check`: expected a plain function"),
        ("def check(): return 1", ":1: `check` is called with one argument, the row"),
        ("def check(row, other): return 1", ":1: `check` is called with one argument, the row"),
        ("def check(row, *, other): return 1", ":1: `check` is called with one argument, the row"),
        ("class A:\n    def check(self, row): return 1", ": defines no function 'check'"),
    ],
)
def test_a_file_that_cannot_be_called_is_a_fault(tmp_path, text, said):
    (tmp_path / "verify.py").write_text(text)
    (fault,) = source_faults("verify.py:check", tmp_path)
    assert str(fault).startswith(f"{tmp_path / 'verify.py'}{said}")


@pytest.mark.parametrize(
    "text",
    [
        "def check(row, strict=True): return 1",
        "def check(*rows): return 1",
        "check = lambda row: 1",
        "from operator import truth as check",
        "def check(): ...\ndef check(row): return 1",
        "if True:\n    def made(row): return 1\n    check = made",
        "open('written.txt', 'w')\ndef check(row): return 1",
        "# -*- coding: latin-1 -*-\nx = '\xe9'\ndef check(row): return 1",
        "x = '\\d'\ndef check(row): return 1",
    ],
)
def test_a_file_that_may_be_called_is_not_run(tmp_path, text):
    (tmp_path / "verify.py").write_bytes(text.encode("latin-1"))
    assert source_faults("verify.py:check", tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["verify.py"]


@pytest.mark.parametrize(
    "function", ["../other/verify.py:check", "/other/x.py:check", "link.py:check", "inner/../../x.py:check"]
)
def test_only_a_file_of_the_task_itself_is_run(tmp_path, function):
    folder = tmp_path / "task"
    (tmp_path / "other").mkdir()
    folder.mkdir()
    (tmp_path / "other" / "verify.py").write_text(ODD)
    (folder / "link.py").symlink_to(tmp_path / "other" / "verify.py")
    (fault,) = source_faults(function, folder)
    assert "lies outside the task's folder" in fault.message


@pytest.mark.parametrize(
    "function", ["verify.py", "check", "verify.txt:check", "verify.py:", "verify.py:a.b", ":check"]
)
def test_a_function_is_named_by_its_file(tmp_path, function):
    (fault,) = source_faults(function, tmp_path)
    assert fault.message == f"is {function!r}: expected FILE.py:NAME, e.g. 'verify.py:check'"


def test_a_missing_file_or_a_folder_is_a_fault(tmp_path):
    (tmp_path / "vrify.py").write_text(ODD)
    (tmp_path / "folder.py").mkdir()
    assert source_faults("verify.py:check", tmp_path)[0].message == "no such file; the folder holds folder.py, vrify.py"
    assert "no such file" in source_faults("folder.py:check", tmp_path)[0].message
