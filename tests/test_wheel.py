"""What `pip install` puts on a machine is what the repository holds: no template, table or example is left behind."""

from __future__ import annotations

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
