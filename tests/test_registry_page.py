"""docs/registry.md and docs/diff.md: their commands run in their order, and the code that reads the student does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ended import Distill

DOCS = Path(__file__).parents[1] / "docs"


def commands(page: str) -> list[list[str]]:
    found = re.findall(r"^\$ distill (.+)$", (DOCS / page).read_text(), re.MULTILINE)
    return [line.replace("support-triage", "mood").split() for line in found]


def test_the_commands_of_the_pages(home: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    assert distill("promote", "mood/001").code == 0
    for words in (*commands("registry.md"), *commands("diff.md")):
        more = ["--anyway"] if words[0] == "promote" else []
        assert distill(*words, *more).code == 0, words


def test_the_code_that_reads_the_student(home: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the form that this student has."""
    monkeypatch.chdir(home)
    assert distill("promote", "mood/001").code == 0
    code = re.search(r"```python\n(.*?)```", (DOCS / "registry.md").read_text(), re.DOTALL)
    assert code
    names: dict[str, object] = {}
    exec(code[1].replace("support-triage", "mood").replace('"gguf"', '"linear"'), names)  # noqa: S102  # our own page
    assert names["prompt"] == (home / "student.md").read_text()
    assert names["adapter"] == home.resolve() / "registry/mood" / str(names["student"]["folder"]) / "student/linear.npz"  # type: ignore[index]  # the page set it to a dict
