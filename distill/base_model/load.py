"""A base, loaded to be trained or to answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from distill.base_model import local
from distill.base_model.chat_format import chat_format
from distill.base_model.quiet import quiet
from distill.errors import UsageError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_HEADROOM = 1.2
"""Beside its weights, what loading and a forward pass take at the least."""


def tokeniser(folder: Path, template: Path | None = None) -> PreTrainedTokenizerBase:
    """The base's tokeniser, with the chat template of a file in place of its own where one is given."""
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as fault:
        raise UsageError(f"{folder}: its tokeniser cannot be loaded ({str(fault)[:200]})") from None
    if template is not None:
        found.chat_template = template.read_text(encoding="utf-8")
    chat_format(found)  # raises where it cannot be trained on
    return found


def model(folder: Path, *, dtype: torch.dtype | None = None, bits: int | None = None) -> PreTrainedModel:
    """The base's weights in `dtype` (default: the one that this machine computes in natively), on its accelerator where it has one.

    UsageError before anything is read where there is too little memory. With `bits` the base is quantised while it is loaded, which
    only an NVIDIA GPU can.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    kind = dtype or native_dtype()
    if bits is not None:
        return _quantised(folder, bits)
    need, room = int(params_of(folder) * kind.itemsize * _HEADROOM), free_bytes()
    if room is not None and need > room:
        raise UsageError(
            f"{folder.name} takes about {need / 2**30:.1f} GiB of memory as {str(kind).removeprefix('torch.')}, and "
            f"{room / 2**30:.1f} GiB are free; take a smaller base, or a machine with more memory"
        )
    try:
        with quiet():
            found: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, dtype=kind, trust_remote_code=False)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as fault:
        raise UsageError(f"{folder}: its weights cannot be loaded ({str(fault)[:300]})") from None
    return found.to("cuda") if torch.cuda.is_available() else found


def _quantised(folder: Path, bits: int) -> PreTrainedModel:
    import importlib.util

    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    if not torch.cuda.is_available() or importlib.util.find_spec("bitsandbytes") is None:
        raise UsageError(
            f"a base in {bits} bits (student.train.bits) needs an NVIDIA GPU and the package bitsandbytes, which are not here; take the bits "
            "out (or the preset qlora), or train where they are"
        )
    how = BitsAndBytesConfig(
        load_in_4bit=bits == 4,
        load_in_8bit=bits == 8,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=native_dtype(),
    )
    with quiet():
        found: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            folder, quantization_config=how, device_map={"": torch.cuda.current_device()}, trust_remote_code=False
        )
    return found


def native_dtype() -> torch.dtype:
    """bf16, but fp32 on a CPU without the instructions for it, where bf16 is emulated and slower."""
    import torch

    native = torch.cuda.is_bf16_supported() if torch.cuda.is_available() else torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if native else torch.float32


def free_bytes() -> int | None:
    """Memory for weights that is free now: the accelerator's, or the machine's; None where nobody says."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
    limit = _limit_of_container()
    return found if limit is None or found is None else min(found, limit)


def _limit_of_container() -> int | None:
    """What a container may still take, where it is limited."""
    folder = Path("/sys/fs/cgroup")
    try:
        most = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if most == "max" else max(int(most) - used, 0)


def params_of(folder: Path) -> int:
    """Parameters of a model, by the bytes of its files."""
    config = local.config_of(folder)
    stored = {"float32": 4, "float64": 8}.get(str(config.get("dtype") or config.get("torch_dtype")), 2)
    return local.weight_bytes(folder) // stored
