"""The embedded model as a base that can be trained."""

from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.student.base import dequantised


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no GGUF file at .*none\.gguf"):
        dequantised(tmp_path / "none.gguf", tmp_path / "bases")
