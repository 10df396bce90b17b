"""A student asked over its routes: how sure it is, and whether its answer is taken. The teacher is never asked from here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from openai import OpenAIError

from distill.evaluate.blend.blend import decided
from distill.records import Json
from distill.ship.routes.answering import OpenedRoutes, RoutedAnswer, RoutedCall, answering
from distill.ship.routes.router import create, next_step

if TYPE_CHECKING:
    from openai import AsyncOpenAI


@dataclass(frozen=True, slots=True)
class StudentAsker:
    """`client` is the server's that has the student, None for one that asks nobody; `pool` is where it computes."""

    routes: OpenedRoutes
    client: AsyncOpenAI | None
    pool: ThreadPoolExecutor

    async def routed(self, fields: Mapping[str, Json], labels: Mapping[str, str]) -> RoutedAnswer:
        """By the student where its answer is taken; else by the teacher, without a text, and why."""
        return await self._asked(self.routes, fields, labels)

    async def said(self, fields: Mapping[str, Json], labels: Mapping[str, str]) -> RoutedAnswer:
        """What the student says whether it would be taken or not, and as `why` whether it would. By the teacher where it says nothing."""
        plan = self.routes.plan
        found = await self._asked(
            replace(self.routes, plan=replace(plan, threshold=None, floor=-1.0, failed=())), fields, labels
        )
        if found.by == "teacher":
            return found
        failed = any(one.holds(labels) for one in plan.failed)
        way = decided(
            far=found.nearness < plan.floor,
            failed=failed,
            confidence=found.confidence,
            threshold=plan.threshold,
            answered=True,
        )
        return replace(found, why="sure" if way == "student" else way)

    async def _asked(self, routes: OpenedRoutes, fields: Mapping[str, Json], labels: Mapping[str, str]) -> RoutedAnswer:
        loop, steps = asyncio.get_running_loop(), answering(routes, fields, labels)
        step = await loop.run_in_executor(self.pool, next_step, steps, None)
        while isinstance(step, RoutedCall):
            came = await self._came(step) if step.who == "student" else None
            step = await loop.run_in_executor(self.pool, next_step, steps, came)
        return step

    async def _came(self, call: RoutedCall) -> object:
        """The student's reply, None where there is none."""
        try:
            return await create(self.client, call)
        except OpenAIError:
            return None
