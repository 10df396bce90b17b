"""What a gate's judges are asked to score answers by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rubric:
    """What answers are scored by. `dimensions`: name → what it means, each scored on one scale."""

    name: str
    text: str
    dimensions: Mapping[str, str]
