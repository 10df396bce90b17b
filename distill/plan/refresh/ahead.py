"""What `seeds.grow` would ask beyond the rows of a run, for `distill plan`: a refresh grows, no other run does."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from distill.pipeline.next_run.growing import growth_of, with_growth
from distill.pipeline.next_run.run_number import finished
from distill.plan.estimate import Cost, SpenderEstimate, total
from distill.plan.refresh.grow import growth_plans, growth_spenders
from distill.plan.refresh.result import GrowthPlan
from distill.plan.refresh.rows import RefreshRows
from distill.records import Json
from distill.rundir import latest
from distill.seeds import labelling
from distill.task.task import Task
from distill.teacher.progress import Watcher
from distill.teacher.store.store import Store


@dataclass(frozen=True, slots=True)
class GrowthAhead:
    """What the next refresh grows. `run` is the one whose misses say so, empty where none is finished yet."""

    run: str = ""
    strata: Sequence[GrowthPlan] = ()
    spenders: Sequence[SpenderEstimate] = ()

    @property
    def rows(self) -> int:
        return sum(one.grown.new for one in self.strata)

    @property
    def requests(self) -> int:
        return sum(one.to_send for one in self.spenders)

    @property
    def cost(self) -> Cost:
        return total([one.cost for one in self.spenders])

    def as_json(self) -> dict[str, Json]:
        strata = [dataclasses.asdict(one) for one in self.strata]
        spenders = [one.as_json() for one in self.spenders]
        return {"run": self.run, "rows": self.rows, "requests": self.requests, "usd_at_most": self.cost.usd_at_most} | {
            "strata": strata, "spenders": spenders
        }  # fmt: skip


def growth_ahead(task: Task, store: Store, priced: Collection[str], watch: Watcher) -> GrowthAhead | None:
    """None where the spec grows nothing; `priced` are the seeds whose questions are in the plan already."""
    if task.spec.seeds.grow is None:
        return None
    last = latest(task.home, task.spec.task)
    if last is None or not finished(last):
        return GrowthAhead()
    growth = growth_of(task, last, labelling.stored_labels(task, store).seeds)
    rows = RefreshRows(with_growth(task, growth), last, store, watch)
    found = growth_plans(rows)
    return GrowthAhead(last.name, found, growth_spenders(rows, found, priced) if found else [])
