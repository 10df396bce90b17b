"""Which verdicts a task's gates need, and the requests for them. Nothing is looked up or sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple

from distill.curate.gates.judge.rubric import AnswerToJudge, schema, turns
from distill.curate.gates.settings import GateSettings
from distill.records import Json, Request
from distill.spec import TaskSpec
from distill.spec.judge import Rubric
from distill.task.task import Task
from distill.teacher.endpoint import payload
from distill.teacher.endpoint.address import Model
from distill.teacher.pending import Requests

BY_MODEL = ("judge", "toxicity")
"""Gates that a model decides."""
BY_MODEL_IF_ASKED = ("refusal",)
"""Gates that with `judge: true` also ask a model, about the rows that they would keep without it."""
_BASE_TOKENS, _TOKENS_PER_DIMENSION = 120, 120
"""Tokens that a verdict may have where the spec sets none: for its code, and for each dimension."""
_SHIPPED = {
    "toxicity": {"harmless": "nothing in the answer could insult, threaten, degrade or endanger anybody"},
    "refusal": {"answered": "the answer does what was asked, and does not decline to"},
}
"""Gate → the dimensions of its rubric, whose text is `<gate>.md` in this folder."""


class JudgeCall(NamedTuple):
    """One question to one judge of the task: by which gate's rubric, about what answer, and which draw."""

    judge: int
    gate: str
    answer: AnswerToJudge
    draw: int


def asks_model(gate: str, settings: Mapping[str, object]) -> bool:
    """Whether a gate with these settings asks a model, at least about some rows."""
    return gate in BY_MODEL or (gate in BY_MODEL_IF_ASKED and settings.get("judge") is True)


def without_calls(gates: GateSettings) -> GateSettings:
    """The gates, or the parts of them, that need no model."""
    kept = [(name, settings) for name, settings in gates if name not in BY_MODEL]
    return [(name, {**given, "judge": False} if asks_model(name, given) else given) for name, given in kept]


def judged_gates(spec: TaskSpec) -> list[str]:
    """The gates of the task that ask a model."""
    return [name for name, settings in spec.gate_settings() if asks_model(name, settings)]


def dimensions(spec: TaskSpec) -> dict[str, Mapping[str, str]]:
    """Gate → the dimensions that its judges score, for every gate that can ask a model."""
    return {"judge": spec.judge.dimensions if spec.judge is not None else {}, **_SHIPPED}


def rubrics(spec: TaskSpec, text: str | None) -> dict[str, Rubric]:
    """Gate → its rubric, for every gate of the task that asks a model; `text` is that of the file in `judge.prompt`."""
    scored, folder = dimensions(spec), files("distill.curate.gates.judge")
    texts = {gate: (folder / f"{gate}.md").read_text(encoding="utf-8") for gate in _SHIPPED} | {"judge": text or ""}
    return {gate: Rubric(gate, texts[gate], scored[gate]) for gate in judged_gates(spec)}


def instructions_shown(task: Task, gate: str) -> str | None:
    """The teacher's instructions, for a gate whose rubric needs them; they are the same for all rows."""
    return instructions_of(task) if gate == "refusal" else None


def instructions_of(task: Task) -> str:
    """The same for any question about the task's answers."""
    return "\n\n".join(f"[{role}]\n{text}" for role, text in task.teacher_prompt.turns)


def judge_names(task: Task) -> list[str]:
    """The judges by their models; numbered where two have the same."""
    return names_of(task.judges)


def names_of(judges: Sequence[Model]) -> list[str]:
    """The same for any judges."""
    models = [judge.address.model for judge in judges]
    return [f"{n} {model}" if models.count(model) > 1 else model for n, model in enumerate(models, 1)]


def judge_spender(task: Task, judge: int) -> str:
    """The name of a judge in the ledger."""
    return f"judge {judge_names(task)[judge]}"


def judge_warnings(task: Task) -> list[str]:
    """One warning for each model that judges its own answers."""
    teachers = {teacher.address.model for teacher in task.teachers}
    both = sorted({judge.address.model for judge in task.judges} & teachers)
    return [
        f"Judge and teacher are one model, {model}: models score their own answers too high. Name another under "
        "judge.models, and let `distill calibrate` compare it with people."
        for model in both
    ]


def verdicts_per_row(task: Task) -> int:
    """Verdicts that a row needs to pass every gate."""
    return len(task.judges) * len(task.rubrics)


def verdict_requests(task: Task, calls: Sequence[JudgeCall]) -> Requests[JudgeCall]:
    """The request of each call, made when it is looked at."""
    judges, schemas = task.judges, {gate: schema(rubric) for gate, rubric in task.rubrics.items()}

    def make(call: JudgeCall) -> Request:
        return verdict_request(judges[call.judge], task.rubrics[call.gate], schemas[call.gate], call)

    return Requests(calls, make)


def verdict_request(judge: Model, rubric: Rubric, output: Mapping[str, Json], call: JudgeCall) -> Request:
    """The request of one call; `output` is the schema of a verdict by this rubric."""
    default_tokens = _BASE_TOKENS + _TOKENS_PER_DIMENSION * len(rubric.dimensions)
    return request_to(judge, turns(rubric, call.answer), output, default_tokens=default_tokens, draw=call.draw)


def request_to(
    judge: Model, asked: Sequence[Mapping[str, str]], output: Mapping[str, Json], *, default_tokens: int, draw: int
) -> Request:
    """Any question to a judge; `default_tokens` is what its reply may have where the spec sets nothing."""
    sampling, address = judge.sampling, judge.address
    settings = payload.RequestSettings(
        model=address.model, dialect=address.dialect, output=output, temperature=sampling.temperature,
        max_tokens=sampling.max_tokens if "max_tokens" in sampling.model_fields_set else default_tokens, top_p=sampling.top_p,
        seed=None if sampling.seed is None else sampling.seed + draw, extra=sampling.extra,
    )  # fmt: skip
    return Request(address.identity, payload.body(asked, settings), draw)
