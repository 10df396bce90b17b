"""What differs between two requests, for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.views.request_diff import KeyDifference, RequestDiff

_SHOWN, _BEFORE = 100, 20
"""Characters of a value that are shown, and how many of them stand before the first that differs."""


def diff_lines(diff: RequestDiff) -> list[str]:
    """Each difference with both values; long ones are shown from where they part."""
    if diff.same:
        return [f"one and the same request, {diff.a}: the answer of the first serves the second"]
    head = f"{diff.a} and {diff.b} differ in {len(diff.differences)} parts of their keys"
    return [head, *(text for part in diff.differences for text in _part_lines(part))]


def _part_lines(part: KeyDifference) -> list[str]:
    a, b = (side if isinstance(side, str) else json.dumps(side) for side in (part.a, part.b))
    first = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    at = max(0, first - _BEFORE)
    dots = "…" if at else ""
    return [f"  {part.path}", *(f"    {n}: {dots}{side[at : at + _SHOWN]}" for n, side in (("A", a), ("B", b)))]
