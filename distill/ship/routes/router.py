"""A row answered by student or teacher, over clients of the OpenAI SDK that the caller made: their addresses, keys, retries and time limits
are the caller's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from distill.errors import UsageError
from distill.records import Json
from distill.ship.routes.answering import OpenedRoutes, RoutedAnswer, RoutedCall, Steps, answering

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


@dataclass(frozen=True, slots=True)
class Router:
    """Student first. It holds no state and may be shared by threads and tasks."""

    routes: OpenedRoutes

    def ask(
        self, fields: Mapping[str, Json], *, teacher: OpenAI, student: OpenAI | None = None, labels: Mapping[str, str] | None = None
    ) -> RoutedAnswer:  # fmt: skip
        """The answer to one row; `labels` are those of its stratum, as far as they are known. A student that cannot be reached is passed over;
        what the teacher's client raises is raised."""
        from openai import OpenAIError

        self._check(student)
        clients, steps = {"student": student, "teacher": teacher}, answering(self.routes, fields, labels or {})
        step = next_step(steps, None)
        while isinstance(step, RoutedCall):
            try:
                came = create(clients[step.who], step)
            except OpenAIError:
                if step.who == "teacher":
                    raise
                came = None
            step = next_step(steps, came)
        return step

    async def ask_async(
        self, fields: Mapping[str, Json], *, teacher: AsyncOpenAI, student: AsyncOpenAI | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> RoutedAnswer:  # fmt: skip
        """The same with clients that are awaited."""
        from openai import OpenAIError

        self._check(student)
        clients, steps = {"student": student, "teacher": teacher}, answering(self.routes, fields, labels or {})
        step = next_step(steps, None)
        while isinstance(step, RoutedCall):
            try:
                came = await create(clients[step.who], step)
            except OpenAIError:
                if step.who == "teacher":
                    raise
                came = None
            step = next_step(steps, came)
        return step

    def _check(self, student: object) -> None:
        if student is None and self.routes.linear is None:
            raise UsageError(
                f"the student of {self.routes.plan.run} is a language model: give the client of the server that has it as `student`"
            )


def next_step(steps: Steps, came: Any) -> RoutedCall | RoutedAnswer:
    """The next call, or the answer. A reply that is no object of the API (a page of HTML comes as a text) is read as it is."""
    dump = getattr(came, "model_dump", None)
    try:
        return steps.send(dump(exclude_unset=True) if dump else came)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # a generator's value is typed by none


def create(client: Any, call: RoutedCall) -> Any:
    """The call by the SDK: what comes of it, or what is to be awaited for it. What the SDK may have no name for goes as it is."""
    method = client.responses.create if call.responses else client.chat.completions.create
    named = {name: call.body[name] for name in ("model", "messages", "input") if name in call.body}
    return method(**named, extra_body={name: value for name, value in call.body.items() if name not in named})
