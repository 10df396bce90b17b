"""`refresh:`: when a student is due for a refresh. Nothing starts by itself: `distill status --all` says what is due."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from distill.spec.settings import Settings


class RefreshSettings(Settings):
    """Days until a refresh is due."""

    every: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        None, description="days after the last run or probe from which a refresh is due; default: never by age"
    )
    notice: Annotated[int, Field(ge=0, le=3650)] = Field(
        90, description="days before a model is shut down from which a refresh is due"
    )
