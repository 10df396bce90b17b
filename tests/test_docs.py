"""The documents are true: their commands run, their generated pages are fresh, their links lead somewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data" / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]


def commands(page: Path) -> list[str]:
    """The lines that begin with `$ ` in the page's console blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def test_the_readmes_commands_run(tmp_path: Path) -> None:
    """Each `$ distill …` of the README ends with 0, in a copy of the project, in the order of the page."""
    shown = commands(ROOT / "README.md")
    assert len(shown) >= 2
    for name in ("prompts", "data", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    for command in shown:
        words = command.split()
        assert words[0] == "distill"
        done = subprocess.run(
            [sys.executable, "-m", "distill", *words[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stderr)


def test_the_readmes_make_targets_exist() -> None:
    """Every `make x` that the README names is a target."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", (ROOT / "README.md").read_text())) <= targets


def test_the_generated_pages_are_fresh(tmp_path: Path) -> None:
    """docs/cli.md and docs/task.schema.json are what `make docs` would write."""
    from distill import spec

    assert json.loads((ROOT / "docs" / "task.schema.json").read_text()) == spec.schema(), "run `make docs`"
    page = tmp_path / "cli.md"
    typer = Path(sys.executable).with_name("typer")
    call = [typer, "distill.cli.app", "utils", "docs", "--name", "distill", "--output", page]
    subprocess.run(call, cwd=ROOT, check=True, capture_output=True)
    assert page.read_text() == (ROOT / "docs" / "cli.md").read_text(), "run `make docs`"


def test_the_specs_that_pages_show_are_specs() -> None:
    """Each YAML block of docs/teachers.md is a part of a spec that is taken as it stands."""
    from distill import spec

    whole = {"task": "t", "seeds": {"from": "a.jsonl"}, "teacher": {"model": "m"}}
    blocks = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs" / "teachers.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    for block in blocks:
        part = yaml.safe_load(block)
        teacher = {**whole["teacher"], **part.get("teacher", {})}
        spec.TaskSpec.model_validate({**whole, **part, "teacher": teacher})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    """Every relative link of a page is a file or folder of the project."""
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), link


def test_every_decision_is_in_the_index() -> None:
    """docs/index.md lists each page of docs/decisions."""
    index = (ROOT / "docs" / "index.md").read_text()
    assert all(f"decisions/{page.name}" in index for page in (ROOT / "docs" / "decisions").iterdir())


def test_the_layout_picture_names_every_package() -> None:
    """docs/concepts.md shows each module and folder at the top of the package."""
    picture = (ROOT / "docs" / "concepts.md").read_text()
    for path in sorted((ROOT / "distill").iterdir()):
        if path.name.startswith(("_", ".")) or path.suffix not in ("", ".py"):
            continue
        assert re.search(rf"^  {path.stem}\b", picture, re.MULTILINE), path.name
