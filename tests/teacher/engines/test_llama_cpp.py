"""llama.cpp as a server of any GGUF file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.teacher.engines import llama_cpp


def test_a_missing_package_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with (
        pytest.raises(UsageError, match=r"llama\.cpp needs the package xllamacpp .*pip install"),
        llama_cpp.serve(tmp_path / "a.gguf", "a", context=64),
    ):
        pass


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="the embedded extra is not installed")
    (tmp_path / "a.gguf").write_bytes(b"nothing of the kind")
    with (
        pytest.raises(UsageError, match=r"a\.gguf cannot be served"),
        llama_cpp.serve(tmp_path / "a.gguf", "a", context=64),
    ):
        pass


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("1", 1), ("0", None), ("many", None), ("", None)])
def test_the_users_number_of_threads_is_kept(monkeypatch: pytest.MonkeyPatch, given: str, threads: int | None) -> None:
    """As a training keeps it; what is no number counts as none."""
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert llama_cpp.threads() == (threads or 8)
