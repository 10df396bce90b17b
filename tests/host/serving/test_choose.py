"""Which engine a base gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.host.home import Home
from distill.host.serving.choose import choices
from distill.host.settings import HostSettings


def gguf(path: Path, architecture: str) -> str:
    """The head of a GGUF file, which is all that is read."""
    name, said = b"general.architecture", architecture.encode()
    field = len(name).to_bytes(8, "little") + name + (8).to_bytes(4, "little") + len(said).to_bytes(8, "little") + said
    path.write_bytes(
        b"GGUF" + (3).to_bytes(4, "little") + (0).to_bytes(8, "little") + (1).to_bytes(8, "little") + field
    )
    return str(path)


def test_each_base_gets_the_best_engine_that_is_here(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="the embedded extra is not installed")
    (tmp_path / "folder").mkdir()
    bases = {
        "small": "embedded/smollm2-135m",
        "file": gguf(tmp_path / "a.gguf", "qwen3"),
        "odd": gguf(tmp_path / "b.gguf", "mamba"),
        "folder": str(tmp_path / "folder"),
    }
    found = choices(HostSettings(bases=bases), Home(tmp_path))
    assert [(one.base, one.engine) for one in found] == [
        ("small", "llama.cpp"), ("file", "llama.cpp"), ("odd", "transformers"), ("folder", "transformers"),
    ]  # fmt: skip
    assert "mamba" in found[2].why
    assert all(one.why for one in found)


def test_a_server_that_is_named_answers_for_all(tmp_path: Path) -> None:
    settings = HostSettings(bases={"any": "who/knows"}, upstream="http://127.0.0.1:1/v1")
    assert [one.engine for one in choices(settings, Home(tmp_path))] == ["upstream"]


def test_a_base_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder or file"):
        choices(HostSettings(bases={"gone": "./gone"}), Home(tmp_path))
