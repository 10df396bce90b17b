"""The embedded model's GGUF file as a Hugging Face folder that can be trained: dequantised once, then found
again.

transformers can read a GGUF file, but flags what it read as quantised and then refuses to train or save it.
So the weights are loaded, put under a config without that flag, and saved; half a minute and 0.5 GB for 135 M
parameters.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from distill.base_model.quiet import quiet
from distill.errors import UsageError

RECIPE = "1"
"""Part of the folder's name: a change of what is saved must not find the old folder."""


def dequantised(gguf: Path, folder: Path) -> Path:
    """The model of `gguf` as a folder below `folder`, made if it is not there; named by its content."""
    if not gguf.is_file():
        raise UsageError(f"no GGUF file at {gguf}; expected the weights of the student's base")
    with gguf.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    place = folder / f"{gguf.stem}-{digest[:16]}-{RECIPE}"
    if place.is_dir():
        return place
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".base-", dir=folder))
    try:
        with quiet():
            _convert(gguf, aside)
        if not place.is_dir():  # another process may have been faster
            aside.rename(place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return place


def _convert(gguf: Path, into: Path) -> None:
    import copy

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    read = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    config = copy.deepcopy(read.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(read.state_dict())
    model.save_pretrained(into)
    tokenizer.save_pretrained(into)
