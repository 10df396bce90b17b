"""A whole model that is written is read back with its weights, its end of an answer and its template."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.base_model import load, save


def test_a_model_is_stored_as_it_is_told_and_keeps_its_own_precision(
    tiny_family: Callable[[str], Path], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    base = tiny_family("qwen3")
    model, tokenizer = load.model(base, dtype=torch.float32), load.tokeniser(base)
    save.whole(model, tokenizer, tmp_path / "out", dtype=torch.bfloat16)
    assert model.dtype == torch.float32
    assert save.stored_dtype(tmp_path / "out") == torch.bfloat16
    again = load.model(tmp_path / "out", dtype=torch.float32)
    for (name, one), two in zip(model.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(one.to(torch.bfloat16).float(), two), name
    ends = json.loads((tmp_path / "out" / "generation_config.json").read_text())["eos_token_id"]
    assert tokenizer.convert_tokens_to_ids("<|im_end|>") in ends
    assert load.tokeniser(tmp_path / "out").chat_template == tokenizer.chat_template
