"""What a proxy is started with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Mode = Literal["record", "shadow", "live"]


@dataclass(frozen=True, slots=True)
class StudentSettings:
    """How the promoted student is found, asked and watched. `routes` is a folder that `distill routes --out` wrote; None: one is made."""

    spec: Path
    overrides: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    routes: Path | None = None
    url: str | None = None
    """Of the server that has it, where it is a language model."""
    key_env: str = ""
    timeout_s: float = 10.0
    look_every_s: float = 300.0
    again: bool = False
    """Whether a student that was switched off before may answer again."""


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """`logs` is the task's own folder for the rows; `student` is there in any mode but `record`."""

    task: str
    home: Path
    upstream: str
    logs: Path
    mode: Mode = "record"
    student: StudentSettings | None = None
    host: str = "127.0.0.1"
    port: int = 0
    caller_keys: tuple[str, ...] = field(default=(), repr=False)
    """Whose calls a live student answers; those with another key go to the teacher, which checks it. Without any, everybody's."""
