"""`dedup:`, `dataset:` and `expect:`: what answers become of, how many, and what must hold of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from distill.spec.settings import Draws, PositiveInt, Settings, Share


class Dedup(Settings):
    """Near-duplicate removal."""

    near: float = Field(
        0.85,
        ge=0.01,
        le=1,
        description="Jaccard similarity of character 4-grams from which two inputs are near-duplicates",
    )
    leak: float | None = Field(
        None,
        ge=0.01,
        le=1,
        description="similarity from which an input is too near a held-out one to train; default: near",
    )
    meaning: float | None = Field(
        None,
        ge=0.01,
        le=1,
        description="cosine from which inputs with the same meaning are near-duplicates too; needs the extra `meaning`",
    )
    typos: bool = Field(
        True,
        description="inputs that one typo sets apart are near-duplicates too, however short: a misspelt word, punctuation, "
        "a space between words, a word typed twice, a please or thanks",
    )
    numbers: Literal["apart", "ignore"] = Field(
        "apart",
        description="apart: inputs whose numbers, dates, units or negations differ are no near-duplicates, however alike; "
        "ignore: these count as any other letters do, for texts in which numbers are noise",
    )
    compare: list[str] | None = Field(
        None, description="answer fields in which near-duplicates must agree; default: those that the schema enumerates"
    )
    on_conflict: Literal["keep", "abstain", "ask_again", "person"] = Field(
        "keep",
        description="of near-duplicates that contradict each other: keep the better one, or drop both (abstain), "
        "or let further answers to each vote (ask_again), or drop both and list them in conflicts.jsonl for a person",
    )
    more_votes: Draws = Field(
        4,
        description="further answers that ask_again asks for of each row in conflict; more than half of all must agree",
    )


class Select(Settings):
    """Which rows of a stratum stay where there are more than its quota."""

    by: Literal["diverse", "score"] = Field(
        "diverse",
        description="diverse: a spread of length, wording and form, and the better rows; score: only the best",
    )
    weight: float = Field(0.5, ge=0, le=1, description="of diverse: how much variety counts, the rest is the score")


class Dataset(Settings):
    """What the student is to be taught on."""

    accept: PositiveInt | None = Field(None, description="rows wanted in total")
    per_stratum: PositiveInt | None = Field(None, description="at most this many rows per stratum")
    temperature: float = Field(
        0.0,
        ge=0,
        le=1,
        description="rows per stratum follow (share of seeds) ^ temperature: 1 keeps the natural distribution, 0 makes them equal",
    )
    select: Select = Select()
    more_draws: int | None = Field(
        None,
        ge=0,
        le=1000,
        description="further answers asked for a row that gates refused, where its stratum lacks rows and no seed is left; "
        "default: 1 with seeds.expand, else 0",
    )
    valid: Share = 0.1
    preview: PositiveInt | None = Field(
        None,
        description="ask only so many training rows, for a first look (`--limit`): a run then ends after curation",
    )


class Expect(Settings):
    """What the dataset must be; otherwise nothing is trained and the exit code is 4."""

    rows: PositiveInt | None = Field(None, description="rows in total, at least")
    rows_per_stratum: PositiveInt | None = Field(None, description="rows of each stratum, at least")
    largest_cluster: Share | None = Field(None, description="share of the rows that may be near copies of each other")
    max_tokens: PositiveInt | None = Field(None, description="tokens of a row, prompt and answer, at most")
    same_system: bool | None = Field(None, description="every row has the same system prompt")
    valid: tuple[Share, Share] | None = Field(None, description="least and most share of validation rows")

    @field_validator("valid")
    @classmethod
    def _in_order(cls, valid: tuple[float, float] | None) -> tuple[float, float] | None:
        if valid is not None and valid[0] > valid[1]:
            raise ValueError("expected the least share first, then the most")
        return valid
