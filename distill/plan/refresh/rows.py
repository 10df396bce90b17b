"""The rows that a refresh is about: the seeds as the new run will have them, beside what the run before asked about them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from distill.generate import questions
from distill.generate.questions import TeacherQuestions, read_asked
from distill.records import GOLD, content_id
from distill.rundir import RunDir, read_json, read_parquet
from distill.seeds import approved, labelling, prepare
from distill.seeds.expansion.prompts import SOURCE
from distill.seeds.expansion.rounds import Expansion, harvested
from distill.task.task import Task
from distill.teacher.progress import Watcher
from distill.teacher.store.store import Store


@dataclass(frozen=True)
class RefreshRows:
    """Of a task as it is now, and of the run that would be refreshed. What is lost of the test rows is said to `watch`."""

    task: Task
    parent: RunDir
    store: Store
    watch: Watcher

    @cached_property
    def table(self) -> pl.DataFrame:
        """The seeds as the new run will have them, those made by the parent among them."""
        return self.expansion.table

    @cached_property
    def expansion(self) -> Expansion:
        """What makes synthetic seeds in the new run, as it begins."""
        before = read_parquet(self.parent / "seeds.parquet")
        labelled = labelling.stored_labels(self.task, self.store)
        split = prepare.prepare(self.task.spec, *labelled, parent=before)
        for line in prepare.lost_test_rows(split.report):
            self.watch.say(f"  {line}")
        made = read_json(self.parent / "seeds.json", dict).get("expand") or {}
        return Expansion(self.task, split.kept, split.rejected, before, made)

    @cached_property
    def ids(self) -> dict[str, str]:
        """Seed → the request of the answer that the parent's teacher gave it first."""
        rows = read_parquet(self.parent / "samples.parquet", ["seed_id", "request_id", "teacher", "draw"])
        first = rows.filter(pl.col("teacher") != GOLD).drop_nulls("request_id").sort("seed_id", "draw")
        return dict(
            first.unique("seed_id", keep="first", maintain_order=True).select("seed_id", "request_id").iter_rows()
        )

    @cached_property
    def answered(self) -> pl.DataFrame:
        """The training rows that a teacher may be asked and the parent has an answer to."""
        train = approved.askable(self.task, self.table)
        return self.table.filter(
            pl.col("seed_id").is_in(train["seed_id"].implode()) & pl.col("seed_id").is_in(list(self.ids))
        )

    @cached_property
    def strata(self) -> dict[str, str]:
        """Seed → stratum of those."""
        return dict(self.answered.select("seed_id", "stratum").iter_rows())

    def asked_before(self) -> dict[str, str]:
        """Seed → stratum of every row that the parent asked about, and that may be asked now."""
        earlier = {question.seed for question in read_asked(self.parent)}
        rows = approved.askable(self.task, self.table).select("seed_id", "stratum").iter_rows()
        return {seed: stratum for seed, stratum in rows if seed in earlier}

    def fresh(self) -> list[str]:
        """Training seeds that the parent did not have: as many are asked as the quotas need, all of them at most."""
        before = set(read_parquet(self.parent / "seeds.parquet", ["seed_id"])["seed_id"])
        return [seed for seed in approved.askable(self.task, self.table)["seed_id"] if seed not in before]

    def unasked(self) -> dict[str, list[str]]:
        """Stratum → the training seeds that the parent asked nobody about, in the order in which they are asked."""
        earlier, found = {question.seed for question in read_asked(self.parent)}, dict[str, list[str]]()
        first = harvested(self.task, self.table)
        open_ = approved.askable(self.task, self.table).filter(pl.col("source").str.starts_with(SOURCE).not_())
        for seed, stratum in open_.select("seed_id", "stratum").iter_rows():
            if seed not in earlier:
                found.setdefault(stratum, []).append(seed)
        return {
            name: sorted(seeds, key=lambda seed: (seed not in first, content_id("ask", seed)))
            for name, seeds in found.items()
        }

    def known(self) -> Counter[str]:
        """Stratum → the rows that train by their known answer and that the parent did not have: nobody is asked about them."""
        before = set(read_parquet(self.parent / "seeds.parquet", ["seed_id"])["seed_id"])
        rows = approved.approved(self.task, self.table).select("seed_id", "stratum").iter_rows()
        return Counter(stratum for seed, stratum in rows if seed not in before)

    def as_before(self, asked: TeacherQuestions) -> bool:
        """Whether the parent asked the teacher exactly so: its answers are the new ones."""
        ids = set(read_parquet(self.parent / "asked.parquet", ["request_id"])["request_id"])
        own = {one.seed for one in read_asked(self.parent) if one.teacher >= 0}
        some = [one for one in asked if one.seed in own]
        return all(request.id in ids for request in questions.requests(self.task, self.table, some)) and bool(
            some or not asked
        )
