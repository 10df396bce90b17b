"""What an unfinished training leaves for the next: the trainer's own last checkpoint, the loss curve, the best epoch so far.

    student/checkpoints/  key  checkpoint-36/  curve.json  best.safetensors (or best/, a whole model)  best.json

The same rows, settings and base go on from the last whole checkpoint; anything else begins anew. A finished training takes the
folder away.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from distill.atomic_write import write_atomic, write_json
from distill.student.trainers.progress.loss_curve import TrainStep

if TYPE_CHECKING:
    from torch import Tensor

SAVES = 10
"""Checkpoints of a training, spread over its steps: a kill costs a tenth of it at the most."""
WHOLE = "best"
_LAST = "trainer_state.json"
"""The trainer writes it at the end of a checkpoint."""


@dataclass(slots=True)
class BestEpoch:
    """The weights with the lowest validation loss so far, and where they were; a whole model's stand on the disk alone (`WHOLE`)."""

    loss: float = math.inf
    step: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)


def opened(folder: Path, key: str) -> Path | None:
    """The last whole checkpoint in `folder` of a training with this key; what another left there is removed."""
    mark = folder / "key"
    if not mark.is_file() or mark.read_text(encoding="ascii") != key:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_atomic(mark, key.encode())
        return None
    whole = [(step, path) for path in folder.glob("checkpoint-*") if (step := _step(path)) is not None]
    return max(whole)[1] if whole else None


def keep_curve(folder: Path, steps: Sequence[TrainStep]) -> None:
    """The loss curve, as far as it has come."""
    write_json(folder / "curve.json", [asdict(step) for step in steps])


def keep_best(folder: Path, best: BestEpoch, whole: Callable[[Path], None] | None = None) -> None:
    """The best epoch; its description last, so that it is never of other weights. `whole` writes a whole model."""
    from safetensors.torch import save_file

    (folder / "best.json").unlink(missing_ok=True)
    if whole is not None:
        whole(folder / WHOLE)
    else:
        save_file(best.weights, folder / "best.safetensors")
    write_json(folder / "best.json", {"loss": best.loss, "step": best.step})


def curve(folder: Path, until: int) -> list[TrainStep]:
    """The loss curve up to a step."""
    path = folder / "curve.json"
    steps = [TrainStep(**step) for step in json.loads(path.read_bytes())] if path.is_file() else []
    return [step for step in steps if step.step <= until]


def best(folder: Path, until: int) -> BestEpoch:
    """The best epoch up to a step; what came after it is done again."""
    from safetensors.torch import load_file

    path = folder / "best.json"
    found = json.loads(path.read_bytes()) if path.is_file() else None
    if found is None or found["step"] > until:
        return BestEpoch()
    weights = folder / "best.safetensors"
    return BestEpoch(found["loss"], found["step"], load_file(weights) if weights.is_file() else {})


def _step(checkpoint: Path) -> int | None:
    """The step of a checkpoint that was written to its end."""
    try:
        state = json.loads((checkpoint / _LAST).read_bytes())
    except (OSError, ValueError):
        return None
    return int(state["global_step"]) if (checkpoint / "optimizer.pt").is_file() else None
