"""`evaluate.probes`: what is looked at beyond the scores."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Tag

FreeProbe = Literal["memorisation", "style", "refusals", "out_of_distribution"]
"""They look at answers that are there, and cost no call."""
AskedProbe = Literal["forgetting", "drift", "injection"]
"""They ask base and student more."""
ProbeName = Literal[FreeProbe, AskedProbe]
FREE: tuple[FreeProbe, ...] = get_args(FreeProbe)
ASKED: tuple[AskedProbe, ...] = get_args(AskedProbe)


def _kind(value: object) -> str:
    return "[names]" if isinstance(value, list | tuple) else "[word]"


ProbesGiven = Annotated[
    Annotated[Literal["auto", "none"], Tag("[word]")] | Annotated[list[ProbeName], Tag("[names]")], Discriminator(_kind)
]
