"""The student as a model of its own, as transformers and vLLM load it: the base with the adapter merged into its weights, or what a full
training wrote.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base_model import load, save
from distill.base_model.quiet import quiet

if TYPE_CHECKING:
    from distill.ship.student import TunedStudent


def write(student: TunedStudent, out: Path) -> None:
    """Safetensors, config, tokeniser and chat template into `out`. Merged in fp32 and stored as the base is, so that nothing is lost
    but the last digits.
    """
    import torch
    from peft import PeftModel

    if student.full:
        shutil.copytree(student.tuned, out, dirs_exist_ok=True)
        return
    folder = student.weights.folder()
    tokenizer = load.tokeniser(folder, student.weights.template)
    with quiet():
        model = PeftModel.from_pretrained(load.model(folder, dtype=torch.float32), student.tuned).merge_and_unload()
        save.whole(model, tokenizer, out, dtype=save.stored_dtype(folder))
