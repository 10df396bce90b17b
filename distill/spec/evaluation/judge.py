"""`evaluate.judge:`: models that score the answers of the arms, and compare them two by two."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from distill.spec.judge import Dimension
from distill.spec.settings import NonBlank, Settings
from distill.spec.teacher import ModelSpec

DEFAULT_DIMENSIONS = {
    "accuracy": "what the answer says is right and complete, by the input and by the reference where there is one",
    "style": "tone, wording and length are those that the task calls for",
    "format": "the answer has the form that the task asks for, and nothing beside it",
    "edge_cases": "odd, empty, contradictory or hostile input is handled as a careful person would",
}
"""What is scored where the spec names nothing: name → what it means."""


def _each_once(named: list[str]) -> list[str]:
    twice = sorted({one for one in named if named.count(one) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is named twice; expected each once")
    if "student" in named:
        raise ValueError("the student is compared with each of these; expected other arms, say [teacher]")
    return named


class EvaluationJudge(Settings):
    """Models that score the answers to the test rows by a rubric, and compare the student's with another arm's."""

    prompt: NonBlank | None = Field(
        None, description="the rubric: a file of plain text, without variables; default: one that ships with distill"
    )
    dimensions: dict[Dimension, str] = Field(
        default_factory=lambda: dict(DEFAULT_DIMENSIONS),
        description="what is scored from 1 to 5: name → what it means; default: accuracy, style, format and edge_cases",
    )
    reference: bool = Field(True, description="show the judge the known answer of rows that have one")
    models: list[ModelSpec] = Field(
        default_factory=list, description="the judges; default: those of judge.models, and else the teacher itself"
    )
    pairwise: Annotated[list[str], AfterValidator(_each_once)] = Field(
        default_factory=lambda: ["teacher"],
        description="arms that the student's answers are compared with, side by side and in both orders; [] for none",
    )
    at_least: float = Field(4.0, ge=1, le=5, description="the mean score from which on an answer passes")
    gold: NonBlank | None = Field(
        None,
        description="file of answers labelled by people, by which pass rates are corrected; default: that of judge.gold",
    )
