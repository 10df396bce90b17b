"""Every weight of a small base is tuned, and what comes out is a model of its own: `model/`, as transformers saves it.

Weights, gradients and Adam's two moments are fp32, so a parameter takes 16 bytes; on a GPU with bf16 the passes are computed in bf16 (at
2e-5 a step is below what a bf16 weight can hold). The best epoch stands on the disk, not a second time in memory.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base_model import load, save
from distill.base_model.tokenise import TrainError
from distill.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BYTES = 16
"""Of memory for a parameter: fp32 weight, gradient and two moments."""
_HEADROOM = 1.25
"""For the activations of a batch, at the least."""
WEIGHTS = "model.safetensors"


def loaded(base: Path) -> PreTrainedModel:
    """The base in fp32, all of it to be tuned; UsageError before anything is read where it cannot be trained in this memory."""
    import torch

    params, room = load.params_of(base), load.free_bytes()
    need = int(params * BYTES * _HEADROOM)
    if room is not None and need > room:
        raise UsageError(
            f"a full training of {base.name} takes about {need / 2**30:.1f} GiB of memory (weights, gradients and Adam of {params / 1e6:,.0f}M "
            f"parameters in fp32), and {room / 2**30:.1f} GiB are free; tune an adapter (student.train.with: lora), or take a smaller base"
        )
    return load.model(base, dtype=torch.float32)


def keeper(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, base: Path) -> Callable[[Path], None]:
    """What writes the model as it is now into a folder, stored as its base is."""
    dtype = save.stored_dtype(base)

    def keep(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        save.whole(model, tokenizer, folder, dtype=dtype, one_file=True)

    return keep


def moved(kept: Path, out: Path) -> Path:
    """The best epoch's folder put at `out`, in place of an earlier one; weights that are not finite are refused."""
    from safetensors import safe_open

    if not kept.exists() and out.exists():
        return out  # it was moved, and killed before the end
    with safe_open(kept / WEIGHTS, framework="pt") as file:
        bad = [name for name in file.keys() if not file.get_tensor(name).isfinite().all()]  # noqa: SIM118 - no mapping
    if bad:
        raise TrainError(f"{len(bad)} tensors of the model are not finite, first {bad[:1]}; nothing kept")
    shutil.rmtree(out, ignore_errors=True)
    kept.rename(out)
    return out
