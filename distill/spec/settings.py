"""What every group of settings has in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from distill import url

Share = Annotated[float, Field(ge=1e-6, lt=1)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
Seconds = Annotated[float, Field(ge=0, le=1e7)]
Wait = Annotated[float, Field(ge=0.01, le=1e6)]
"""Seconds of a deadline, or between two looks: a hundredth is for rehearsals, less is a slip."""
Draws = Annotated[int, Field(ge=1, le=1000)]
"""Answers to one question; more is a slip, and would fill the memory before the first is asked."""
Dollars = Annotated[float, Field(ge=0, le=1e6)]


_LONGEST = 4000
_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("nothing stands in it; write it, or take the key out")
    if len(text) > _LONGEST:
        raise ValueError(f"expected a name of at most {_LONGEST:,} characters")
    return text


Said = Annotated[str, AfterValidator(_said)]
"""A text that is not blank."""


def _model(name: str) -> str:
    if variable := url.unfilled(name):
        raise ValueError(
            f"nothing fills in {variable}; write the model's name, or let the shell do it: --set teacher.model=$MODEL"
        )
    if name != name.strip() or not name.isprintable():
        raise ValueError("a blank or a control character around or in it; write the model's name as its host does")
    if name.strip(_QUOTES) != name:
        raise ValueError(
            "a typographic quote around it, which YAML takes for a part of it; write plain quotes, or none"
        )
    return name


Model = Annotated[Said, AfterValidator(_model)]
"""A model's name at its endpoint."""


def _address(given: str) -> str:
    if wrong := url.wrong(given):
        raise ValueError(f"it {wrong}")
    return given


Url = Annotated[str, AfterValidator(_address)]
"""Where an endpoint is."""


class Part(BaseModel):
    """A group of settings: unknown keys are refused, true is no 1, values never change after the check."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_bool_for_a_number(cls, given: Any, info: ValidationInfo) -> Any:
        if isinstance(given, bool) and info.field_name is not None:
            kinds = list(_kinds(cls.model_fields[info.field_name].annotation))
            if bool not in kinds and (int in kinds or float in kinds):
                raise PydanticKnownError("int_type" if int in kinds else "float_type")
        return given


def _kinds(annotation: Any) -> Iterator[Any]:
    """A type, or those that it may be."""
    yield annotation
    for part in get_args(annotation):
        yield from _kinds(part)
