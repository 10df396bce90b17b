"""`monitor:`: when `distill monitor` raises an alarm, and what it may ask."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from distill.spec.settings import NonBlank, PositiveInt, Settings
from distill.text.normalise import did_you_mean

SIGNALS = (
    "schema", "tools", "finish_reason", "refusal", "length", "boilerplate", "echo", "form", "repetition", "language",
    "far_input", "input_length", "input_language", "unknown_stratum", "handed_on", "bad_feedback", "teacher_differs",
    "teacher_better",
)  # fmt: skip
"""Names of what is watched (`distill.lifecycle.monitor.rates.signals`)."""


class TeacherSample(Settings):
    """Logged calls that the teacher answers too."""

    rows: int = Field(
        0, ge=0, le=100_000, description="calls of each look, chosen by a hash of the input; 0: none, nothing is asked"
    )


class FeedbackOnCalls(Settings):
    """What people say of calls after they were logged."""

    calls: int = Field(
        100_000,
        ge=0,
        le=1_000_000,
        description="the newest calls are kept, masked, until feedback on them comes; 0: none, and only feedback that is logged with its call counts",
    )
    score: NonBlank | None = Field(
        None,
        description="the one score of feedback files that says whether an answer is right, say correctness; default: each whose name speaks of "
        "feedback, thumbs, ratings or correctness",
    )


class MonitorSettings(Settings):
    """How logged calls of a shipped student are held against its run."""

    alpha: float = Field(
        0.01,
        gt=0,
        le=0.5,
        description="the chance of any false alarm, over all signals and all looks together, however many there are",
    )
    tolerance: float = Field(
        0.01, ge=0, lt=1, description="a rate so much above the run's own is no alarm; 0.01 is one point"
    )
    limits: dict[str, Annotated[float, Field(gt=0, lt=1)]] = Field(
        default_factory=dict,
        description="signal → the rate from which on it is an alarm, whatever the run's was, say {schema: 0.02, bad_feedback: 0.1}",
    )
    ignore: list[str] = Field(default_factory=list, description="signals that are counted and never raise an alarm")
    near_rows: PositiveInt = Field(
        10_000,
        description="distinct inputs of a day whose distance to the training rows and whose language are found out; of more, an even share by a hash",
    )
    teacher: TeacherSample = TeacherSample()
    feedback: FeedbackOnCalls = FeedbackOnCalls()

    @field_validator("limits", "ignore")
    @classmethod
    def _known(cls, named: dict[str, float] | list[str]) -> dict[str, float] | list[str]:
        for name in named:
            if name not in SIGNALS:
                raise ValueError(
                    f"{name[:60]!r} is no signal{did_you_mean(name, SIGNALS)}; there are {', '.join(SIGNALS)}"
                )
        return named
