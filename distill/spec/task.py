"""One task as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from distill.records import Json
from distill.spec import deadline
from distill.spec.dataset import Dataset, Dedup, Expect
from distill.spec.evaluation.evaluate import Evaluate
from distill.spec.judge import Judge
from distill.spec.lifecycle.monitor import MonitorSettings
from distill.spec.lifecycle.refresh import RefreshSettings
from distill.spec.lifecycle.registry import RegistrySettings
from distill.spec.seeds import Seeds
from distill.spec.settings import Settings, located
from distill.spec.strata import Strata
from distill.spec.student import Student
from distill.spec.teacher import ModelSpec, Teacher

ARMS = ("teacher", "prompted_base", "base", "linear", "student")


class BudgetLimit(Settings):
    """The wall."""

    usd: float | None = Field(None, gt=0, le=1e9)


def _gates(given: list[str | dict[str, Json]]) -> list[str | dict[str, Json]]:
    if not given:
        raise ValueError(
            "no gate is named, so every answer would train unseen; take `gates` out for the usual ones, or name one, say [finish_reason]"
        )
    for gate in given:
        if isinstance(gate, dict) and len(gate) != 1:
            raise ValueError(f"a gate with settings is one `name: {{…}}`, found {len(gate)} names: {', '.join(gate)}")
        for name, settings in gate.items() if isinstance(gate, dict) else ():
            if settings is not None and not isinstance(settings, dict):
                raise ValueError(f"the settings of the gate `{name}` are no mapping; expected, say, `{name}: {{…}}`")
    spelt = [str(gate) if isinstance(gate, str) else str(next(iter(gate))) for gate in given]
    same = sorted({spelt[n] for n, gate in enumerate(given) if _alone(gate) in [_alone(one) for one in given[:n]]})
    if same:
        raise ValueError(f"{', '.join(same)} is named twice with the same settings; expected each gate once")
    return given


def _alone(gate: str | dict[str, Json]) -> dict[str, Json]:
    """A gate with its settings, however it is spelt."""
    return {gate: {}} if isinstance(gate, str) else {name: settings or {} for name, settings in gate.items()}


class TaskSpec(Settings):
    """One task, from seeds to verdict."""

    task: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="its name; names the run folder")
    about: str = ""
    seeds: Seeds
    strata: Strata = Strata()
    teacher: Teacher
    gates: Annotated[list[str | dict[str, Json]], AfterValidator(_gates)] | None = Field(
        None,
        description="default: tools and schema where the teacher has them, finish_reason, refusal, length, secrets",
    )
    judge: Judge | None = None
    dedup: Dedup = Dedup()
    dataset: Dataset = Dataset()
    expect: Expect = Expect()
    student: Student = Student()
    evaluate: Evaluate = Evaluate()
    budget: BudgetLimit = BudgetLimit()
    registry: RegistrySettings = RegistrySettings()
    refresh: RefreshSettings = RefreshSettings()
    monitor: MonitorSettings = MonitorSettings()
    deadline: Annotated[str | None, BeforeValidator(lambda value: None if value is None else deadline.spelt(value))] = (
        Field(None, description="when all answers must be there: 07:00, or a time from the run's start such as 8h")
    )

    @model_validator(mode="after")
    def _shares_of_something(self) -> TaskSpec:
        if self.strata.shares and self.dataset.accept is None:
            raise ValueError(
                f"strata.{self.strata.shares[0]} is a share of dataset.accept, which is not given; give it"
            )
        return self

    @model_validator(mode="after")
    def _located(self) -> TaskSpec:
        self.__dict__.update(located(self).__dict__)
        return self

    @property
    def models(self) -> list[tuple[str, ModelSpec]]:
        """Every model that is named but the student's base, by the setting that names it."""
        teacher, expand = self.teacher, self.seeds.expand
        way = "panel" if teacher.panel else "fallback"
        found: list[tuple[str, ModelSpec]] = [("teacher", teacher)]
        found += [(f"teacher.{way}[{n}]", model) for n, model in enumerate((*teacher.fallback, *teacher.panel))]
        found += [(f"judge.models[{n}]", model) for n, model in enumerate(self.judge.models if self.judge else [])]
        evaluating = self.evaluate.judge.models if self.evaluate.judge else []
        found += [(f"evaluate.judge.models[{n}]", model) for n, model in enumerate(evaluating)]
        found += [(f"strata.labels.{name}.model", one.model) for name, one in self.strata.asked.items() if one.model]
        found += [(f"evaluate.rivals.{name}", rival) for name, rival in self.evaluate.rivals.items()]
        return found + ([("seeds.expand.model", expand.model)] if expand and expand.model else [])

    @property
    def arms(self) -> Sequence[str]:
        """Who answers the test rows. A linear student has no base, so by default none is asked beside it."""
        if self.evaluate.arms is not None:
            return self.evaluate.arms
        return ("teacher", "student") if self.student.train.classifier else ARMS

    def gate_settings(self) -> list[tuple[str, dict[str, Json]]]:
        """The gates in the spec's order as (name, settings)."""
        given = {"tools": self.teacher.tools, "schema": self.teacher.output}
        own = [name for name, file in given.items() if file is not None]
        gates = [*own, "finish_reason", "refusal", "length", "secrets"] if self.gates is None else self.gates
        return [
            (gate, {}) if isinstance(gate, str) else next((n, dict(s or {})) for n, s in gate.items()) for gate in gates
        ]
