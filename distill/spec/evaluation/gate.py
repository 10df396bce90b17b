"""`evaluate.gate`: the figures that a comparison must reach, or the command ends with exit code 4."""

from __future__ import annotations

from pydantic import Field

from distill.spec.settings import Settings


class EvaluationGate(Settings):
    """What must be met after `run` and `evaluate`. What is asked for and was not measured is not met."""

    points: float | None = Field(
        None,
        ge=-100,
        le=100,
        description="least points of the student against its teacher, at the low end of the 95 % interval; -2 allows a loss of two",
    )
    strata: float | None = Field(
        None,
        ge=-100,
        le=100,
        description="least points of the student against its teacher in each value of each label that has 20 test rows or more",
    )
    schema_: float | None = Field(
        None, alias="schema", ge=0, le=1, description="least share of the student's answers that keep to the schema"
    )
    coverage: float | None = Field(
        None, ge=0, le=1, description="least share of rows that the student answers itself, within evaluate.risk"
    )
    forgetting: float | None = Field(
        None, ge=0, le=100, description="most points that training may lose on the general set of the probes"
    )
