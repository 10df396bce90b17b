"""`student.train:`: how the model that learns is tuned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from distill import url
from distill.records import Json
from distill.spec.presets import PresetName, with_preset
from distill.spec.settings import (
    NAME_OF_A_VARIABLE,
    Day,
    EndpointUrl,
    ModelName,
    NonBlank,
    PositiveInt,
    Settings,
    WaitSeconds,
    sendable,
)
from distill.spec.teacher import PriceGiven


class Preference(Settings):
    """How an adapter is trained on from the run's preference pairs (DPO)."""

    beta: float = Field(
        0.1, gt=0, le=100, description="how closely it stays to the supervised adapter; higher is closer"
    )
    epochs: float = Field(1, ge=0.001, le=1000)
    learning_rate: float = Field(5e-6, ge=1e-12, le=10)
    margin: float = Field(0.2, gt=0, le=1, description="by how much a gate scores the better answer higher, at least")


class Replay(Settings):
    """General rows of one's own that train along, so that less of what the base knew is forgotten."""

    from_: NonBlank = Field(alias="from", description="a file of chat rows (JSONL), as train.jsonl has them")
    share: float = Field(0.1, gt=0, le=0.9, description="of all rows that train")


class Train(Settings):
    """How the student is tuned."""

    with_: Literal["lora", "full", "hosted", "linear", "embedding", "none"] = Field(
        "lora",
        alias="with",
        description="lora: an adapter is tuned here; full: all weights of a small base are, here; hosted: by a host's tuning job; "
        "linear: no language model, for closed answers; embedding: the same over word vectors (the extra `meaning`)",
    )
    base: ModelName = Field(
        "embedded/smollm2-135m",
        description="lora, full: the embedded model, a folder that holds a model of transformers, a *.gguf file, or an id of the model hub; "
        "hosted: a name at the host",
    )
    preset: PresetName | None = Field(
        None, description="settings that fit together (`distill presets` lists them); a key that is set here wins"
    )
    encoder: NonBlank | None = Field(
        None,
        description="embedding: a folder with a model of model2vec or sentence-transformers; default: the vectors of the extra `meaning`",
    )
    # Null and not false: a run of a version that knew no such setting is then the same.
    soft_labels: bool | None = Field(
        None,
        description="linear, embedding: a row counts as much as the teacher's token probabilities say that its value is likely; they are asked "
        "for with every question to the teacher, which makes each another question",
    )
    epochs: float = Field(2, ge=0.001, le=10_000)
    batch_size: PositiveInt = 8
    learning_rate: float = Field(2e-3, ge=1e-12, le=10, description="full: 2e-5 unless it is given")
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
    preference: Preference | None = Field(
        None, description="lora: trains the adapter on, after the rows, from pairs of better and worse answers (DPO)"
    )
    replay: Replay | None = Field(
        None,
        description="lora, full: general chat rows that train along with the task's, and are in no file of the dataset",
    )
    from_: Literal["fresh", "last"] | None = Field(
        None, alias="from",
        description="lora: where the adapter begins in a refresh: last goes on from that of the run before; fresh, the default, from none",
    )  # fmt: skip
    track: Literal["trackio", "wandb", "mlflow"] | None = Field(None, description="where losses are sent as well")
    patience: PositiveInt | None = Field(
        None, description="end the training after this many epochs without a lower validation loss"
    )
    context: PositiveInt | None = Field(None, description="tokens a row may hold; longer ones are dropped, never cut")
    seed: int = Field(0, ge=0, lt=2**32)
    seeds: Annotated[int, Field(ge=1, le=10)] = Field(
        1,
        description="lora, full: train so many times, by the seeds from `seed` on, and compare their mean; the first one serves",
    )
    base_url: EndpointUrl | None = Field(None, description="hosted: the tuning host; default as for the teacher")
    key_env: str | None = Field(
        None, pattern=NAME_OF_A_VARIABLE, description="default: OPENAI_API_KEY; TOGETHER_API_KEY with host: together"
    )
    host: Literal["openai", "together"] = Field(
        "openai", description="hosted: openai: its protocol at any base_url; together: Together's own"
    )
    method: Literal["supervised", "dpo"] = Field(
        "supervised",
        description="hosted: dpo learns from preference pairs, which export --format openai-preference writes",
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

    shutdown_date: Day | None = Field(
        None, description="hosted: the day on which the host shuts the base down, and students with it; default: what the host tells, or our table"
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
        """What is sent to a host about the training: the epochs, and what the spec sets itself; the defaults are those of training here."""
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
        return with_preset(_for_full(given))

    @model_validator(mode="after")
    def _soft(self) -> Train:
        if self.soft_labels and not self.classifier:
            raise ValueError(
                f"soft_labels weighs the rows of a classifier, and `with: {self.with_}` trains none; say with: linear or embedding, or take it out"
            )
        return self

    @model_validator(mode="after")
    def _all_weights(self) -> Train:
        if self.preference is not None and self.with_ != "lora":
            raise ValueError(
                f"preference trains an adapter on, and `with: {self.with_}` makes none here; say with: lora, or take it out"
            )
        if self.from_ == "last" and self.with_ != "lora":
            raise ValueError(
                f"from: last goes on from an adapter, and `with: {self.with_}` makes none here; say with: lora, or take it out"
            )
        if self.seeds > 1 and (not self.local or self.preference is not None):
            way = "preference" if self.local else f"with: {self.with_}"
            raise ValueError(
                f"seeds: {self.seeds} trains a language model several times on this machine, and `{way}` is no such training; take it out"
            )
        if self.replay is not None and not self.local:
            raise ValueError(
                f"replay mixes rows into a training on this machine, and `with: {self.with_}` is none; say with: lora or full, or take it out"
            )
        if self.with_ != "full":
            return self
        if self.layers is not None:
            raise ValueError(
                f"layers: {self.layers} is for an adapter, and `with: full` tunes all weights; take it out"
            )
        if self.bits is not None:
            raise ValueError(
                f"bits: {self.bits} (or the preset qlora) is for an adapter: weights in {self.bits} bits cannot be tuned; say with: lora"
            )
        return self

    @property
    def classifier(self) -> bool:
        """Whether the student is no language model, but learns which of a few values an answer has."""
        return self.with_ in ("linear", "embedding")

    @property
    def local(self) -> bool:
        """Whether a language model is tuned on this machine."""
        return self.with_ in ("lora", "full")


_FULL: Mapping[str, object] = {"learning_rate": 2e-5, "layers": None}
"""What is usual where all weights are tuned; of a preset, neither holds for them."""


def _for_full(given: object) -> object:
    """Settings of a full training with what is usual for one."""
    return {**_FULL, **given} if isinstance(given, dict) and given.get("with") == "full" else given
