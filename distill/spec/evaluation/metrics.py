"""`evaluate.metrics`: which metrics score the answers, those of the engine by name and one of the task's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from distill.spec.settings import Settings

MetricName = Literal[
    "auto", "schema", "json_fields", "agreement", "verify", "tool_calls", "chrf", "bleu", "rouge_l", "embedding"
]


class PythonMetric(Settings):
    """A function of a file beside the spec, run in the sandbox."""

    python: str = Field(
        description="FILE.py or FILE.py:NAME, a file beside the spec; without a name its function `score`. The metric has the function's name"
    )
    seconds: float = Field(2.0, ge=0.01, le=600, description="most time for one row")
    megabytes: int = Field(512, ge=64, le=2**20, description="most memory of the function's process, in MiB")

    @property
    def function(self) -> str:
        """FILE.py:NAME."""
        return self.python if ":" in self.python else f"{self.python}:score"

    @property
    def name(self) -> str:
        return self.function.rpartition(":")[2]


def _metric_kind(value: object) -> str:
    return "[python]" if isinstance(value, dict | PythonMetric) else "[name]"


MetricList = list[
    Annotated[
        Annotated[MetricName, Tag("[name]")] | Annotated[PythonMetric, Tag("[python]")], Discriminator(_metric_kind)
    ]
]


def _form(value: object) -> str:
    return "[list]" if isinstance(value, list | tuple) else "[auto]"


Metrics = Annotated[
    Annotated[Literal["auto"], Tag("[auto]")] | Annotated[MetricList, Tag("[list]")], Discriminator(_form)
]


def named(metrics: Metrics) -> list[str]:
    """The names of metrics, in their order."""
    listed: MetricList = ["auto"] if isinstance(metrics, str) else metrics
    return [one.name if isinstance(one, PythonMetric) else one for one in listed]
