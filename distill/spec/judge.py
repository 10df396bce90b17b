"""`judge:`: the models that score answers, and what they are asked; thresholds stand with the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from distill.spec.settings import NonBlank, Settings
from distill.spec.teacher import ModelSpec

Dimension = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class Judge(Settings):
    """Models that score answers by a rubric."""

    prompt: NonBlank = Field("judge.md", description="the rubric: plain text, without variables")
    dimensions: dict[Dimension, str] = Field(
        default_factory=dict, description="what is scored from 1 to 5: name → what it means"
    )
    reference: bool = Field(False, description="show the judge the gold answer where there is one")
    models: list[ModelSpec] = Field(
        default_factory=list, description="the judges; of several the mean counts; default: the teacher itself"
    )
    gold: NonBlank | None = Field(None, description="file of answers labelled by people, for `distill calibrate`")


@dataclass(frozen=True, slots=True)
class Rubric:
    """What a gate's answers are scored by. `dimensions`: name → what it means, each scored on one scale."""

    name: str
    text: str
    dimensions: Mapping[str, str]
