"""The public names of `import distill`: a list that is kept, light to import, each with what it takes or gives."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import distill
from distill.api.aio import EACH

NAMES = {
    "Exam", "Outcome", "Run", "Task", "aio", "balance", "errors", "gate", "load_linear", "load_routes", "near_pairs", "open_task", "plan_refresh",
    "preflight", "refresh", "run", "run_gates", "stages", "stats",
}  # fmt: skip
HEAVY = {"aiohttp", "importlib.metadata", "numpy", "openai", "polars", "pydantic", "scipy", "typer"}


def test_public_names_are_a_kept_list() -> None:
    assert set(distill.__all__) == NAMES
    assert set(dir(distill)) == {*NAMES, "__version__"}


def test_every_public_name_is_there() -> None:
    assert all(getattr(distill, name) is not None for name in NAMES)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_public_name_shows_its_use(name: str) -> None:
    """Its docstring has a block with an example, or with the shape of what it holds."""
    blocks = inspect.cleandoc(getattr(distill, name).__doc__).split("\n\n")[1:]
    assert any(re.search(r"\w\(|\w {2,}\S", block) for block in blocks), blocks


@pytest.mark.parametrize("name", ["run", "refresh", "exam", *EACH])
@pytest.mark.parametrize("module", ["aio", "stages"])
def test_stage_says_what_it_does(module: str, name: str) -> None:
    function = getattr(getattr(distill, module), name)
    assert function.__name__ == name
    assert inspect.iscoroutinefunction(function) is (module == "aio")
    assert name not in EACH or "→" in function.__doc__


def test_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(AttributeError, match="no attribute 'runn'; its names are Exam, Outcome, Run"):
        _ = distill.runn  # type: ignore[attr-defined]  # the name is wrong on purpose


def test_checkers_know_the_same_names() -> None:
    """What is imported for type checkers is what `__all__` says."""
    tree = ast.parse(Path(distill.__file__).read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    assert {
        alias.asname for node in ast.walk(guarded) if isinstance(node, ast.ImportFrom) for alias in node.names
    } == NAMES


def test_import_is_light() -> None:
    """A script that imports the package has not waited for a library yet."""
    code = "import sys; before = set(sys.modules); import distill; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [name for name in done.stdout.split() if name.startswith("distill")] == ["distill"]
    assert not HEAVY & set(done.stdout.split())


def test_on_windows_one_line_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from distill.__main__ import main

    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert capsys.readouterr().err == f"error: {distill.errors.NOT_HERE}\n"
    with pytest.raises(ImportError, match="WSL"):
        distill.open_task  # noqa: B018 - what looking it up does is the test
