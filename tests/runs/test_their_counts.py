"""Endpoints that count other tokens than we do: in the plan's ceiling, and in what the report says to mind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distill.cli.text.plan import plan_lines
from distill.pipeline import open_task, run
from distill.plan import plan as planning
from distill.records import Answer, Request, Usage
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.progress import Silent

PRICE = "teacher.price={input: 1, output: 4}"


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Usage, int], Usage]], None]:
    """Makes the scripted teacher count as it is told, of its own count and how often it was asked."""

    def set_to(theirs: Callable[[Usage, int], Usage]) -> None:
        monkeypatch.setattr("distill.money.LOCAL", ("embedded/",))
        answer, asked = Scripted.answer, []

        async def counted(self: Scripted, request: Request) -> Answer:
            asked.append(request)
            found = await answer(self, request)
            usage = theirs(found.usage, len(asked))
            return replace(found, usage=usage, usd=(usage.prompt_tokens + 4 * usage.completion_tokens) / 1e6)

        monkeypatch.setattr(Scripted, "answer", counted)

    return set_to


def opened_task(task: Path, *sets: str) -> Any:
    return open_task.open_task(task, overrides=[PRICE, *sets], env={})


@pytest.mark.parametrize(
    "theirs",
    [
        lambda usage, _: Usage(usage.prompt_tokens * 6, usage.completion_tokens),
        lambda usage, _: Usage(usage.prompt_tokens, 5000),
        lambda usage, n: Usage(usage.prompt_tokens * 3, 300 * n),
        lambda usage, _: Usage(usage.prompt_tokens, usage.completion_tokens),
    ],
)
def test_a_plan_s_ceiling_is_never_below_what_it_expects(task: Path, counting: Any, theirs: Any) -> None:
    """In the endpoint's own tokens once they are known, for each spender and in all; what is odd about them is a warning."""
    counting(theirs)
    plan = planning.plan(opened_task(task), pilot=6)
    for cost in (*(row.cost for row in plan.spenders), plan.total):
        assert cost.usd_low <= cost.usd_expected <= cost.usd_high <= cost.usd_at_most + 1e-12
    odd = theirs(Usage(10, 5), 9).completion_tokens > 256
    assert any("counts more tokens than max_tokens allows" in said for said in plan.warnings) is odd
    assert plan_lines(plan)
    again = planning.plan(opened_task(task))
    assert again.total.usd_at_most >= plan.total.usd_expected, "without a pilot the store's answers still tell"


def test_a_prompt_that_the_server_cut_is_said_at_once_and_stands_in_the_report(task: Path, counting: Any) -> None:
    """64 tokens counted of some thousand: on stderr while it runs, once, and under what to mind."""
    counting(lambda usage, _: Usage(64, usage.completion_tokens))
    (task.parent / "teacher.md").write_text(
        "Say the mood as JSON. " + "Mind every word. " * 400 + "\n[user]\n{{message}}\n"
    )

    class Heard(Silent):
        said: list[str] = []  # noqa: RUF012 - of one test

        def say(self, text: str) -> None:
            self.said.append(text)

    heard = Heard()
    stages = ("generate", "curate", "export", "evaluate", "report")
    result = run.start(opened_task(task), stages=stages, watch=heard)
    told = [line for line in heard.said if "most likely it cuts long prompts" in line]
    assert len(told) == 1
    assert "counts 64 prompt tokens where about 1," in told[0]
    assert any("cuts long prompts" in said for said in result.warnings)
    (task.parent / "teacher.md").write_text("Say it as JSON. " + "Mind every word. " * 400 + "\n[user]\n{{message}}\n")
    again = Heard()
    again.said = []
    run.start(opened_task(task), stages=("generate",), watch=again)
    assert sum("by the answers so far, the endpoint counts 64" in line for line in again.said) == 1
    folder = task.parent / "runs" / "mood" / "001"
    report = json.loads((folder / "report.json").read_bytes())
    assert any("cuts long prompts" in said for said in report["warnings"])
    assert "cuts long prompts" in (folder / "REPORT.md").read_text()
