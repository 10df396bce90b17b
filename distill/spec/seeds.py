"""`seeds:` and `strata:`: where the input rows come from, and over which cells of them the dataset is balanced."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from distill.spec.settings import NonBlank, PositiveInt, Settings, Share
from distill.spec.teacher import ModelSpec


def _rows_or_share(value: float) -> float:
    if value >= 1 and value != int(value):
        raise ValueError("expected a whole number of rows, or a share below 1")
    return int(value) if value >= 1 else value


RowsOrShare = Annotated[float, Field(ge=1e-6, le=1e9), AfterValidator(_rows_or_share)]


class TestRows(Settings):
    """Which rows are set aside for the comparison and never train."""

    share: Share | None = Field(None, description="share of the rows, by stratum")
    rows: PositiveInt | None = Field(None, description="number of rows, by stratum")
    from_: NonBlank | None = Field(None, alias="from", description="a file of test rows of your own")
    gold: bool = Field(False, description="gold_rows: train: take rows with a known answer for the test as well")

    @model_validator(mode="after")
    def _one(self) -> TestRows:
        if sum(value is not None for value in (self.share, self.rows, self.from_)) != 1:
            raise ValueError("give exactly one of share, rows, from")
        return self


class Expand(Settings):
    """New seeds asked of a model, for strata that lack rows when no real seed is left."""

    ways: list[Literal["rewrite", "vary", "fill", "like"]] = Field(
        default=["rewrite", "vary", "fill", "like"],
        min_length=1,
        description="other words; another person or difficulty; from the labels alone; like a few real ones",
    )
    model: ModelSpec | None = Field(
        None, description="the model that writes and checks them; default: the teacher's model"
    )
    per_row: PositiveInt = Field(3, description="the most synthetic seeds from one real seed")
    at_most: PositiveInt = Field(500, description="the most synthetic seeds to ask for in one run")
    about: dict[str, str] = Field(default_factory=dict, description="what a label's value, or a stratum, means")
    plausible: bool = Field(True, description="ask whether each synthetic seed could be a real one of its stratum")


_CHARACTERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|", "space": " "}


class Format(Settings):
    """How the files of rows are written, where that is found out wrongly."""

    encoding: str | None = Field(
        None, description="of text files, e.g. cp1252, mac_roman, utf-16-le; default: detected"
    )
    delimiter: str | None = Field(
        None, description="of tables of text: one character, or comma, semicolon, tab, bar; default: detected"
    )
    quote: str | None = Field(None, description="of tables of text: one character, or '' for none; default: detected")

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                "".encode(value)
        except LookupError:
            raise ValueError(
                "expected the name of a text encoding, such as utf-8, cp1252, mac_roman or utf-16"
            ) from None
        return value

    @field_validator("delimiter")
    @classmethod
    def _delimiter(cls, value: str | None) -> str | None:
        value = _CHARACTERS.get(value, value) if value is not None else None
        if value is not None and (len(value) != 1 or value in '\r\n"'):
            raise ValueError(f"expected one character, or one of {', '.join(_CHARACTERS)}")
        return value

    @field_validator("quote")
    @classmethod
    def _quote(cls, value: str | None) -> str | None:
        if value is not None and (len(value) > 1 or value in ("\r", "\n")):
            raise ValueError("expected one character, or '' where nothing is quoted")
        return value


class Seeds(Settings):
    """Where the input rows come from."""

    from_: NonBlank | Annotated[list[NonBlank], Field(min_length=1)] = Field(
        alias="from",
        description="jsonl, json, csv, tsv or parquet file, also .gz; a folder or pattern of them; or a list",
    )
    as_: Literal["rows", "chats"] = Field(
        "rows",
        alias="as",
        description="chats: logged conversations (OpenAI messages, ShareGPT, Alpaca …), as columns messages, system and reply",
    )
    format: Format | None = Field(None, description="how the files are written; default: detected from each")
    gold: NonBlank | None = Field(None, description="column with the known answer")
    gold_rows: Literal["compare", "train"] = Field(
        "compare",
        description="train: a known answer is approved work and trains as it is, without asking the teacher; compare: it only measures",
    )
    group: str | None = Field(
        None,
        description="column with the origin of a row (ticket, customer, document): rows of one group are never on both sides of a split",
    )
    test: TestRows = TestRows(share=0.2)
    held_out: list[NonBlank] = Field(
        default_factory=list,
        description="files of evaluation sets (any format that seeds may have, any columns): rows that repeat one of theirs do not train",
    )
    expand: Expand | None = Field(
        None, description="make synthetic seeds for strata that lack rows when no seed is left"
    )
    broken: Literal["refuse", "drop"] = Field("refuse", description="what happens to rows that cannot be read")

    @model_validator(mode="after")
    def _known(self) -> Seeds:
        if self.gold_rows == "train" and self.gold is None:
            raise ValueError("gold_rows: train needs `gold`, the column with the known answer")
        return self

    @property
    def paths(self) -> list[str]:
        return [self.from_] if isinstance(self.from_, str) else self.from_


class EdgeCase(Settings):
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


def _kind(value: Any) -> str:
    return "[rule]" if isinstance(value, str) else "[asked]"


Label = Annotated[
    Annotated[str, Tag("[rule]")] | Annotated[AskedLabel, Tag("[asked]")],
    Discriminator(_kind),
]


class Strata(Settings):
    """The cells over which the dataset is balanced."""

    by: list[str] = Field(default_factory=list, description="labels: columns of the seeds, or those of `labels`")
    labels: dict[str, Label] = Field(
        default_factory=dict,
        description="labels that are no columns: an SQL expression over the columns of a row, or what a model is asked",
    )
    edge_cases: list[EdgeCase] = Field(default_factory=list)
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
