"""A folder that is not whole is said as a whole, before a row meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from route_folders import written

import distill
from distill.errors import UsageError


def test_what_is_missing_is_named_at_once(tmp_path: Path) -> None:
    folder = written(tmp_path / "out")
    for name in ("student.md", "nearest.npz"):
        (folder / name).unlink()
    with pytest.raises(UsageError, match=r"nearest.npz, student.md of .* are not there; write the folder anew"):
        distill.load_routes(folder)


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("routes.json", "{", "routes.json cannot be read"),
        ("routes.json", "[]", "routes.json"),
        ("answer.schema.json", "{", "answer.schema.json cannot be read"),
        ("nearest.npz", "no archive", "nearest.npz cannot be read"),
    ],
)
def test_a_torn_file_is_named(name: str, content: str, part: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "out")
    (folder / name).write_text(content)
    with pytest.raises(UsageError, match=part):
        distill.load_routes(str(folder))


def test_a_folder_of_a_later_version_and_one_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no routes.json in .*distill routes RUN --out DIR"):
        distill.load_routes(tmp_path)
    folder = written(tmp_path / "out")
    plan = json.loads((folder / "routes.json").read_bytes())
    (folder / "routes.json").write_text(json.dumps(plan | {"version": 2}))
    with pytest.raises(UsageError, match="version 2, and this distill reads 1"):
        distill.load_routes(folder)
