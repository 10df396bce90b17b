"""`student:` and `evaluate:`: the model that learns, and how it is compared."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from distill import url
from distill.records import Json
from distill.spec.presets import PresetName, with_preset
from distill.spec.settings import (
    NAME_OF_A_VARIABLE,
    EndpointUrl,
    ModelName,
    NonBlank,
    PositiveInt,
    Settings,
    WaitSeconds,
    sendable,
)
from distill.spec.teacher import PriceGiven
from distill.values.rules import Rule, ValueKind


class Train(Settings):
    """How the student is tuned."""

    with_: Literal["lora", "hosted", "linear", "none"] = Field(
        "lora",
        alias="with",
        description="lora: tuned here; hosted: by a host's tuning job; linear: no language model, for closed answers",
    )
    base: ModelName = Field(
        "embedded/smollm2-135m",
        description="lora: the embedded model, a folder that holds a model of transformers, a *.gguf file, or an id of the model hub; "
        "hosted: a name at the host",
    )
    preset: PresetName | None = Field(
        None, description="settings that fit together (`distill presets` lists them); a key that is set here wins"
    )
    epochs: float = Field(2, ge=0.001, le=10_000)
    batch_size: PositiveInt = 8
    learning_rate: float = Field(2e-3, ge=1e-12, le=10)
    rank: Annotated[int, Field(ge=1, le=4096)] = 16
    alpha: Annotated[int, Field(ge=1, le=65_536)] = 32
    layers: PositiveInt | None = Field(15, description="adapt only this many last layers; null adapts all")
    dropout: float = Field(0.0, ge=0, lt=1)
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the steps over which the learning rate rises")
    accumulate: PositiveInt = Field(
        1, description="batches whose gradients make one step: less memory than a larger batch"
    )
    recompute: bool = Field(False, description="gradient checkpointing: slower, in a fraction of the memory")
    bits: Literal[4, 8] | None = Field(
        None, description="load the base in so many bits (QLoRA); needs an NVIDIA GPU and bitsandbytes"
    )
    track: Literal["trackio", "wandb", "mlflow"] | None = Field(None, description="where losses are sent as well")
    patience: PositiveInt | None = Field(
        None, description="end the training after this many epochs without a lower validation loss"
    )
    context: PositiveInt | None = Field(None, description="tokens a row may hold; longer ones are dropped, never cut")
    seed: int = Field(0, ge=0, lt=2**32)
    base_url: EndpointUrl | None = Field(None, description="hosted: the tuning host; default as for the teacher")
    key_env: str | None = Field(
        None, pattern=NAME_OF_A_VARIABLE, description="default: OPENAI_API_KEY; TOGETHER_API_KEY with host: together"
    )
    host: Literal["openai", "together"] = Field(
        "openai", description="hosted: openai: its protocol at any base_url; together: Together's own"
    )
    learning_rate_multiplier: float | None = Field(
        None, gt=0, le=1000, description="hosted, host: openai: of the host's own learning rate"
    )
    extra: dict[str, Json] = Field(
        default_factory=dict,
        description="hosted: laid over the request that makes the job: {trainingType: Standard}; a null takes a key out",
    )
    train_price: float | None = Field(
        None,
        ge=0,
        le=1e6,
        description="hosted: dollars per million trained tokens; with host: together its own estimate",
    )
    suffix: str | None = Field(None, max_length=64)
    poll_s: WaitSeconds = Field(10, description="hosted: seconds between two polls of the job")
    price: PriceGiven | None = Field(None, description="what the base costs, where the price table does not know it")
    tuned_price: PriceGiven | None = Field(
        None, description="hosted: price of the tuned model, usually above its base's; default: as `price`"
    )  # fmt: skip

    @field_validator("extra")
    @classmethod
    def _json(cls, extra: dict[str, Json]) -> dict[str, Json]:
        return sendable(extra)

    @property
    def tuning_url(self) -> str | None:
        """Where the base is, and where it is tuned; None is the teacher's default."""
        return url.TOGETHER if self.base_url is None and self._together else self.base_url

    @property
    def tuning_key_env(self) -> str:
        return self.key_env or ("TOGETHER_API_KEY" if self._together else "OPENAI_API_KEY")

    @property
    def _together(self) -> bool:
        return self.with_ == "hosted" and self.host == "together"

    @property
    def hyperparameters(self) -> dict[str, Json]:
        """What a host is told of the training: the epochs, and what the spec sets itself; the defaults are those of training here."""
        given: dict[str, Json] = {"n_epochs": max(1, round(self.epochs))}
        if "batch_size" in self.model_fields_set:
            given["batch_size"] = self.batch_size
        if self.host == "together" and "learning_rate" in self.model_fields_set:
            given["learning_rate"] = self.learning_rate
        if self.learning_rate_multiplier is not None:
            given["learning_rate_multiplier"] = self.learning_rate_multiplier
        return given

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, given: object) -> object:
        return with_preset(given)


class Student(Settings):
    """The small model that learns."""

    prompt: NonBlank = "student.md"
    template: NonBlank | None = Field(
        None, description="a file with the chat template (Jinja) of a base that has none, or in place of its own"
    )
    serve: Literal["auto", "llama.cpp", "transformers"] | EndpointUrl = Field(
        "auto",
        description="what answers for base and student when they are compared: llama.cpp for a GGUF file, else transformers; or the URL of "
        "a server that has both (vLLM), the base under its name and the student under the task's",
    )
    train: Train = Train()


_SHARE = re.compile(r"(\d+(?:\.\d+)?) ?%")


class Within(Settings):
    """A number that may be off."""

    within: float | str = Field(description="by how much at the most: 0.01, or a share of the number such as 5 %")

    @field_validator("within", mode="before")
    @classmethod
    def _off(cls, value: object) -> object:
        number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
        if number or (isinstance(value, str) and _SHARE.fullmatch(value)):
            return value
        raise ValueError("expected a number that is not below 0, or a share such as 5 %")

    @property
    def rule(self) -> Rule:
        share = _SHARE.fullmatch(str(self.within))
        return Rule("number", float(share[1]) / 100, share=True) if share else Rule("number", float(self.within))


def _rule_kind(value: object) -> str:
    return "[off]" if isinstance(value, dict | Within) else "[rule]"


Compared = Annotated[Annotated[ValueKind, Tag("[rule]")] | Annotated[Within, Tag("[off]")], Discriminator(_rule_kind)]


def _compare_kind(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[names]"
    whole = not isinstance(value, dict) or (set(value) == {"within"} and not isinstance(value["within"], dict))
    return "[whole]" if whole else "[fields]"


Compare = Annotated[
    Annotated[list[str], Tag("[names]")]
    | Annotated[Compared, Tag("[whole]")]
    | Annotated[dict[str, Compared], Tag("[fields]")],
    Discriminator(_compare_kind),
]


class Evaluate(Settings):
    """How teacher, bases and student are compared."""

    arms: list[Literal["teacher", "prompted_base", "base", "linear", "student"]] | None = Field(
        None,
        description="who answers the test rows; linear: a linear model of the same training rows, where answers are closed. "
        "Default: all of them, and beside a linear student the teacher alone",
    )
    metrics: list[Literal["schema", "json_fields", "agreement"]] = Field(default=["schema", "json_fields", "agreement"])
    margin: float = Field(0.02, ge=0, lt=1, description="how much worse than the teacher is still as good")
    require: Literal["distil"] | None = Field(None, description="exit 4 unless the verdict is this")
    compare: Compare | None = Field(
        None,
        description="how answers are compared: a list of the fields that alone count; or field → text, exact, number, "
        "{within: 0.01}, {within: 5 %}, date, time, set, list or ignore; or one of these for an answer that is a plain value. "
        "Default: by the output schema and the kind of value, over the fields of the gold answers",
    )

    @field_validator("arms", "metrics")
    @classmethod
    def _once(cls, named: list[str] | None) -> list[str] | None:
        twice = sorted({one for one in named or () if (named or []).count(one) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is named twice; expected each once")
        return named

    @property
    def only(self) -> Sequence[str]:
        """The fields that alone count; empty where all do."""
        return self.compare if isinstance(self.compare, list) else ()

    @property
    def rules(self) -> dict[str, Rule] | Rule | None:
        """How fields are compared, by their paths, or the whole answer."""
        if isinstance(self.compare, dict):
            return {name: _rule(one) for name, one in self.compare.items()}
        return None if self.compare is None or isinstance(self.compare, list) else _rule(self.compare)


def _rule(given: ValueKind | Within) -> Rule:
    return given.rule if isinstance(given, Within) else Rule(given)
