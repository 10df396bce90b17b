"""What may still be asked for when gates refuse rows and strata lack them: further draws, and the cap's worth of new seeds,
with every answer and verdict on them.

No text of a new seed is known yet. The real seed that it would be made from stands in for it, and the seed generator's ceiling is
counted on top, since a made one may be longer. The share that is expected is what the strata lack if no row is lost.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from distill.curate.gates.judge.expected import expected_verdicts
from distill.curate.gates.judge.requests import judge_spender
from distill.generate import questions
from distill.records import Request
from distill.seeds import approved
from distill.seeds.expansion import questions as candidates
from distill.seeds.expansion import rounds
from distill.strata import targets

if TYPE_CHECKING:
    import polars as pl

    from distill.generate.questions import Ask
    from distill.seeds.expansion.prompts import Candidate
    from distill.task.task import Task
    from distill.teacher.endpoint.model import Model

_LACKING = "strata lack when no seed is left"
_REFUSED = "gates drop while strata lack rows"


class Prospect(NamedTuple):
    """Who may yet ask what of whom: `to_come` prompt tokens more than in the requests, and the `share` that is expected.
    `only` says of what. `requests` may be in the store; `stand_ins` stand for ones that no answer can be held of yet.
    """

    spender: str
    requests: Sequence[Request]
    stand_ins: Sequence[Request]
    at: Model
    to_come: int
    share: float
    only: str


def of(task: Task, table: pl.DataFrame, *, failing: float = 1.0, judged: float = 1.0) -> list[Prospect]:
    """Every spender of further draws and new seeds; none where the spec has neither.

    `failing` is the share of rows that gates refuse, `judged` that of answers that come to a judge.
    """
    made, spare, share = _due(task, table)
    parents = [one.parent for one in made]
    longer = task.seed_generator.sampling.max_tokens
    found = _makers(task, table, made, spare, share)
    for n, one in enumerate(task.teachers):
        # A fallback stands behind the first teacher for every row.
        first = [ask for seed in parents for ask in questions.draws(task, seed, n)]
        behind = 1.0 if task.spec.teacher.panel else failing**n
        name, wanted = f"{questions.spender(task, n)}, new seeds", questions.requests(task, table, first)
        found.append(Prospect(name, (), wanted, one, longer * len(first), share * behind, _LACKING))
        found += _judges(task, table, first, "new seeds", longer, share * behind * judged, _LACKING)
    real = approved.askable(task, table.filter(role="train"))["seed_id"].to_list()
    known, new = ([ask for seed in seeds for ask in questions.redraws(task, seed)] for seeds in (real, parents))
    again, anew = (questions.requests(task, table, one) for one in (known, new))
    by = questions.redrawer(task)
    drawn = f"{questions.spender(task, by)}, drawn again"
    found.append(Prospect(drawn, again, anew, task.teachers[by], longer * len(new), failing, _REFUSED))
    found += _judges(task, table, known, "drawn again", 0, failing * judged, _REFUSED)
    found += _judges(task, table, new, "new seeds drawn again", longer, share * failing * judged, _REFUSED)
    return [one for one in found if one.requests or one.stand_ins]


def row(one: Prospect, priced: dict[str, Any]) -> dict[str, Any]:
    """A plan's row of it. Nothing is measured of rows that are not there: between nothing and the ceiling."""
    most = priced["usd_at_most"]
    said = {} if most is None else {"usd_expected": one.share * most, "usd_low": 0.0, "usd_high": most}
    return priced | said | {"only": one.only}


def _due(task: Task, table: pl.DataFrame) -> tuple[list[Candidate], rounds.Expansion | None, float]:
    """(candidates up to the cap, what asks for them, the share of them that the strata lack if no row is lost)."""
    wanted = task.spec.seeds.expand
    if wanted is None:
        return [], None, 0.0
    expansion = rounds.Expansion(task, table, table.clear())
    most = rounds.unlimited(task, table)
    # Rounds that bring little ask for more and more, until the cap.
    due = expansion.next(dict.fromkeys(most, wanted.at_most), frozenset())
    lack = sum(targets.wanted(task.targets, table, most).values()) - table.filter(role="train").height
    return due, expansion, min(1.0, max(0, lack) / max(1, len(due)))


def _makers(
    task: Task, table: pl.DataFrame, made: Sequence[Candidate], expansion: rounds.Expansion | None,
    share: float,
) -> list[Prospect]:  # fmt: skip
    """Making new seeds, and checking them."""
    wanted, at = task.spec.seeds.expand, task.seed_generator
    if expansion is None or wanted is None:
        return []
    found = [Prospect(candidates.MAKES, [expansion.questions.request(one) for one in made], (), at, 0, share, _LACKING)]
    if wanted.plausible:
        fields = dict(table.select("seed_id", "fields").iter_rows())
        checks = [expansion.questions.check(one, json.loads(fields[one.parent])) for one in made]
        longer = at.sampling.max_tokens * len(checks)
        found.append(Prospect(candidates.CHECKS, (), checks, at, longer, share, _LACKING))
    return found


def _judges(
    task: Task, table: pl.DataFrame, answers: Sequence[Ask], what: str, longer: int, share: float, only: str
) -> list[Prospect]:
    """Every judge for answers that are not there; their inputs may be `longer` by so many tokens."""
    found = []
    for n, one in enumerate(task.judges):
        verdicts = expected_verdicts(task, n, table, answers)
        to_come = verdicts.answer_tokens + longer * len(verdicts.requests)
        found.append(Prospect(f"{judge_spender(task, n)}, {what}", (), verdicts.requests, one, to_come, share, only))
    return found
