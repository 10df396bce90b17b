"""A peft adapter as llama.cpp reads it."""

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from distill.student.trainers.gguf import AdapterError, gguf_name, interleaved, to_gguf

HEADS, HALF, RANK = 3, 4, 2


def test_scores_are_equal_in_both_rotary_layouts() -> None:
    """Hugging Face rotates entry i with i + half, llama.cpp 2i with 2i + 1: after `interleaved`, q·k is the same."""
    random = numpy.random.default_rng(0)
    angles = 5.0 * 10.0 ** -numpy.arange(HALF)

    def halves(x: Any) -> Any:
        a, b = x[:, :HALF], x[:, HALF:]
        return numpy.concatenate(
            [a * numpy.cos(angles) - b * numpy.sin(angles), b * numpy.cos(angles) + a * numpy.sin(angles)], 1
        )

    def pairs(x: Any) -> Any:
        a, b = x[:, 0::2], x[:, 1::2]
        turned = [a * numpy.cos(angles) - b * numpy.sin(angles), b * numpy.cos(angles) + a * numpy.sin(angles)]
        return numpy.stack(turned, -1).reshape(x.shape)

    q, k = random.normal(size=(2, HEADS * 2 * HALF, RANK))
    x = random.normal(size=RANK)
    ours = [(interleaved(w, HEADS) @ x).reshape(HEADS, -1) for w in (q, k)]
    theirs = [(w @ x).reshape(HEADS, -1) for w in (q, k)]
    assert numpy.allclose((pairs(ours[0]) * ours[1]).sum(1), (halves(theirs[0]) * theirs[1]).sum(1))
    assert not numpy.allclose((pairs(theirs[0]) * theirs[1]).sum(1), (halves(theirs[0]) * theirs[1]).sum(1))


@pytest.mark.parametrize(
    "name", ["base_model.model.lm_head.lora_A.weight", "base_model.model.model.layers.0.mlp.experts.lora_A.weight", "x"]
)
def test_a_tensor_without_a_llama_cpp_name_is_refused(name: str) -> None:
    with pytest.raises(AdapterError, match=r"no llama\.cpp name"):
        gguf_name(name, "llama", 30)


def peft_folder(folder: Path, **config: Any) -> Path:
    from safetensors.numpy import save_file

    folder.mkdir()
    stem = "base_model.model.model.layers.7.self_attn.q_proj"
    random = numpy.random.default_rng(1)
    rows = HEADS * 2 * HALF
    tensors = {
        f"{stem}.lora_A.weight": random.normal(size=(RANK, rows)),
        f"{stem}.lora_B.weight": random.normal(size=(rows, RANK)),
    }
    save_file(
        {name: tensor.astype("float32") for name, tensor in tensors.items()}, folder / "adapter_model.safetensors"
    )
    (folder / "adapter_config.json").write_text(json.dumps({"lora_alpha": 32, "r": RANK} | config))
    return folder


CONFIG = {"model_type": "llama", "num_hidden_layers": 8, "num_attention_heads": HEADS, "num_key_value_heads": 1}


def test_the_file_says_what_llama_cpp_asks_for(tmp_path: Path) -> None:
    from gguf import GGUFReader
    from safetensors.numpy import load_file

    folder = peft_folder(tmp_path / "adapter")
    reader = GGUFReader(to_gguf(folder, CONFIG, tmp_path / "adapter.gguf"))
    fields = {name: reader.fields[name].contents() for name in reader.fields}
    assert fields["general.type"] == "adapter"
    assert fields["general.architecture"] == "llama"
    assert fields["adapter.type"] == "lora"
    assert fields["adapter.lora.alpha"] == 32
    tensors = {tensor.name: tensor.data for tensor in reader.tensors}
    given = list(load_file(folder / "adapter_model.safetensors").values())
    assert numpy.array_equal(tensors["blk.7.attn_q.weight.lora_a"], given[0])
    assert numpy.array_equal(tensors["blk.7.attn_q.weight.lora_b"], interleaved(given[1], HEADS))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["adapter", "adapter.gguf"]


def test_an_adapter_that_llama_cpp_would_apply_wrongly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="use_dora"):
        to_gguf(peft_folder(tmp_path / "dora", use_dora=True), CONFIG, tmp_path / "a.gguf")
    with pytest.raises(AdapterError, match="'gpt_neox'"):
        to_gguf(peft_folder(tmp_path / "qwen"), CONFIG | {"model_type": "gpt_neox"}, tmp_path / "a.gguf")
    assert not (tmp_path / "a.gguf").exists()
