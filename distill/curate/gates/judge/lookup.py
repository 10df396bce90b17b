"""Which verdicts a task's gates need, the requests for them, and what the store holds of them.

A row's verdict by a judge is the answer to one request. Where that answer cannot be read the judge is asked once more,
and what cannot be read then stays unscored. Nothing is sent here: `Bench` looks up and notes what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from distill.curate.gates.judge import verdict
from distill.curate.gates.judge.rubric import Question, code_of, schema, turns
from distill.curate.gates.judge.verdict import Unscored, Verdict
from distill.generate import questions as asks
from distill.records import Request
from distill.spec import TaskSpec
from distill.spec.rubric import Rubric
from distill.teacher.endpoint import payload
from distill.teacher.pending import Requests
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import final_answer, why_pending

if TYPE_CHECKING:
    import polars as pl

    from distill.task.task import Task
    from distill.teacher.endpoint.model import Model

GATES = ("judge", "toxicity")
"""Those that a model decides."""
IN_PART = ("refusal",)
"""Those that a model decides where they say `judge: true`, of the rows that they let pass without."""
_ROOM, _A_DIMENSION = 120, 120
"""Tokens that a verdict may have, where the spec does not say: for its code, and for each dimension."""
_DRAWS = 2
_SHIPPED = {
    "toxicity": {"harmless": "nothing in the answer could insult, threaten, degrade or endanger anybody"},
    "refusal": {"answered": "the answer does what was asked, and does not decline to"},
}
"""Gate → the dimensions of its rubric, which stands in curate/<gate>.md."""


class Case(NamedTuple):
    """One question to one judge of the project: by which gate's rubric, of what, and which draw."""

    judge: int
    gate: str
    question: Question
    draw: int


def by_model(gate: str, settings: Mapping[str, Any]) -> bool:
    """Whether a model decides a gate with these settings, at least in part."""
    return gate in GATES or (gate in IN_PART and settings.get("judge") is True)


def free(gates: Sequence[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The gates as far as they cost no call."""
    kept = [(name, given) for name, given in gates if name not in GATES]
    return [(name, {**given, "judge": False} if by_model(name, given) else given) for name, given in kept]


def named(spec: TaskSpec) -> list[str]:
    """The gates of the task that a model decides, at least in part."""
    return [name for name, given in spec.gate_settings() if by_model(name, given)]


def dimensions(spec: TaskSpec) -> dict[str, Mapping[str, str]]:
    """What each gate that can ask a model has scored."""
    return {"judge": spec.judge.dimensions if spec.judge is not None else {}, **_SHIPPED}


def rubrics(spec: TaskSpec, text: str | None) -> dict[str, Rubric]:
    """What each such gate asks, in the order of the gates; `text` is that of the file that the spec names."""
    scored = dimensions(spec)
    texts = {
        gate: (files("distill.curate.gates.judge") / f"{gate}.md").read_text(encoding="utf-8") for gate in _SHIPPED
    }
    texts["judge"] = text or ""
    return {gate: Rubric(gate, texts[gate], scored[gate]) for gate in named(spec)}


def shown_task(task: Task, gate: str) -> str | None:
    """What the answers were asked for, where the gate's rubric must know: the teacher's instructions, as they are for all rows."""
    if gate != "refusal":
        return None
    return "\n\n".join(f"[{role}]\n{text}" for role, text in task.teacher_prompt.turns)


def names(task: Task) -> list[str]:
    """The judges by their models; numbered where two have the same."""
    models = [one.address.model for one in task.judges]
    return [f"{n} {model}" if models.count(model) > 1 else model for n, model in enumerate(models, 1)]


def spender(task: Task, judge: int) -> str:
    """The name of a judge in the ledger."""
    return f"judge {names(task)[judge]}"


def warnings(task: Task) -> list[str]:
    """What a reader must know of the judges."""
    teachers = {one.address.model for one in task.teachers}
    both = sorted({one.address.model for one in task.judges} & teachers)
    return [
        f"Judge and teacher are one model, {model}: models score their own answers too high. Name another under "
        "judge.models, and let `distill calibrate` compare it with people."
        for model in both
    ]


def questions(task: Task) -> int:
    """Verdicts asked for a row that passes every gate."""
    return len(task.judges) * len(task.rubrics)


def outlook(bench: Bench, judge: int, table: pl.DataFrame, asked: asks.Asked) -> tuple[Requests[Case], int]:
    """(requests, prompt tokens more) of one judge for these questions: where there is no answer to be judged yet, the
    request has none in it and the answer's ceiling is in the tokens.
    """
    task, gates = bench.task, list(bench.task.rubrics)
    wanted = zip(asked, asks.requests(task, table, asked), strict=True)
    open_ = [(ask, bench.owed.get(request.id), bench.store.get(request.id) is None) for ask, request in wanted]
    later = [(ask, gates if new else gates[gates.index(owed) + 1 :] if owed else []) for ask, owed, new in open_]
    cases, more = _to_come(task, judge, table, later)
    return requests(task, [*(case for case in bench.cases if case.judge == judge), *cases]), more


def unanswered(task: Task, judge: int, table: pl.DataFrame, asked: Sequence[asks.Ask]) -> tuple[Requests[Case], int]:
    """As `outlook`, where none of the questions has an answer."""
    cases, more = _to_come(task, judge, table, [(ask, list(task.rubrics)) for ask in asked])
    return requests(task, cases), more


def _to_come(
    task: Task, judge: int, table: pl.DataFrame, open_: Sequence[tuple[asks.Ask, Sequence[str]]]
) -> tuple[list[Case], int]:
    """(cases, prompt tokens more) of answers that are not there, each with the gates that it may come to."""
    inputs = dict(table.select("seed_id", "input").iter_rows())
    shown = {gate: shown_task(task, gate) for gate in task.rubrics}
    cases = [
        Case(judge, gate, Question(inputs[ask.seed], "", task=shown[gate]), 0) for ask, gates in open_ for gate in gates
    ]
    return cases, sum(len(gates) * task.teachers[ask.teacher].sampling.max_tokens for ask, gates in open_)


def requests(task: Task, cases: Sequence[Case]) -> Requests[Case]:
    """The request of each case, made when it is looked at."""
    judges, schemas = task.judges, {gate: schema(rubric) for gate, rubric in task.rubrics.items()}

    def make(case: Case) -> Request:
        return _request(judges[case.judge], task.rubrics[case.gate], schemas[case.gate], case)

    return Requests(cases, make)


def _request(one: Model, rubric: Rubric, form: Mapping[str, Any], case: Case) -> Request:
    sampling, address = one.sampling, one.address
    room = _ROOM + _A_DIMENSION * len(rubric.dimensions)
    sent = payload.body(
        turns(rubric, case.question), payload.RequestSettings(model=address.model, dialect=address.dialect, output=form, temperature=sampling.temperature,
        max_tokens=sampling.max_tokens if "max_tokens" in sampling.model_fields_set else room, top_p=sampling.top_p,
        seed=None if sampling.seed is None else sampling.seed + case.draw, extra=sampling.extra))  # fmt: skip
    return Request(address.identity, sent, case.draw)


@dataclass(slots=True)
class Bench:
    """The judges' verdicts as far as the store holds them. `gold`: seed id → its known answer, as a judge is shown it."""

    task: Task
    store: Store
    gold: Mapping[str, str | None] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)
    """Every question that a row came to, first draws only."""
    unjudged: list[Case] = field(default_factory=list)
    """Those of all draws that have no answer."""
    owed: dict[str, str] = field(default_factory=dict)
    """Request id → gate of rows without a verdict there that a judge may still give one on."""

    @property
    def gates(self) -> dict[str, dict[str, Any]]:
        """Gate → what it looks its verdicts up with."""
        return {gate: {"verdicts": partial(self.verdicts, gate)} for gate in self.task.rubrics}

    def verdicts(self, gate: str, frame: pl.DataFrame) -> list[list[Verdict | Unscored]]:
        """What each judge said of each row; what is missing is noted."""
        rubric, form = self.task.rubrics[gate], schema(self.task.rubrics[gate])
        judges = list(zip(self.task.judges, names(self.task), strict=True))
        shown, spec = self.task.reference and gate == "judge", shown_task(self.task, gate)
        said = []
        columns = ("seed_id", "request_id", "input", "answer", "tool_calls")
        for seed, row, given, answer, calls in frame.select(columns).iter_rows():
            question = Question(given, answer, calls, self.gold.get(seed) if shown else None, spec)
            code = code_of(rubric, question)
            found = [
                self._said(one, name, rubric, form, Case(n, gate, question, 0), code)
                for n, (one, name) in enumerate(judges)
            ]
            said.append(found)
            if any(isinstance(one, Unscored) and one.owed for one in found) and not any(
                isinstance(one, Verdict) for one in found
            ):
                self.owed[row] = gate
        return said

    def _said(
        self, one: Model, name: str, rubric: Rubric, form: Mapping[str, Any], first: Case, code: str
    ) -> Verdict | Unscored:
        """What a judge said of a row; where that could not be read, what it said when it was asked again."""
        self.cases.append(first)
        found: Verdict | Unscored = Unscored(name, "not asked")
        for draw in range(_DRAWS):
            case = first._replace(draw=draw)
            asked = _request(one, rubric, form, case)
            _, answer = final_answer(self.store, asked, one.sampling.raise_to)
            if answer is None:
                self.unjudged.append(case)
                return Unscored(name, why_pending(self.store, asked.id), owed=True)
            found = verdict.read(answer, rubric, code=code, judge=name)
            if isinstance(found, Verdict):
                break
        return found
