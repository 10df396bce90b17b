"""What a job file is written from: the spec's settings of the training, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EMBEDDED: Mapping[str, str] = {"embedded/smollm2-135m": "HuggingFaceTB/SmolLM2-135M-Instruct"}
"""A base that comes with distill → where others find it."""
LAYERS: Mapping[str, int] = {"HuggingFaceTB/SmolLM2-135M-Instruct": 30}
"""Base → its layers, for configs that must name the layers to adapt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """`student.train` of a spec, with the files that are there."""

    task: str
    run: str
    base: str
    """A folder, an id of the model hub, or a host's name."""
    revision: str | None = None
    """Of an id of the hub."""
    template: str | None = None
    """The chat template in place of the base's own."""
    depth: int | None = None
    """The base's decoder layers, where they are known."""
    epochs: float
    batch_size: int
    learning_rate: float
    rank: int
    alpha: int
    layers: int | None
    """So many last layers are adapted; None: all."""
    context: int | None
    """Tokens a row may hold; None: as the base allows."""
    dropout: float = 0.0
    schedule: str = "cosine"
    warmup: float = 0.05
    accumulate: int = 1
    recompute: bool = False
    seed: int
    valid: bool
    """Whether there is a valid.jsonl."""
    suffix: str | None = None
    base_url: str | None = None
    key_env: str = "OPENAI_API_KEY"

    @property
    def adapted(self) -> list[int] | None:
        """The numbers of the layers to adapt, where the base's are known and some are left out."""
        depth = self.depth or LAYERS.get(self.base)
        return None if depth is None or self.layers is None else list(range(max(depth - self.layers, 0), depth))
