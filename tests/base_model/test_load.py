"""Loading a base, and refusing what cannot be loaded before it is tried."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from distill.base_model import load
from distill.errors import UsageError


def test_a_base_that_is_too_large_is_refused_before_it_is_read(
    tiny_family: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_family("llama")
    monkeypatch.setattr(load, "free_bytes", lambda: 1000)
    with pytest.raises(UsageError, match=r"takes about .* GiB of memory as (bfloat16|float32), and 0\.0 GiB are free"):
        load.model(folder)


def test_memory_is_what_this_machine_has_free() -> None:
    free = load.free_bytes()
    assert free is None or 1 << 20 < free < 1 << 50


def test_weights_that_are_torn_are_told(tiny_family: Callable[[str], Path], tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "torn"
    shutil.copytree(tiny_family("llama"), folder)
    (folder / "model.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(UsageError, match="its weights cannot be loaded"):
        load.model(folder)


def test_a_template_of_a_file_takes_the_place_of_the_bases_own(
    tiny_family: Callable[[str], Path], tmp_path: Path
) -> None:
    own = "{% for m in messages %}[{{ m.role }}]{{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
    (tmp_path / "chat.jinja").write_text(own)
    assert load.tokeniser(tiny_family("qwen3"), tmp_path / "chat.jinja").chat_template == own


def test_a_tokeniser_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(UsageError, match="its tokeniser cannot be loaded"):
        load.tokeniser(tmp_path)


def test_a_quantised_base_is_refused_without_a_gpu(
    tiny_family: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=r"a base in 4 bits .* needs an NVIDIA GPU and the package bitsandbytes"):
        load.model(tiny_family("llama"), bits=4)
