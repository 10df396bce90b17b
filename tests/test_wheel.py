"""What `pip install` puts on a machine is what the repository holds: no template, table or example is left behind."""

from __future__ import annotations

import re
import subprocess
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def packed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The files of the wheel, as the build backend lists them from pyproject.toml."""
    from setuptools import Distribution

    monkeypatch.chdir(ROOT)
    with warnings.catch_warnings(action="ignore"):  # what setuptools thinks of its own future is not ours to hold
        distribution = Distribution({"script_name": "setup.py"})
        distribution.parse_config_files()
        command = distribution.get_command_obj("build_py")
        command.ensure_finalized()
        modules = {path for _, _, path in command.find_all_modules()}
        data = {f"{source}/{name}" for _, source, _, names in command.data_files for name in names}
    return {Path(path).as_posix() for path in modules | data}


def tracked() -> set[str]:
    """The files of the package that git holds."""
    listed = subprocess.run(["git", "ls-files", "-z", "distill"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - git of the path
    if listed.returncode:
        pytest.skip("no checkout of git")
    return {path for path in listed.stdout.split("\0") if path and (ROOT / path).exists()}


def test_every_file_of_the_package_is_in_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    files = tracked()
    assert {
        "distill/py.typed",
        "distill/starter/first_task/seeds.jsonl",
        "distill/report/templates/page.html.j2",
    } <= files
    assert sorted(files - packed(monkeypatch)) == []


def test_the_image_is_built_from_what_is_here() -> None:
    """What the Dockerfile copies exists, no rule of .dockerignore hides it, and it takes the versions that `make` takes."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = {
        name for line in lines if line.startswith("COPY ") and "--from=" not in line for name in line.split()[1:-1]
    }
    named = {name for name in copied if not name.startswith("--")}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {name.split("/")[0] for name in named} == allowed
    assert all((ROOT / name).exists() for name in named)
    pinned = set(re.findall(r"[\w-]+==[\w.]+", "\n".join(lines)))
    assert pinned
    assert pinned <= set(re.findall(r"[\w-]+==[\w.]+", (ROOT / "Makefile").read_text()))
