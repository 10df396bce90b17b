"""`teacher:`: which models are asked, how, at what price, and what their endpoints take."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from distill.records import Json
from distill.spec.settings import (
    NAME_OF_A_VARIABLE,
    Day,
    Dollars,
    Draws,
    EndpointUrls,
    ModelName,
    NonBlank,
    PositiveInt,
    Seconds,
    Settings,
    WaitSeconds,
    sendable,
)

_SECRET_NAME = re.compile(r"key|token|secret|auth|cookie", re.IGNORECASE)


class Sampling(Settings):
    """How the teacher is asked."""

    temperature: float | None = Field(
        None, ge=0, le=2, description="default: the endpoint's; reasoning models take none"
    )
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    draws: Draws = Field(1, description="answers asked for each row")
    max_tokens: Annotated[int, Field(ge=1, le=10_000_000)] = 256
    raise_to: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None, description="max_tokens of one retry after a truncated answer"
    )
    extra: dict[str, Json] = Field(default_factory=dict, description="body fields sent as they are")

    @field_validator("extra")
    @classmethod
    def _json(cls, extra: dict[str, Json]) -> dict[str, Json]:
        return sendable(extra)

    @model_validator(mode="after")
    def _higher(self) -> Sampling:
        if self.raise_to is not None and self.raise_to <= self.max_tokens:
            raise ValueError(f"raise_to {self.raise_to} is no more than max_tokens {self.max_tokens}")
        return self


class EndpointLimits(Settings):
    """What the endpoint takes."""

    requests_per_minute: PositiveInt | None = None
    tokens_per_minute: PositiveInt | None = None
    in_flight: Annotated[int, Field(ge=1, le=100_000)] = 16
    timeout_s: WaitSeconds = Field(120, description="one attempt's deadline in seconds")
    attempts: PositiveInt = Field(
        6, description="sends of one request before it stays pending; rate limits do not count"
    )
    patience_s: WaitSeconds = Field(
        1800, description="seconds of nothing but 429s, without a single answer, before the run stops"
    )  # fmt: skip
    unknown: PositiveInt = Field(3, description="of these sends, how many may end without an answer but perhaps billed")


class BatchSettings(Settings):
    """How batches, or with `mode: file` request files, are cut and watched."""

    folder: NonBlank | None = Field(
        None,
        description="mode file: the folder of request and result files, from the folder that holds runs/; default: .distill/file-mode",
    )
    rows: PositiveInt = Field(50_000, description="the most rows of one batch")
    megabytes: float = Field(200, ge=0.001, le=1e6, description="the largest size of one input file")
    enqueued_tokens: PositiveInt | None = Field(
        None,
        description="prompt tokens that may be in open batches; learnt from the host's refusal where it is left out",
    )
    poll_s: WaitSeconds = Field(60, description="seconds between two polls, with --wait")
    cancel_s: Seconds = Field(600, description="auto: seconds that a host may take to end a batch that is cancelled")
    grace_s: Seconds = Field(60, description="seconds after which a batch that the host does not show was never made")
    lost_s: Seconds = Field(3600, description="seconds after which a batch that the host no longer knows is given up")
    file_s: Seconds = Field(
        120,
        description="seconds in one command that the host may take to read an uploaded file, before it is left to the next",
    )
    give_up_missing: bool = Field(
        False,
        description="record rows that the host counts as done but does not return as lost, perhaps billed, and send them again; mode "
        "file: take what came of each request file, and ask for its other rows again",
    )
    keep_files: bool = Field(
        False, description="leave the files at the host, or in the folder, when their answers are here"
    )


class PriceGiven(Settings):
    """Dollars a million tokens, for a model the price table does not know."""

    input: Dollars
    output: Dollars
    cached_input: Dollars | None = Field(None, description="prompt tokens read from the endpoint's cache")
    reasoning: Dollars | None = Field(None, description="reasoning tokens; default: as output")
    batch: float = Field(0.5, ge=0, le=1, description="share of the price that a row of a batch costs")


class ModelSpec(Settings):
    """A further model that answers the same rows: on a panel, or where those before it could not."""

    model: ModelName
    base_url: EndpointUrls | None = Field(
        None,
        description="default: OPENAI_BASE_URL, then the provider's own; a list: several endpoints that serve the same model, the limits "
        "are those of each",
    )
    each_address: bool = Field(
        False,
        description="each address that the name in base_url has is an endpoint of its own (a headless service of Kubernetes)",
    )
    key_env: str | None = Field(
        None,
        pattern=NAME_OF_A_VARIABLE,
        description="name of the variable that holds the key; default: OPENAI_API_KEY for the teacher, and its own for models "
        "at its address",
    )
    api: Literal["chat", "responses"] = Field("chat", description="chat completions, or OpenAI's Responses API")
    headers: dict[str, str] = Field(
        default_factory=dict, description="sent with every call; a value `$NAME` is read from the environment"
    )
    price: PriceGiven | None = None
    sampling: Sampling | None = Field(None, description="default: the teacher's")
    limits: EndpointLimits | None = Field(None, description="default: the teacher's")
    mode: Literal["live", "batch", "auto", "file"] = Field(
        "live",
        description="batch: half the price, up to a day; auto: by batch as long as the deadline allows, else live; file: batch files "
        "in a folder, which `vllm run-batch`, a cluster or another machine answers",
    )
    batch: BatchSettings = BatchSettings()
    shutdown_date: Day | None = Field(
        None, description="the day on which its host shuts it down, for `distill status --all`; default: what the host tells, or our table"
    )  # fmt: skip

    @field_validator("headers")
    @classmethod
    def _no_key(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if _SECRET_NAME.search(name) and not value.startswith("$"):
                raise ValueError(
                    f"the header {name!r} looks like a key; name a variable that holds the whole value instead: {name}: $MY_KEY"
                )
        return headers


class Rival(ModelSpec):
    """A further model that answers the test rows alone, to tell whether it would do in place of a student."""

    prompt: NonBlank | None = Field(None, description="the file of its prompt; default: the teacher's")


class ExamSettings(Settings):
    """The teacher on rows with a known answer, before the bulk is asked."""

    rows: int = Field(
        40, ge=0, le=10_000, description="rows with a known answer, no test rows, to ask first; 0: no exam"
    )
    at_least: float | None = Field(
        None, ge=0, le=1, description="share of the known answers that must be right, or a run stops with exit code 4"
    )


class Teacher(ModelSpec):
    """The model whose answers are learnt."""

    prompt: NonBlank = "teacher.md"
    output: NonBlank | None = Field(None, description="JSON schema file of the answer")
    tools: NonBlank | None = Field(None, description="JSON file: the list of tools that an answer may call")
    sampling: Sampling = Sampling()
    limits: EndpointLimits = EndpointLimits()
    fallback: list[ModelSpec] = Field(
        default_factory=list, description="models asked in turn for rows without an accepted answer so far"
    )
    panel: list[ModelSpec] = Field(
        default_factory=list, description="models asked for every row as well (best-of-n): the best answer is kept"
    )
    exam: ExamSettings = ExamSettings()
    reasoning: Literal["drop", "keep"] = Field(
        "drop",
        description="keep: what the teacher thought trains before its answer, as the base's chat template writes thinking",
    )
    reasoning_tokens: PositiveInt | None = Field(
        None, description="with keep: rows whose thinking adds more tokens than this are dropped"
    )
    terms: str = Field("", description="what the teacher's terms allow; copied to the dataset card")

    @model_validator(mode="after")
    def _one_way(self) -> Teacher:
        if self.fallback and self.panel:
            raise ValueError("give fallback or panel, not both")
        return self

    @model_validator(mode="after")
    def _kept(self) -> Teacher:
        if self.reasoning_tokens is not None and self.reasoning != "keep":
            raise ValueError(
                f"reasoning_tokens: {self.reasoning_tokens} is a limit of reasoning: keep, and reasoning is dropped; say keep, or take it out"
            )
        return self
