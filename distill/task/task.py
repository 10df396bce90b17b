"""A checked task: its spec with everything the spec names, and what its models are asked with.

`distill.pipeline.open_task` makes one. `env` is given by the command line, the only place that reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from distill import reads, spec
from distill.base_model.local import LocalWeights
from distill.chat import templates
from distill.records import Json
from distill.spec import ModelSpec, TaskSpec
from distill.strata.quotas import EdgeCase, QuotaRule, Targets
from distill.task import stores
from distill.teacher.endpoint import models, student_base
from distill.teacher.endpoint.address import Address, Model
from distill.teacher.engines import in_process
from distill.text import notebook

if TYPE_CHECKING:
    import polars as pl

    from distill.records import Seed
    from distill.spec.judge import Rubric
    from distill.strata.growth import StrataGrowth


_UNNOTED = frozenset({"spec", "env", "home"})
"""Fields of a task that are no read by themselves: the spec notes its settings, `models.address` what it takes of `env`."""
_LIVELY = 0.9
"""The temperature of new seeds where the teacher's is 0."""


@dataclass(frozen=True, slots=True, repr=False)
class Task:
    """What the stages need of a task. Each field that is read is noted, a setting of the spec by the spec itself.

    task.spec     the settings, e.g. task.spec.dataset.accept
    task.seeds    the input rows;  task.teachers  the models that answer
    task.home     the folder that holds runs/ and .distill/
    """

    spec: spec.TaskSpec
    path: Path
    home: Path
    teacher_prompt: templates.Template
    student_prompt: templates.Template
    output: Mapping[str, Json] | None
    tools: Sequence[Mapping[str, Json]]
    seeds: Sequence[Seed]
    pinned: Sequence[Seed]
    bad_rows: pl.DataFrame
    held_out: Sequence[tuple[str, str, str, str, bool]]
    """Rows of the evaluation sets that `seeds.held_out` names, as `distill.seeds.held_out` reads them."""
    env: Mapping[str, str]
    rubrics: Mapping[str, Rubric] = field(default_factory=dict)
    """Gate → what its judges are asked."""
    evaluation_rubric: Rubric | None = None
    """What the judges of the test rows' answers are asked; None where there are none."""
    overrides: Sequence[str] = ()
    """`a.b=value` of the command line, already part of `spec`."""
    label_prompts: Mapping[str, templates.Template] = field(default_factory=dict)
    """Label → the template that asks a model for it."""
    rival_prompts: Mapping[str, templates.Template] = field(default_factory=dict)
    """Rival → its prompt, where it has one of its own."""
    growth: StrataGrowth | None = None
    """What this run grows by the misses of an earlier one (`distill.pipeline.next_run.growing`)."""
    notes: Sequence[str] = ()
    """What was found out about the files of rows and a person should know."""

    if not TYPE_CHECKING:  # or a checker would take every name for a field

        def __getattribute__(self, name: str) -> object:
            if name in _FIELDS and (seen := reads.seen()) is not None:
                seen.add(f"task:{name}")
            return object.__getattribute__(self, name)

    def __repr__(self) -> str:
        return notebook.line("Task", self._figures())

    def _repr_html_(self) -> str:
        return notebook.table(self._figures(), self.notes)

    def _figures(self) -> dict[str, object]:
        """What is shown of a task, by its name."""
        return {
            "name": self.spec.task, "path": str(self.path), "seeds": len(self.seeds), "teacher": self.models,
            "base": self.spec.student.train.base, "accept": self.spec.dataset.accept,
        }  # fmt: skip

    @property
    def store_path(self) -> Path:
        return stores.path_of(self.home)

    @property
    def edge_cases(self) -> list[EdgeCase]:
        """Those of the spec, and the floors of what grows."""
        return [*edge_cases_of(self.spec), *(self.growth.cases if self.growth else [])]

    @property
    def teachers(self) -> list[Model]:
        """Every model that answers, the teacher first, then its fallbacks or its panel in the spec's order."""
        first = self.spec.teacher
        found = [self.asked(one) for one in (first, *first.fallback, *first.panel)]
        return [models.telling(one) for one in found] if self.spec.student.train.soft_labels else found

    def asked(self, one: ModelSpec) -> Model:
        """A model as it is asked: what it does not say itself is as the teacher's."""
        first = self.spec.teacher
        return models.asked(one, first, self.env, models.over(first.sampling, one.sampling))

    @property
    def judges(self) -> list[Model]:
        """Every model that scores answers, by itself the teacher; greedy, but for what the spec says. None where no gate asks."""
        named = self.spec.judge.models if self.spec.judge else []
        return self._judging(named or ([self.spec.teacher] if self.rubrics else []))

    @property
    def evaluation_judges(self) -> list[Model]:
        """Every model that scores the answers to the test rows; by default those of `judge.models`, and else the teacher."""
        judge = self.spec.evaluate.judge
        if judge is None:
            return []
        of_curation = self.spec.judge.models if self.spec.judge else []
        return self._judging(judge.models or of_curation or [self.spec.teacher])

    def _judging(self, named: Sequence[ModelSpec]) -> list[Model]:
        """Models as they judge: greedily, but for what the spec says."""
        teacher, found = self.spec.teacher, []
        for one in named:
            asked = models.asked(one, teacher, self.env, spec.Sampling())
            # A host's models may take no temperature, and then the spec sets none for the teacher either.
            bare = teacher.sampling.temperature is None and asked.address.dialect != "chat"
            greedy = spec.Sampling() if bare else spec.Sampling(temperature=0.0)
            found.append(replace(asked, sampling=models.over(greedy, None if one is teacher else one.sampling)))
        return found

    @property
    def reference(self) -> bool:
        """Whether judges are shown the gold answer."""
        return self.spec.judge is not None and self.spec.judge.reference

    def labeller(self, name: str, draw: int = 0) -> Model:
        """Who is asked for a label: the model that the spec names, or the teacher's. The first draw is greedy unless the
        model's own sampling is given; a second one that was greedy too would say the same.
        """
        given = self.spec.strata.asked[name].model
        at = self.asked(given or self.spec.teacher)
        if draw > 0 or (given is not None and given.sampling is not None):
            return at
        greedy = None if at.sampling.temperature is None and at.address.dialect != "chat" else 0.0
        return replace(at, sampling=at.sampling.model_copy(update={"temperature": greedy, "top_p": None}))

    @property
    def models(self) -> str:
        """The names of all models that answer, as one text."""
        return " + ".join(one.address.model for one in self.teachers)

    @property
    def teacher(self) -> Address:
        """Where the teacher is."""
        return self.asked(self.spec.teacher).address

    @property
    def seed_generator(self) -> Model:
        """Who makes new seeds: the model that the spec names, or the teacher's; never greedily, or they would be alike."""
        given = self.spec.seeds.expand.model if self.spec.seeds.expand else None
        at = self.asked(given or self.spec.teacher)
        if given is not None and given.sampling is not None:
            return at
        lively = _LIVELY if at.sampling.temperature == 0 else at.sampling.temperature
        return replace(at, sampling=at.sampling.model_copy(update={"temperature": lively}))

    def beside(self, address: Address) -> Model:
        """A model that is no teacher, asked live within the teacher's limits, less its rates."""
        first = self.asked(self.spec.teacher)
        limits = first.limits.model_copy(update={"requests_per_minute": None, "tokens_per_minute": None})
        if address.weights is not None:
            limits = limits.model_copy(update={"in_flight": in_process.IN_FLIGHT})
        return replace(first, address=address, limits=limits, mode="live")

    @property
    def rivals(self) -> dict[str, Model]:
        """Name → a model that answers the test rows beside the others, asked as the teacher is but for what it says itself."""
        return {name: self.asked(one) for name, one in self.spec.evaluate.rivals.items()}

    @property
    def targets(self) -> Targets:
        """What is wanted of each stratum."""
        accept, more = self.spec.dataset.accept, self.growth.more if self.growth else 0
        return replace(
            targets_of(self.spec), temperature=self.spec.dataset.temperature, edge_cases=self.edge_cases,
            accept=accept if accept is None else accept + more,
        )  # fmt: skip

    @property
    def addresses(self) -> list[Address]:
        """Every address that a run of this task may ask, but the base's: the teachers first."""
        models = [
            *self.teachers,
            *self.judges,
            *self.evaluation_judges,
            *(self.labeller(name) for name in self.spec.strata.asked),
            *self.rivals.values(),
        ]
        return [model.address for model in [*models, *([self.seed_generator] if self.spec.seeds.expand else [])]]

    @property
    def endpoints(self) -> set[str]:
        """The identity of every endpoint that a run of this task may ask."""
        return {address.identity for address in [self.base, *self.addresses]}

    @property
    def base(self) -> Address:
        """Where the student's base is, for the two base arms."""
        return student_base.address(self.spec, self.base_weights, self.env)

    @property
    def base_weights(self) -> LocalWeights | None:
        """The base's weights, where the student is tuned on this machine."""
        return student_base.weights(self.spec, self.path.parent, self.home)


_FIELDS = frozenset(one.name for one in fields(Task)) - _UNNOTED


def edge_cases_of(spec: TaskSpec) -> list[EdgeCase]:
    """The edge cases of a spec, each with its number of rows."""
    accept = spec.dataset.accept
    return [EdgeCase(case.where, case.rows(accept)) for case in spec.strata.edge_cases]


def targets_of(spec: TaskSpec) -> Targets:
    """What a spec wants of each stratum, however it is spread: nothing that can be too much depends on `temperature`."""
    rules = [QuotaRule(**quota.model_dump()) for quota in spec.strata.quotas]
    return Targets(spec.dataset.accept, spec.dataset.per_stratum, edge_cases=edge_cases_of(spec), rules=rules)
