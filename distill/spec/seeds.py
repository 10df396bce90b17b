"""`seeds:`: where the input rows come from, which are the test, and whether synthetic ones are made."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from distill.spec.settings import NonBlank, PositiveInt, Settings, Share
from distill.spec.teacher import ModelSpec
from distill.text.times import micros


class TestRows(Settings):
    """Which rows are set aside for the comparison and never train."""

    share: Share | None = Field(None, description="share of the rows, by stratum")
    rows: PositiveInt | None = Field(None, description="number of rows, by stratum")
    from_: NonBlank | None = Field(None, alias="from", description="a file of test rows of your own")
    where: dict[str, str] | None = Field(
        None,
        min_length=1,
        description="column: value, all of which must match, e.g. only rows that two people have read",
    )
    seed: int = Field(0, ge=0, lt=2**32, description="another number draws other test rows")
    gold: bool = Field(False, description="gold_rows: train: take rows with a known answer for the test as well")

    @model_validator(mode="after")
    def _one(self) -> TestRows:
        if sum(value is not None for value in (self.share, self.rows, self.from_)) != 1:
            raise ValueError("give exactly one of share, rows, from")
        if self.from_ is not None and self.where is not None:
            raise ValueError(
                "`where` chooses among the seeds, and `from` names the test rows themselves; give one of them"
            )
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


class Grow(Settings):
    """In a refresh: more rows of the strata in which the student of the run before missed clearly more than elsewhere."""

    rows: PositiveInt = Field(
        100, description="the most rows to add in one refresh, real seeds first, then synthetic ones"
    )
    harvested: list[NonBlank] = Field(
        default_factory=list,
        description="files of `from` with inputs that the student handled badly in production: their rows are added first",
    )


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


LAST_RUN = "last run"


class SinceSettings(Settings):
    """From when rows are taken."""

    at: NonBlank = Field(
        description='a date or a time in quotes, "2026-11-01", in UTC unless it says otherwise; or `last run`'
    )
    column: NonBlank | None = Field(
        None,
        description="column with a row's time; default: time, timestamp, created_at … or the time of a log's answer",
    )

    @field_validator("at")
    @classmethod
    def _time(cls, value: str) -> str:
        if value == LAST_RUN:
            return value
        try:
            found = micros(value)
        except ValueError:
            found = None
        if found is None or value.isdigit():
            raise ValueError(
                f'expected a date such as "2026-11-01", a time such as "2026-11-01T12:00:00Z", or {LAST_RUN}'
            )
        return value


def _or_text(schema: dict[str, Any]) -> None:
    """A moment may also be written without its object."""
    schema["anyOf"].insert(0, {"type": "string"})


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
    turns: Literal["last", "every"] = Field(
        "last",
        description="of a conversation: last: only the teacher's answer trains; every: the assistant's earlier turns train too, as they stand",
    )
    format: Format | None = Field(None, description="how the files are written; default: detected from each")
    since: SinceSettings | None = Field(
        None,
        description='only rows from then on, as "2026-11-01"; or `last run`: what that run has, and what is newer',
        json_schema_extra=_or_text,
    )
    gold: NonBlank | None = Field(None, description="column with the known answer")
    gold_rows: Literal["compare", "train"] = Field(
        "compare",
        description="train: a known answer is approved work and trains as it is, without asking the teacher; compare: it only measures",
    )
    group: str | None = Field(
        None,
        description="column with the origin of a row (ticket, customer, document): rows of one group are never on both sides of a split",
    )
    id: NonBlank | None = Field(
        None,
        description="column with a row's own id; default: one called id, uuid, ticket_id …; shown, and kept in the dataset",
    )
    keep: list[NonBlank] = Field(
        default_factory=list,
        description="further columns that stay with a row: in dataset.parquet, test.jsonl, show and explain; no model sees them",
    )
    test: TestRows = TestRows(share=0.2)
    held_out: list[NonBlank] = Field(
        default_factory=list,
        description="files of evaluation sets (any format that seeds may have, any columns): rows that repeat one of theirs do not train",
    )
    expand: Expand | None = Field(
        None, description="make synthetic seeds for strata that lack rows when no seed is left"
    )
    grow: Grow | None = Field(
        None, description="in a refresh: ask for more rows where the student of the run before missed most"
    )
    broken: Literal["refuse", "drop"] = Field("refuse", description="what happens to rows that cannot be read")

    @field_validator("since", mode="before")
    @classmethod
    def _since(cls, value: object) -> object:
        return {"at": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _known(self) -> Seeds:
        if self.gold_rows == "train" and self.gold is None:
            raise ValueError("gold_rows: train needs `gold`, the column with the known answer")
        return self

    @property
    def paths(self) -> list[str]:
        return [self.from_] if isinstance(self.from_, str) else self.from_
