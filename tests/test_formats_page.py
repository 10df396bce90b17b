"""docs/formats.md is true: its commands run, and what it says of pairs holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from ended import Distill

PAGE = (Path(__file__).parents[1] / "docs" / "formats.md").read_text()


def test_the_commands_of_the_page_run(task_folder: Path, monkeypatch: pytest.MonkeyPatch, distill: Distill) -> None:
    """On a small task of another name, in the order of the page; each ends with 0 and leaves files."""
    block = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
    commands = [line.removeprefix("$ distill ").split() for line in block.splitlines()]
    assert [words[0] for words in commands] == ["export", "export", "push"]
    for stage in ("generate", "curate"):
        assert distill(stage, "mood").code == 0
    for words in commands:
        done = distill(*("mood" if word == "support-triage" else word for word in words))
        assert done.code == 0, (words, done.err)
    folder = next(Path().glob("**/runs/mood/001/formats"))
    assert sorted(path.name for path in folder.iterdir()) == ["axolotl", "sharegpt", "trl"]
    assert (Path("triage-dataset") / "README.md").exists()


def test_the_spec_of_the_page_makes_pairs(task: Path, distill: Distill) -> None:
    part = yaml.safe_load(re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0])
    spec = yaml.safe_load(task.read_text())
    task.write_text(yaml.safe_dump({**spec, **part, "teacher": {**spec["teacher"], **part["teacher"]}}))
    for stage in ("generate", "curate"):
        assert distill(stage, task).code == 0
    done = distill("export", task, "--format", "trl-preference", "--margin", "0.3", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["pairs"]["pairs"] > 0
