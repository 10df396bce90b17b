"""A peft LoRA adapter as a llama.cpp one, so that the student is served from the same GGUF file as its base.

    base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight   (rank, in)  →  blk.3.attn_q.weight.lora_a
    base_model.model.model.layers.3.self_attn.q_proj.lora_B.weight   (out, rank) →  blk.3.attn_q.weight.lora_b

llama.cpp stores the rows of q and k interleaved for its rotary embedding, hence B's rows of these two are
permuted as the base's were. Only the llama architecture is known; anything else is refused rather than
written wrong.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from distill.errors import DistillError
from distill.records import Json

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

NAMES: Mapping[str, str] = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}

_UNKNOWN_TO_LLAMA_CPP = ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "modules_to_save")
_TENSOR = re.compile(r"^base_model\.model\.model\.layers\.(\d+)\.(.+)\.lora_([AB])\.weight$")


class AdapterError(DistillError):
    """An adapter that llama.cpp could not apply as it was trained."""


def gguf_name(name: str) -> str:
    """llama.cpp's name of a peft tensor; `AdapterError` for one it has none for."""
    match = _TENSOR.match(name)
    if match is None or match[2] not in NAMES:
        raise AdapterError(f"no llama.cpp name for the adapter tensor {name!r}; known are {', '.join(NAMES)}")
    return f"blk.{match[1]}.{NAMES[match[2]]}.weight.lora_{match[3].lower()}"


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
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        _write(aside, adapter / "adapter_model.safetensors", heads=heads, alpha=float(peft["lora_alpha"]))
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
    return out


def _checked(peft: Mapping[str, Json], base: Mapping[str, Json], adapter: Path) -> Mapping[str, Json]:
    """The adapter's config, where llama.cpp can apply such an adapter to such a base."""
    if base.get("model_type") != "llama":
        raise AdapterError(f"the base is {base.get('model_type')!r}; only llama adapters can be written for llama.cpp")
    if odd := [name for name in _UNKNOWN_TO_LLAMA_CPP if peft.get(name)]:
        raise AdapterError(f"{adapter}: llama.cpp cannot apply {', '.join(odd)}; train without it")
    return peft


def _write(file: Path, tensors: Path, *, heads: Mapping[str, int], alpha: float) -> None:
    import numpy
    from gguf import GGUFWriter
    from safetensors.numpy import load_file

    writer = GGUFWriter(file, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, tensor in sorted(load_file(tensors).items()):
        known = gguf_name(name)
        projection = known.split(".")[2]
        rotary = projection in heads and known.endswith("lora_b")
        rows = interleaved(tensor, heads[projection]) if rotary else tensor
        writer.add_tensor(known, numpy.ascontiguousarray(rows, dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _config(given: Path | Mapping[str, Json]) -> Mapping[str, Json]:
    if isinstance(given, Mapping):
        return given
    path = given / "config.json" if given.is_dir() else given
    value: Mapping[str, Json] = json.loads(path.read_text(encoding="utf-8"))
    return value
