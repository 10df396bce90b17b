"""One row, student first: which calls are made, and what their replies come to. No line to anybody is in here.

`answering` yields each call, is sent the reply (None where the call failed), and returns the answer.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from distill.chat import conversation
from distill.chat.templates import Template
from distill.errors import UsageError
from distill.evaluate.blend.blend import decided
from distill.evaluate.selective.measure import obeys
from distill.evaluate.selective.nearness import TrainingTexts
from distill.records import Answer, Ended, Json, Request
from distill.seeds.approved import as_answer
from distill.seeds.load import input_of
from distill.ship.routes.plan import AskedModel, RoutePlan
from distill.student.linear import Classifier
from distill.teacher import reply
from distill.teacher.endpoint.payload import RequestSettings, body
from distill.text.normalise import strict_json
from distill.values import confidence, rules

_WARM = 0.7
"""The temperature of further draws."""
Who = Literal["student", "teacher"]
Why = Literal["sure", "far", "stratum", "schema", "unsure", "failed"]
"""The student answers since it is `sure` (or nothing tells how sure it is). The teacher does since the input is far from train, its stratum
failed, the student's answer is none or breaks the schema, it is not sure enough, or its call failed."""


@dataclass(frozen=True, slots=True)
class OpenedRoutes:
    """The files of a folder that `distill routes --out` wrote; `linear` is a student that asks nobody."""

    plan: RoutePlan
    prompts: Mapping[Who, Template]
    output: Mapping[str, Json] | None
    tools: Sequence[Mapping[str, Json]]
    near: TrainingTexts = field(repr=False)
    linear: Classifier | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RoutedCall:
    """A call that is to be made; `body` is what its API takes."""

    who: Who
    body: dict[str, Json]
    responses: bool
    """Whether that is OpenAI's Responses API."""


@dataclass(frozen=True, slots=True)
class RoutedAnswer:
    """`text` is the answer, and `value` what it holds as JSON, None where it is none. `confidence` is None where the student was not asked, or
    nothing tells."""

    text: str
    value: Json
    by: Who
    why: Why
    confidence: float | None
    nearness: float


Steps = Generator[RoutedCall, Json, RoutedAnswer]


def answering(routes: OpenedRoutes, given: Mapping[str, Json], labels: Mapping[str, str]) -> Steps:
    """UsageError where a field of the prompts is missing. A reply is the API's object as a dict."""
    plan, fields = routes.plan, _fields(routes, given)
    text = input_of(fields)
    near = float(routes.near.nearest([text])[0])
    failed = any(one.holds(labels) for one in plan.failed)
    way = decided(far=near < plan.floor, failed=failed, confidence=None, threshold=None)
    sure: float | None = None
    why: Why = "failed"
    if way == "student":
        said, sure = yield from _student(routes, fields, text)
        if said is not None:
            way = decided(
                far=False, failed=False, answered=said.ok and obeys(routes.output, said), confidence=sure, threshold=plan.threshold
            )  # fmt: skip
            if way == "student":
                return RoutedAnswer(said.said, _value(said.said), "student", "sure", sure, near)
            why = way
    else:
        why = way
    request = _body(routes, "teacher", fields)
    came = yield RoutedCall("teacher", request, plan.other.dialect == "responses")
    theirs = _read(came, request)
    return RoutedAnswer(theirs.said, _value(theirs.said), "teacher", why, sure, near)


def _fields(routes: OpenedRoutes, given: Mapping[str, Json]) -> dict[str, Json]:
    """The fields that the prompts fill in; others say nothing of how near an input is."""
    wanted = list(dict.fromkeys(name for one in routes.prompts.values() for name in one.variables))
    if missing := [name for name in wanted if name not in given]:
        raise UsageError(
            f"a row of {routes.plan.task} needs {', '.join(wanted)}; {', '.join(missing)} is missing of {list(given)!r}"
        )
    return {name: value for name, value in given.items() if name in wanted or name == conversation.REQUEST}


def _student(
    routes: OpenedRoutes, fields: Mapping[str, Json], text: str
) -> Generator[RoutedCall, Json, tuple[Answer | None, float | None]]:
    """(what the student says, None where its call failed; how sure it is)."""
    if routes.linear is not None:
        found = routes.linear.predict([text])[0]
        said = as_answer(found.answer, fields=rules.names(routes.output))[0]
        return Answer("", Ended.OK, said, "stop"), found.confidence
    plan, responses, answers = routes.plan, routes.plan.student.dialect == "responses", list[Answer]()
    for draw in range(plan.draws + 1):
        request = _body(routes, "student", fields, draw)
        came = yield RoutedCall("student", request, responses)
        if came is None and not draw:
            return None, None
        answers.append(_read(came, request))
    first = answers[0]
    if plan.draws:
        texts = [one.text if one.ok else "" for one in answers[1:]]
        return first, confidence.of_draws(first.text, texts, plan.fields)
    return first, confidence.of_tokens(first.text, first.logprobs, plan.fields)


def _body(routes: OpenedRoutes, who: Who, fields: Mapping[str, Json], draw: int = 0) -> dict[str, Json]:
    """What is sent, as it was in the evaluation; a further draw is warm."""
    asked = routes.plan.student if who == "student" else routes.plan.other
    own = fields.get(conversation.REQUEST)
    settings = RequestSettings(
        model=asked.model, dialect=asked.dialect, max_tokens=asked.max_tokens,
        temperature=_temperature(asked, draw), top_p=asked.top_p, seed=None if asked.seed is None else asked.seed + draw,
        output=routes.output if asked.schema else None, tools=routes.tools, extra={} if draw else asked.extra,
        own=own if isinstance(own, Mapping) else {},
    )  # fmt: skip
    return body(routes.prompts[who].fill(fields), settings)


def _temperature(asked: AskedModel, draw: int) -> float | None:
    """Warm for a further draw, but where a host's models take no temperature."""
    return _WARM if draw and (asked.temperature is not None or asked.dialect == "chat") else asked.temperature


def _read(came: Json, request: dict[str, Json]) -> Answer:
    """A reply as the evaluation reads it."""
    if came is None:
        return Answer("", Ended.CONNECTION)
    return reply.read_object(came, Request("", request, 0), price=None, raw=b"")


def _value(text: str) -> Json:
    try:
        return strict_json(text)
    except (ValueError, RecursionError):
        return None
