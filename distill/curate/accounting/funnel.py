"""The funnel: a line for each step that rows went through, with what came in, was kept and was dropped for which reason.

    {"stage": str, "in": int, "kept": int, "dropped": {reason: int}}, and what the step has to say beside it

`conservation` checks that the lines lead from the seeds read to the dataset without a gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.curate.seed_status import Standing
from distill.generate.questions import Asked

if TYPE_CHECKING:
    import polars as pl

    from distill.tables.outcome import Outcome

Line = dict[str, Any]


def of_answers(
    asked: Asked, seeds: Standing, unanswered: pl.DataFrame, gated: Outcome, gold: Outcome, later: Iterable[Outcome],
    *, ruled: frozenset[str],
) -> list[Line]:  # fmt: skip
    """From the seeds that may be asked to the dataset: asking, answers, each gate, approved rows if any, and the steps after.

    `ruled` are the seeds that a person decided.
    """
    idle, answers = len(seeds.idle), gated.report["in"]
    ask = {"stage": "ask", "in": seeds.askable, "kept": seeds.askable - idle, "dropped": _some("not_asked", idle)}
    answer = {"stage": "answer", "in": len(asked), "kept": answers, "dropped": _counts(unanswered)}
    # What a teacher said of a row before a person decided it is among the answers.
    before = _some("asked", len(ruled & {one.seed for one in asked}))
    approved = [gold.report | before] if gold.report["in"] else []
    return [ask, answer, *gated.report["steps"], *approved, *(step.report for step in later)]


def whole(seeds: Mapping[str, Any], answers: Sequence[Line]) -> list[Line]:
    """All of a run: its seeds as seeds.json has them, and the lines `of_answers`."""
    read = {name: value for name, value in seeds.items() if name not in ("graph", "test", "expand", "sources")}
    aside = seeds["test"]["got"]
    test = {"stage": "test", "in": read["kept"], "kept": read["kept"] - aside, "dropped": {}, "aside": aside}
    made = seeds.get("expand")
    return [read, test, *([made] if made else []), *answers]


def _some(reason: str, count: int) -> dict[str, int]:
    return {reason: count} if count else {}


def _counts(dropped: pl.DataFrame) -> dict[str, int]:
    return dict(sorted(Counter(dropped["reason"].to_list()).items()))
