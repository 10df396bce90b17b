"""routes.json: all that decides who answers a row, and how each of the two is asked. It holds no key, only the names of variables.

`router` answers rows by it; docs/routes.md says who answers what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from distill.atomic_write import write_json
from distill.evaluate.blend.failed import FailedStratum
from distill.records import Json
from distill.rundir import read_result
from distill.teacher.endpoint.payload import ApiDialect

FILE = "routes.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class AskedModel:
    """How one of the two is asked; `prompt` is a file beside this one. `base_url` is None where whoever serves it says where, `key_env` the
    variable of its key."""

    model: str
    prompt: str
    dialect: ApiDialect
    max_tokens: int
    base_url: str | None = None
    key_env: str = ""
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    schema: bool = False
    """Whether the schema of an answer is forced on it."""
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """The student's answer is taken where its confidence is above `threshold` (None: whatever it is), it obeys the schema, its input is no
    farther from train than `floor`, and it lies in none of the `failed` strata."""

    task: str
    run: str
    student: AskedModel
    other: AskedModel
    other_arm: str
    threshold: float | None
    set_by: str
    signal: str
    """Where the confidence is from; empty where nothing tells."""
    draws: int
    """Further draws of the student that tell it; 0 where its tokens do."""
    fields: Sequence[str]
    floor: float
    vectors: str
    failed: Sequence[FailedStratum]
    linear: str
    """The file of a student that is a linear model and asks nobody; empty for others."""
    schema: str
    tools: str
    hashes: Mapping[str, str]
    """Of the `student` and its `dataset`: a threshold is of no other."""
    version: int = VERSION


def write(folder: Path, plan: RoutePlan) -> None:
    kept: dict[str, Json] = asdict(plan)
    write_json(folder / FILE, {"version": kept.pop("version"), **kept})


def read(folder: Path) -> RoutePlan:
    """What `write` wrote; UsageError where the file is none such."""
    return read_result(folder / FILE, RoutePlan)
