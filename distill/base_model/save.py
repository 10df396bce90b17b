"""A whole model with its tokeniser, written as transformers and vLLM load it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from distill.atomic_write import write_json
from distill.base_model import local
from distill.base_model.chat_format import chat_format

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def whole(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, out: Path, *, dtype: torch.dtype, one_file: bool = False
) -> None:
    """Safetensors, config, tokeniser and chat template into `out`, the weights as `dtype`; the model itself keeps its own. What ends an
    answer is written into the generation config, where servers look for it.
    """

    model.generation_config.eos_token_id = list(chat_format(tokenizer).stops)
    model.generation_config.do_sample = False
    for name in ("temperature", "top_p", "top_k"):
        setattr(model.generation_config, name, None)
    weights: Mapping[str, torch.Tensor] = {
        name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in model.state_dict().items()
    }
    model.save_pretrained(out, state_dict=weights, max_shard_size="1TB" if one_file else "4GB")
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    write_json(out / "config.json", config | {"dtype": str(dtype).removeprefix("torch.")})
    tokenizer.save_pretrained(out)


def stored_dtype(folder: Path) -> torch.dtype:
    """How a model of a folder stores its weights."""
    import torch

    config = local.config_of(folder)
    name = str(config.get("dtype") or config.get("torch_dtype") or "float32")
    found = getattr(torch, name, torch.float32)
    return found if isinstance(found, torch.dtype) else torch.float32
