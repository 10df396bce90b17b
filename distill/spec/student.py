"""`student:` and `evaluate:`: the model that learns, and how it is compared."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from distill.spec.part import Count, Part
from distill.spec.teacher import PriceGiven


class Train(Part):
    """How the student is tuned."""

    with_: Literal["lora", "hosted", "none"] = Field("lora", alias="with")
    base: str = "embedded/smollm2-135m"
    epochs: float = Field(2, gt=0)
    batch_size: Count = 8
    learning_rate: float = Field(2e-3, gt=0)
    rank: Count = 16
    alpha: Count = 32
    layers: Count | None = Field(15, description="adapt only the last so many layers; null adapts all")
    context: Count | None = Field(None, description="tokens a row may hold; longer ones are dropped, never cut")
    seed: int = 0
    base_url: str | None = Field(None, description="hosted: the tuning host; default as for the teacher")
    key_env: str = Field("OPENAI_API_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    suffix: str | None = Field(None, max_length=64)
    poll_s: float = Field(10, gt=0, description="hosted: seconds between two looks at the job")
    price: PriceGiven | None = None


class Student(Part):
    """The small model that learns."""

    prompt: str = "student.md"
    train: Train = Train()


class Evaluate(Part):
    """How teacher, bases and student are compared."""

    arms: list[Literal["teacher", "prompted_base", "base", "student"]] = Field(
        default=["teacher", "prompted_base", "base", "student"]
    )
    metrics: list[Literal["schema", "json_fields", "agreement"]] = Field(default=["schema", "json_fields", "agreement"])
    margin: float = Field(0.02, ge=0, lt=1, description="how much worse than the teacher is still as good")
    require: Literal["distil"] | None = Field(None, description="exit 4 unless the verdict is this")
    compare: list[str] | None = Field(
        None, description="answer fields that agreement compares; default: those of the gold answers"
    )
