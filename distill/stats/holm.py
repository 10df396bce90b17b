"""Many questions at once: which of their p-values are small even so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Name = TypeVar("Name")


def holm(p_values: Mapping[Name, float], level: float = 0.05) -> list[Name]:
    """The names whose question is answered, the clearest first, so that one wrong answer among all of them comes in at most `level` of
    repetitions (Holm, Scandinavian Journal of Statistics 6, 1979). The questions may depend on each other.
    """
    found: list[Name] = []
    ordered = sorted(p_values, key=lambda name: p_values[name])
    for place, name in enumerate(ordered):
        if p_values[name] > level / (len(ordered) - place):
            break
        found.append(name)
    return found
