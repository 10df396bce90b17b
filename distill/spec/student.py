"""`student:`: the model that learns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from distill.spec.settings import (
    EndpointUrl,
    NonBlank,
    Settings,
)
from distill.spec.training import Train


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
