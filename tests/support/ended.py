"""How a command of the tests ended, and what a refusal must look like."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

KEY = "sk-proj-abcdef1234567890"
SECRETS = (KEY, "abcdef1234567890", "hunter2secret", "Zk9fQ2xLmT7vB4nR8wYs3Hd6", "0123456789abcdef0123456789abcdef")


class Said(NamedTuple):
    code: int
    out: str
    err: str


Distill = Callable[..., Said]


def refused(said: Said, *parts: str) -> None:
    """Exit 2, one message that says so much, nothing on stdout."""
    assert said.code == 2, said
    assert said.out == ""
    assert [line[:7] for line in said.err.split("\n")].count("error: ") == 1
    for part in parts:
        assert part in said.err
