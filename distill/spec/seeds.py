"""`seeds:` and `strata:`: where the input rows come from, and over which cells of them the dataset is balanced."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from distill.spec.part import Count, Part, Share


class TestRows(Part):
    """Which rows are set aside for the comparison and never train."""

    share: Share | None = Field(None, description="share of the rows, by stratum")
    rows: Count | None = Field(None, description="number of rows, by stratum")
    from_: str | None = Field(None, alias="from", description="a file of test rows of your own")

    @model_validator(mode="after")
    def _one(self) -> TestRows:
        if sum(value is not None for value in (self.share, self.rows, self.from_)) != 1:
            raise ValueError("give exactly one of share, rows, from")
        return self


class Seeds(Part):
    """Where the input rows come from."""

    from_: str | list[str] = Field(alias="from", description="jsonl, csv or parquet file, a folder of them, or a list")
    as_: Literal["rows", "chats"] = Field(
        "rows",
        alias="as",
        description="chats: logged conversations (OpenAI messages, ShareGPT, Alpaca), as columns messages, system and reply",
    )
    gold: str | None = Field(None, description="column with the known answer")
    test: TestRows = TestRows(share=0.2)
    held_out: list[str] = Field(
        default_factory=list,
        description="files of evaluation sets (jsonl, csv, parquet; any columns): what repeats a row of them does not train",
    )
    broken: Literal["refuse", "drop"] = Field("refuse", description="what happens to rows that cannot be read")

    @property
    def paths(self) -> list[str]:
        return [self.from_] if isinstance(self.from_, str) else self.from_


class EdgeCase(Part):
    """Rows that must be in the dataset more often than they come by themselves."""

    where: dict[str, str] = Field(min_length=1, description="label: value, all of which must match")
    at_least: Count


class Strata(Part):
    """The cells over which the dataset is balanced."""

    by: list[str] = Field(default_factory=list, description="label columns of the seeds")
    edge_cases: list[EdgeCase] = Field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """Every label column that is needed, those of `by` first."""
        return list(dict.fromkeys([*self.by, *(label for case in self.edge_cases for label in case.where)]))
