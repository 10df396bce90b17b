"""One process holds a folder at a time, and the next is told which."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.folder_lock import locked


def test_the_second_is_told_who_holds_it_and_the_third_may(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    with (
        locked(folder, "the shelf", "wait"),
        pytest.raises(UsageError, match=rf"^the shelf is held by process {os.getpid()}; wait$"),
    ):
        locked(folder, "the shelf", "wait").__enter__()
    with locked(folder, "the shelf", "wait"):
        pass
