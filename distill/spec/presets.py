"""Settings of a training that fit together, by how large the base is and what memory there is. A key that the spec sets itself wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PresetName = Literal["tiny", "small", "large", "qlora"]


@dataclass(frozen=True, slots=True)
class Preset:
    """What it is for, what it needs, and what it sets under `student.train`."""

    about: str
    needs: str
    settings: Mapping[str, object]


PRESETS: Mapping[str, Preset] = {
    "tiny": Preset(
        "a base below 300M parameters on a CPU: large steps, only the upper layers",
        "2 GB of memory; minutes for some hundred rows on two cores",
        {"learning_rate": 2e-3, "rank": 16, "alpha": 32, "layers": 15, "batch_size": 8, "epochs": 2},
    ),
    "small": Preset(
        "a base of 0.3B to 1.5B parameters on a small GPU, or on many cores with patience: all layers",
        "8 GB on the GPU in bf16, or 16 GB of memory",
        {"learning_rate": 5e-4, "rank": 16, "alpha": 32, "layers": None, "batch_size": 8, "epochs": 3, "patience": 1},
    ),
    "large": Preset(
        "a base of 3B to 8B parameters on one large GPU: small batches whose gradients are summed, activations computed again",
        "24 GB on the GPU for 3B, 48 GB for 8B, in bf16",
        {
            "learning_rate": 2e-4, "rank": 32, "alpha": 64, "layers": None, "batch_size": 2, "accumulate": 8, "recompute": True,
            "epochs": 2, "patience": 1,
        },
    ),
    "qlora": Preset(
        "a base of 3B to 8B parameters on a GPU that does not hold it in bf16: the base in 4 bits, the adapter in 16",
        "8 GB on an NVIDIA GPU for 3B, 16 GB for 8B, and the package bitsandbytes",
        {
            "learning_rate": 2e-4, "rank": 32, "alpha": 64, "layers": None, "batch_size": 2, "accumulate": 8, "recompute": True,
            "epochs": 2, "patience": 1, "bits": 4,
        },
    ),
}  # fmt: skip


def with_preset(given: object) -> object:
    """Settings of a training with those of its preset that it does not set itself; anything else as it is."""
    name = given.get("preset") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(name, str) or name not in PRESETS:
        return given
    return {**PRESETS[name].settings, **given}
