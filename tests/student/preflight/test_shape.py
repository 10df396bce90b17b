"""How large a base is, by its config alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_models import FAMILIES

from distill.base_model import local
from distill.student.preflight import shape

QWEN3_06B = {
    "model_type": "qwen3", "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151_936, "tie_word_embeddings": True,
}  # fmt: skip
LLAMA_8B = {
    "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14_336, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "vocab_size": 128_256, "tie_word_embeddings": False,
}  # fmt: skip
SMOLLM2_135M = {
    "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
    "vocab_size": 49_152, "tie_word_embeddings": True,
}  # fmt: skip
PYTHIA_1B = {
    "model_type": "gpt_neox", "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 8,
    "vocab_size": 50_304, "tie_word_embeddings": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "params"),
    [
        (QWEN3_06B, 596e6),
        (LLAMA_8B, 8.03e9),
        (PYTHIA_1B, 1.01e9),
        (SMOLLM2_135M, 134.5e6),
        ({"text_config": 1}, None),
    ],
    ids=["qwen3-0.6b", "llama-8b", "pythia-1b", "smollm2-135m", "unknown"],
)
def test_parameters_are_within_two_percent(config: dict[str, object], params: float | None) -> None:
    """The published counts."""
    found = shape.of_config(config)
    assert (found and found.params) == (params and pytest.approx(params, rel=0.02))


@pytest.mark.parametrize("family", ["llama", "gptneox"])
def test_folder_with_weights_has_the_parameters_of_its_weights(family: str, tiny_family: Callable[[str], Path]) -> None:
    assert family in FAMILIES
    folder = tiny_family(family)
    found = shape.of_folder(folder)
    assert found is not None
    assert found.params == local.weight_bytes(folder) // 4
    assert found.layers == 2


def test_folder_without_a_config_has_no_shape(tmp_path: Path) -> None:
    assert shape.of_folder(tmp_path) is None


def test_config_of_a_model_that_reads_more_than_text(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gemma3", "text_config": QWEN3_06B}))
    found = shape.of_folder(tmp_path)
    assert found is not None
    assert found.layers == 28
