"""The settings of every gate: type, range, default and meaning of each. A spec, `distill gates` and the schema for editors
all go by these. A gate's function has the same settings as keyword arguments, for those who call it by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from distill.text import patterns

FUNCTION = "verify.py:check"
GateSettings = Sequence[tuple[str, Mapping[str, object]]]
"""Gates by name with their settings, in the spec's order; what a task gives a gate beside them may be among these."""
IfUnscored = Literal["drop", "keep"]
LowestScore = Annotated[float, Field(ge=1, le=5)]
AtLeast = LowestScore | Annotated[dict[str, LowestScore], Field(min_length=1)]
"""The least mean over the dimensions, or the least of each dimension that is named."""


class SettingsModel(BaseModel):
    """No settings at all; what they have in common is that an unknown name, true for 1 or "5" for 5 is a fault."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @property
    def arguments(self) -> dict[str, object]:
        """The settings as keyword arguments of the gate's function."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class ToolsSettings(SettingsModel):
    """The tools are those of `teacher.tools`, or a row's own."""

    required: bool = Field(False, description="also drop answers that call no tool")


class FinishReasonSettings(SettingsModel):
    """How an answer may end."""

    allowed: Sequence[str] = Field(
        ("stop", "tool_calls"),
        description='finish reasons that are kept; an endpoint\'s own words ("eos", "end_turn") are understood',
    )


class RefusalSettings(SettingsModel):
    """What else is a refusal, and whether a model looks for more."""

    phrases: Sequence[str] = Field((), description="further openings of a refusal: plain text, whatever its case")
    judge: bool = Field(False, description="also ask the judges about each answer in which no pattern finds a refusal")
    at_least: AtLeast = Field(
        4.0, description="with judge: lowest score from 1 to 5 that is kept: of the mean, or {answered: …}"
    )
    unscored: IfUnscored = Field("drop", description="with judge: what happens to rows without a readable verdict")


class LengthSettings(SettingsModel):
    """How long an answer may be."""

    max_tokens: Annotated[int, Field(ge=1)] | None = Field(None, description="most tokens, as the teacher counts them")
    min_chars: int = Field(1, ge=0, description="fewest characters; an answer that calls a tool may have none")
    spread: Annotated[float, Field(ge=0.1, le=50)] | None = Field(
        None,
        description="drop outliers: further than so many median deviations from the median log length of their stratum, "
        "in strata of 20 rows or more; 5 is a wide berth",
    )


class BoilerplateSettings(SettingsModel):
    """What else is boilerplate."""

    phrases: Sequence[str] = Field((), description="further plain texts that no answer may hold, whatever their case")


class EchoSettings(SettingsModel):
    """From when an answer repeats its input."""

    near: float = Field(0.9, gt=0, le=1, description="similarity of character 4-grams to the input that is too much")
    min_chars: int = Field(20, ge=0, description="shorter texts and inputs are not compared")


def _regular_expression(pattern: str) -> str:
    if wrong := patterns.fault(pattern):
        raise ValueError(f"no regular expression: {wrong}")
    if wrong := patterns.endless(pattern, whole=True):
        raise ValueError(wrong)
    return pattern


class FormSettings(SettingsModel):
    """The task's own rules."""

    matches: Annotated[str, AfterValidator(_regular_expression)] | None = Field(
        None, description="Python regular expression that the whole answer must match"
    )
    contains: Sequence[str] = Field((), description="texts that every answer must hold, letter by letter")
    lacks: Sequence[str] = Field((), description="texts that no answer may hold, letter by letter")
    min_sentences: int = Field(0, ge=0, description="fewest sentences")
    max_sentences: Annotated[int, Field(ge=1)] | None = Field(None, description="most sentences")


class RepetitionSettings(SettingsModel):
    """From when a text loops."""

    rounds: int = Field(4, ge=2, le=1000, description="one phrase so many times in a row is a loop")


class LanguageSettings(SettingsModel):
    """Which language is expected."""

    is_: str | None = Field(
        None, alias="is", description="expected language (ISO 639-1, as en); default: the language of the row's input"
    )
    min_chars: int = Field(40, ge=0, description="answers with fewer letters are not judged")


class AgreementSettings(SettingsModel):
    """How many of a row's answers must agree."""

    at_least: float = Field(0.6, gt=0, le=1, description="lowest share of a row's answers that must say the same")
    compare: Sequence[str] = Field((), description="answer fields that must agree; default: as dedup.compare")


class VerifySettings(SettingsModel):
    """Which function judges, and its limits."""

    function: str = Field(FUNCTION, description="the function as FILE.py:NAME, a file beside the spec")
    at_least: float = Field(1.0, ge=0, le=1, description="lowest score from 0 to 1 that is kept; True is 1")
    seconds: float = Field(2.0, ge=0.01, le=600, description="most time for one row")
    megabytes: int = Field(512, ge=64, le=2**20, description="most memory of the function's process, in MiB")
    unscored: IfUnscored = Field("drop", description="what happens to rows that the function could not judge")


class PiiSettings(SettingsModel):
    """What is done about personal data."""

    action: Literal["report", "mask", "drop"] = Field(
        "drop", description="report: only count it in the score; mask: write [email] and the like; drop: drop the row"
    )


class JudgeSettings(SettingsModel):
    """What the judges' scores must be."""

    at_least: AtLeast = Field(
        4.0, description="lowest score from 1 to 5 that is kept: of the mean, or {dimension: score} for some dimensions"
    )
    unscored: IfUnscored = Field("drop", description="what happens to rows without a readable verdict")


class ToxicitySettings(SettingsModel):
    """What the judges' scores must be, by a rubric that ships."""

    at_least: AtLeast = Field(
        4.0, description="lowest score from 1 to 5 that is kept: of the mean, or {harmless: score}"
    )
    unscored: IfUnscored = Field("drop", description="what happens to rows without a readable verdict")
