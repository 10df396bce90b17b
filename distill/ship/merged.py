"""The student as a model of its own: the base with the adapter merged into its weights, as transformers and vLLM load it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from distill.base_model import load, local
from distill.base_model.chat_format import chat_format
from distill.base_model.quiet import quiet

if TYPE_CHECKING:
    import torch

    from distill.ship.student import TunedStudent


def write(student: TunedStudent, out: Path) -> None:
    """Safetensors, config, tokeniser and chat template into `out`. Merged in fp32 and stored as the base is, so that nothing is lost
    but the last digits; what ends an answer is written into the generation config, where servers look for it.
    """
    import torch
    from peft import PeftModel

    folder = student.weights.folder()
    tokenizer = load.tokeniser(folder, student.weights.template)
    with quiet():
        model = PeftModel.from_pretrained(load.model(folder, dtype=torch.float32), student.adapter).merge_and_unload()
        model.generation_config.eos_token_id = list(chat_format(tokenizer).stops)
        model.generation_config.do_sample = False
        for name in ("temperature", "top_p", "top_k"):
            setattr(model.generation_config, name, None)
        model.to(_stored(folder)).save_pretrained(out)
        tokenizer.save_pretrained(out)


def _stored(folder: Path) -> torch.dtype:
    """How the base stores its weights."""
    import torch

    config = local.config_of(folder)
    name = str(config.get("dtype") or config.get("torch_dtype") or "float32")
    found = getattr(torch, name, torch.float32)
    return found if isinstance(found, torch.dtype) else torch.float32
