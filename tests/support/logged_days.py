"""Logged calls by day, of the task of `moods`, and some of another kind among them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from logged import call, other_kind
from moods import CROSS, GLAD, OTHER

START = 1_761_955_200
DAY = 86400
Calls = list[dict[str, Any]]


def mood(draw: random.Random) -> tuple[str, str]:
    """A message as the seeds of `moods` are."""
    glad = draw.random() < 0.5
    words = [draw.choice(GLAD if glad else CROSS), *draw.sample(OTHER, 6), str(draw.randrange(240) * 7919)]
    draw.shuffle(words)
    return " ".join(words), "glad" if glad else "cross"


def day(number: int, rows: int, *, odd: float = 0.0, wrong: float = 0.0, **beside: Any) -> Calls:
    """Calls of one day, a share of them of another kind, and a share of them answered with no JSON."""
    draw = random.Random(number)
    found = []
    for n in range(rows):
        text, said = other_kind(draw) if draw.random() < odd else mood(draw)
        found.append(
            call(
                text,
                "that is no JSON" if draw.random() < wrong else said,
                START + number * DAY + n * DAY // rows,
                **beside,
            )
        )
    return found


def write(path: Path, calls: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in calls))
    return path
