"""How large a base is, as far as its files say without being loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from distill.base_model import local
from distill.records import Json

_UNGATED = ("gpt_neox", "gpt2", "phi", "opt", "bloom", "falcon", "starcoder2")
"""Architectures whose feed-forward part has two maps; others have three."""
_BYTES = {"float32": 4, "float64": 8, "int8": 1, "float8": 1}


@dataclass(frozen=True, slots=True)
class Shape:
    """Numbers of parameters; `layer` is of one decoder layer, `head` of the map on the vocabulary."""

    params: int
    layer: int
    head: int
    layers: int
    hidden: int
    inner: int


def of_folder(folder: Path) -> Shape | None:
    """The shape of a model's folder; its weights need not be there. None where its config does not say."""
    if not (folder / "config.json").is_file():
        return None
    config = local.config_of(folder)
    inside = config.get("text_config")
    found = of_config({**config, **(inside if isinstance(inside, Mapping) else {})})
    stored = local.weight_bytes(folder)
    if found is None or not stored:
        return found
    each = _BYTES.get(str(config.get("dtype") or config.get("torch_dtype")), 2)
    return Shape(stored // each, found.layer, found.head, found.layers, found.hidden, found.inner)


def of_config(config: Mapping[str, Json]) -> Shape | None:
    """The same by the numbers of a config.json; an estimate within some percent, experts counted in full."""
    hidden, layers, vocab = (
        _number(config, *names)
        for names in (("hidden_size", "n_embd"), ("num_hidden_layers", "n_layer"), ("vocab_size",))
    )
    if not hidden or not layers or not vocab:
        return None
    heads = _number(config, "num_attention_heads", "n_head") or 1
    of_head = _number(config, "head_dim") or hidden // heads
    keys = _number(config, "num_key_value_heads") or heads
    inner = _number(config, "intermediate_size", "n_inner") or 4 * hidden
    experts = _number(config, "num_local_experts", "num_experts", "n_routed_experts") or 1
    maps = 2 if config.get("model_type") in _UNGATED else 3
    wide = _number(config, "moe_intermediate_size") or inner if experts > 1 else inner
    layer = 2 * hidden * of_head * (heads + keys) + maps * hidden * wide * experts
    tied = config.get("tie_word_embeddings", True) is not False
    return Shape(layers * layer + vocab * hidden * (1 if tied else 2), layer, vocab * hidden, layers, hidden, inner)


def _number(config: Mapping[str, Json], *names: str) -> int:
    return next((value for name in names if isinstance(value := config.get(name), int) and value > 0), 0)
