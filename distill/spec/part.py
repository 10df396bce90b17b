"""What every group of settings has in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


class Part(BaseModel):
    """A group of settings: unknown keys are refused, values never change after the check."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
