"""A peft LoRA adapter as a llama.cpp one, so that the student is served from the same GGUF file as its base.

    base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight   (rank, in)  →  blk.3.attn_q.weight.lora_a
    base_model.model.model.layers.3.self_attn.q_proj.lora_B.weight   (out, rank) →  blk.3.attn_q.weight.lora_b

For some architectures llama.cpp stores the rows of q and k interleaved for its rotary embedding, hence B's rows of these two are
permuted as the base's were. An architecture that is not known is refused rather than written wrong.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from distill.errors import DistillError
from distill.records import Json

if TYPE_CHECKING:
    from gguf import TensorNameMap
    from numpy import float32
    from numpy.typing import NDArray

ARCHITECTURES: Mapping[str, str] = {
    "llama": "llama", "mistral": "llama", "granite": "granite", "qwen2": "qwen2", "qwen3": "qwen3", "gemma3_text": "gemma3", "gemma3": "gemma3",
}  # fmt: skip
"""A model's type as transformers calls it → llama.cpp's architecture. Each was held against llama.cpp's own conversion of a small model: the
logits with an adapter are the same to 3e-4. Others may be rearranged there in ways that are not known here."""
_PERMUTED = ("llama", "mistral", "granite")
"""Types whose q and k llama.cpp stores interleaved."""
_UNKNOWN_TO_LLAMA_CPP = ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "modules_to_save")
_TENSOR = re.compile(r"^base_model\.model\.(.+)\.lora_([AB])\.weight$")


class AdapterError(DistillError):
    """An adapter that llama.cpp could not apply as it was trained."""


def gguf_name(name: str, architecture: str, layers: int) -> str:
    """llama.cpp's name of a peft tensor; `AdapterError` for one it has none for."""
    match = _TENSOR.match(name)
    known = _names(architecture, layers).get_name(f"{match[1]}.weight", (".weight",)) if match else None
    if match is None or known is None or not known.startswith("blk."):
        raise AdapterError(f"no llama.cpp name for the adapter tensor {name!r} of a {architecture} model")
    return f"{known}.lora_{match[2].lower()}"


@cache
def _names(architecture: str, layers: int) -> TensorNameMap:
    """llama.cpp's names, kept: the table takes milliseconds to make, and an adapter has hundreds of tensors."""
    from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, get_tensor_name_map

    return get_tensor_name_map(next(one for one in MODEL_ARCH if MODEL_ARCH_NAMES[one] == architecture), layers)


def interleaved(rows: NDArray[float32], heads: int) -> NDArray[float32]:
    """Rows (heads × 2 × half, rank) of a rotary projection in llama.cpp's order: each pair's halves side by side."""
    count, rank = rows.shape
    return rows.reshape(heads, 2, count // heads // 2, rank).swapaxes(1, 2).reshape(count, rank)


def to_gguf(adapter: Path, base_config: Path | Mapping[str, Json], out: Path) -> Path:
    """Write the peft folder `adapter` as the GGUF file `out`, fp32, whole or not at all.

    `base_config` is the base's config.json, its folder, or its content: the head counts are read from it.
    """
    config = _config(base_config)
    peft = _checked(json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8")), config, adapter)
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        _write(aside, adapter / "adapter_model.safetensors", config, alpha=float(peft["lora_alpha"]))
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
    return out


def changes(adapter: Path, base_config: Path | Mapping[str, Json]) -> dict[str, NDArray[float32]]:
    """llama.cpp's tensor name → what the adapter adds to it: alpha / rank × B A, its rows in llama.cpp's order."""
    from safetensors.numpy import load_file

    config = _config(base_config)
    peft = _checked(json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8")), config, adapter)
    architecture, heads = ARCHITECTURES[config["model_type"]], _rotary_heads(config)
    halves = {
        gguf_name(name, architecture, config["num_hidden_layers"]): tensor
        for name, tensor in load_file(adapter / "adapter_model.safetensors").items()
    }
    found = {}
    for name, b in halves.items():
        if name.endswith(".lora_b"):
            stem, projection = name.removesuffix(".lora_b"), name.split(".")[2]
            rows = interleaved(b, heads[projection]) if projection in heads else b
            found[stem] = float(peft["lora_alpha"]) / float(peft["r"]) * (rows @ halves[f"{stem}.lora_a"])
    return found


def _checked(peft: Mapping[str, Json], base: Mapping[str, Json], adapter: Path) -> Mapping[str, Json]:
    """The adapter's config, where llama.cpp can apply such an adapter to such a base."""
    if base.get("model_type") not in ARCHITECTURES:
        raise AdapterError(
            f"the base is {base.get('model_type')!r}; an adapter for llama.cpp can be written on {', '.join(ARCHITECTURES)}"
        )
    if odd := [name for name in _UNKNOWN_TO_LLAMA_CPP if peft.get(name)]:
        raise AdapterError(f"{adapter}: llama.cpp cannot apply {', '.join(odd)}; train without it")
    return peft


def _write(file: Path, tensors: Path, config: Mapping[str, Json], *, alpha: float) -> None:
    import numpy
    from gguf import GGUFWriter
    from safetensors.numpy import load_file

    architecture, heads = ARCHITECTURES[config["model_type"]], _rotary_heads(config)
    writer = GGUFWriter(file, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, tensor in sorted(load_file(tensors).items()):
        known = gguf_name(name, architecture, config["num_hidden_layers"])
        projection = known.split(".")[2]
        rotary = projection in heads and known.endswith("lora_b")
        rows = interleaved(tensor, heads[projection]) if rotary else tensor
        writer.add_tensor(known, numpy.ascontiguousarray(rows, dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _rotary_heads(config: Mapping[str, Json]) -> dict[str, int]:
    """Projection whose rows llama.cpp stores interleaved → its heads."""
    if config["model_type"] not in _PERMUTED:
        return {}
    return {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}


def _config(given: Path | Mapping[str, Json]) -> Mapping[str, Json]:
    if isinstance(given, Mapping):
        return given
    path = given / "config.json" if given.is_dir() else given
    value: Mapping[str, Json] = json.loads(path.read_text(encoding="utf-8"))
    return value
