"""`strata:`: the cells over which the dataset is balanced, and how many rows of each are wanted."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from distill.spec.settings import NonBlank, PositiveInt, Settings, Share
from distill.spec.teacher import ModelSpec


def _rows_or_share(value: float) -> float:
    if value >= 1 and value != int(value):
        raise ValueError("expected a whole number of rows, or a share below 1")
    return int(value) if value >= 1 else value


RowsOrShare = Annotated[float, Field(ge=1e-6, le=1e9), AfterValidator(_rows_or_share)]


class EdgeCaseSpec(Settings):
    """Rows that must be in the dataset more often than they come by themselves."""

    where: dict[str, str] = Field(min_length=1, description="label: value, all of which must match")
    at_least: RowsOrShare = Field(description="rows, or below 1 a share of dataset.accept")

    def rows(self, accept: int | None) -> int:
        """`at_least` in rows; a share of `accept` is rounded up."""
        return int(self.at_least) if self.at_least >= 1 else math.ceil(round(self.at_least * (accept or 0), 6))


class Quota(Settings):
    """Accepted rows of all the strata together that match, of those that no quota before this one covers."""

    where: dict[str, str] = Field(min_length=1, description="label of `by`: value, all of which must match")
    share: Share | None = Field(None, description="exactly this share of dataset.accept")
    count: PositiveInt | None = Field(None, description="exactly this many rows")
    floor: PositiveInt | None = Field(None, description="at least this many rows")
    cap: int | None = Field(None, ge=0, le=2**31 - 1, description="at most this many rows")

    @model_validator(mode="after")
    def _one(self) -> Quota:
        if sum(value is not None for value in (self.share, self.count, self.floor, self.cap)) != 1:
            raise ValueError("give exactly one of share, count, floor, cap")
        return self


UNLABELLED = "unlabelled"
"""The value of a label that a model was asked for and gave none that can be read."""


class AskedLabel(Settings):
    """A label that a model is asked for, before test rows are set aside."""

    ask: NonBlank = Field(description="template over the seed's variables")
    values: list[str] = Field(min_length=2, description="the values that the label may have")
    model: ModelSpec | None = Field(None, description="the model to ask; default: the teacher's, at temperature 0")

    @field_validator("values")
    @classmethod
    def _different(cls, values: list[str]) -> list[str]:
        if len(set(values)) < len(values) or UNLABELLED in values or "" in values:
            raise ValueError(f"each value once, none of them empty or `{UNLABELLED}`")
        return values


def _kind(value: object) -> str:
    return "[rule]" if isinstance(value, str) else "[asked]"


Label = Annotated[Annotated[str, Tag("[rule]")] | Annotated[AskedLabel, Tag("[asked]")], Discriminator(_kind)]


class Strata(Settings):
    """The cells over which the dataset is balanced."""

    by: list[str] = Field(default_factory=list, description="labels: columns of the seeds, or those of `labels`")
    labels: dict[str, Label] = Field(
        default_factory=dict,
        description="labels that are no columns: an SQL expression over the columns of a row, or what a model is asked",
    )
    edge_cases: list[EdgeCaseSpec] = Field(default_factory=list)
    quotas: list[Quota] = Field(
        default_factory=list, description="rows of some strata; the first that matches a stratum counts"
    )

    @field_validator("by")
    @classmethod
    def _once(cls, by: list[str]) -> list[str]:
        twice = sorted({name for name in by if by.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is named twice; expected each label once")
        return by

    @field_validator("quotas")
    @classmethod
    def _of_strata(cls, quotas: list[Quota], info: ValidationInfo) -> list[Quota]:
        by = info.data.get("by", [])
        others = sorted({name for quota in quotas for name in quota.where} - set(by))
        if others and "by" in info.data:  # else `by` has a fault of its own
            raise ValueError(
                f"{', '.join(others)} is not among strata.by ({', '.join(by) or 'which is empty'}); name it there, "
                "or ask for such rows under strata.edge_cases"
            )
        shares = round(sum(quota.share or 0 for quota in quotas), 9)
        if shares > 1:
            raise ValueError(f"the shares add up to {shares:g}, expected at most 1; lower one of them")
        return quotas

    @property
    def names(self) -> list[str]:
        """Every label, those of `by` first."""
        return list(
            dict.fromkeys([*self.by, *(label for case in self.edge_cases for label in case.where), *self.labels])
        )

    @property
    def columns(self) -> list[str]:
        """The labels that are columns of the seeds."""
        return [name for name in self.names if name not in self.labels]

    @property
    def rules(self) -> dict[str, str]:
        """The labels that an SQL expression gives."""
        return {name: label for name, label in self.labels.items() if isinstance(label, str)}

    @property
    def asked(self) -> dict[str, AskedLabel]:
        """The labels that a model is asked for."""
        return {name: label for name, label in self.labels.items() if not isinstance(label, str)}

    @property
    def shares(self) -> list[str]:
        """Where a share of dataset.accept is asked for."""
        cases = [f"edge_cases[{n}].at_least" for n, case in enumerate(self.edge_cases) if case.at_least < 1]
        return cases + [f"quotas[{n}].share" for n, quota in enumerate(self.quotas) if quota.share is not None]
