"""Which candidates say something new: none near a test row, a row that the run has already, or one another.

Nearness is what it is in a run (`dedup`), and a test row given away is what it is in curation (`curate.leaks`): a near input, or a passage
of 13 words that both have. A candidate is held against them as it was logged and as it was masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from distill.curate.gates.private import hidden
from distill.curate.inputs import held_out_rows
from distill.curate.leaks import leaks
from distill.lifecycle.harvest.candidates import DroppedCandidate, SeedCandidate
from distill.similarity.graph import Graph
from distill.task import near_graph
from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class Known:
    """What a candidate may not repeat: the run's table of seeds, with roles, and inputs that earlier harvests gave."""

    task: Task
    seeds: pl.DataFrame
    harvested: Sequence[str] = ()

    def new(
        self, candidates: Sequence[SeedCandidate], dropped: list[DroppedCandidate]
    ) -> list[tuple[SeedCandidate, int]]:
        """Those that stay, the first of those near each other, each with how many it stands for."""
        left = self._not_near(self._no_leak(candidates, dropped), dropped)
        near = self.task.spec.dedup.near
        stays: dict[int, int] = {}
        for place, nearest in enumerate(self._graph().near_duplicates([one.input for one in left], threshold=near)):
            if nearest is None:
                stays[place] = 1
            else:
                stays[nearest.index] += 1
                dropped.append(_gone(left[place], "near_candidate", f"as {left[nearest.index].place}: {nearest}"))
        return [(left[place], times) for place, times in stays.items()]

    def _no_leak(self, candidates: Sequence[SeedCandidate], dropped: list[DroppedCandidate]) -> list[SeedCandidate]:
        """Those that give no test row away."""
        spec = self.task.spec
        texts = [
            (f"{place:08d}", text)
            for place, one in enumerate(candidates)
            for text in dict.fromkeys((one.input, one.before))
        ]
        frame = pl.DataFrame(texts, schema={"seed_id": pl.String, "input": pl.String}, orient="row")
        frame = frame.with_columns(stratum=pl.lit(""), answer=pl.lit(""), tool_calls=pl.lit(""))
        rows = held_out_rows(self.task, self.seeds)
        if not rows or frame.is_empty():
            return list(candidates)
        found = leaks(frame, held_out=rows, near=near_graph.leak(spec), graph=self._graph()).dropped
        whys = {
            int(place): (reason, detail)
            for place, reason, detail in found.select("row", "reason", "detail").iter_rows()
        }
        for place, (reason, detail) in sorted(whys.items()):
            dropped.append(_gone(candidates[place], reason, hidden(detail, persons=True)))
        return [one for place, one in enumerate(candidates) if place not in whys]

    def _not_near(self, candidates: Sequence[SeedCandidate], dropped: list[DroppedCandidate]) -> list[SeedCandidate]:
        """Those that are near no row of the run's, and none of an earlier harvest."""
        own = self.seeds.select("seed_id", "input").sort("seed_id")
        ids, texts = own["seed_id"].to_list(), [*own["input"].to_list(), *self.harvested]
        graph, near, left = self._graph(), self.task.spec.dedup.near, []
        told = zip(
            *(
                graph.nearest(some, texts, threshold=near)
                for some in ([one.input for one in candidates], [one.before for one in candidates])
            ),
            strict=True,
        )
        for one, both in zip(candidates, told, strict=True):
            nearest = next((found for found in both if found is not None), None)
            if nearest is None:
                left.append(one)
            elif nearest.index < len(ids):
                dropped.append(_gone(one, "near_seed", f"seed {ids[nearest.index]}: {nearest}"))
            else:
                dropped.append(_gone(one, "near_harvested", f"a row that was harvested before: {nearest}"))
        return left

    def _graph(self) -> Graph:
        return Graph.of(
            [],
            threshold=self.task.spec.dedup.near,
            typos=self.task.spec.dedup.typos,
            numbers=near_graph.apart(self.task.spec),
        )


def _gone(one: SeedCandidate, reason: str, detail: str) -> DroppedCandidate:
    return DroppedCandidate(one.place, one.why, reason, detail)
