"""Runs of a task with near-duplicates that contradict each other, and their votes counted anew."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.similarity.graph import Graph
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent

ALL = ("dataset.accept=null", "seeds.test={rows: 1}", "evaluate.arms=[]")


AGAIN = ("dedup.on_conflict=ask_again", *ALL)


PERSON = ("dedup.on_conflict=person", *ALL)


FILES = ("train.jsonl", "valid.jsonl", "dataset.parquet", "samples.parquet", "dropped.parquet", "funnel.json")


def opened(task: Path, *sets: str) -> Task:
    return open_task(task, overrides=sets, env={"OPENAI_API_KEY": "k"})


def run(task: Path, *sets: str, **how: Any) -> Run:
    return running.start(opened(task, *sets), stages=how.pop("stages", ORDER[:3]), watch=Silent(), **how)


def hosted(task: Path, url: str, *sets: str) -> Task:
    """The host answers by the body alone, so draws differ by their seeds."""
    given = ["teacher.model=first", f"teacher.base_url={url}", "teacher.price={input: 1, output: 1}"]
    return opened(task, *given, "teacher.sampling.seed=7", *AGAIN, *sets)


def mood(answer: str) -> str:
    return str(json.loads(answer)["mood"])


def check_votes(folder: Path, votes: int) -> tuple[set[str], set[str]]:
    """Holds every row asked again to the rule, counted anew; returns (settled, abstained)."""
    asked, samples, dropped = (pl.read_parquet(folder / f"{name}.parquet") for name in ("asked", "samples", "dropped"))
    draws = Counter(asked["seed_id"])
    again = {seed for seed, count in draws.items() if count > 1}
    assert {draws[seed] for seed in again} == {1 + votes}
    cast: dict[str, Counter[str]] = {seed: Counter() for seed in again}
    for seed, answer in samples.filter(pl.col("seed_id").is_in(list(again))).select("seed_id", "answer").iter_rows():
        cast[seed][mood(answer)] += 1
    settled = {seed for seed, count in cast.items() if 2 * max(count.values()) > count.total()}
    kept = samples.filter(pl.col("fate") != "dropped")
    for seed, answer in kept.select("seed_id", "answer").iter_rows():
        if seed in again:
            assert seed in settled
            assert cast[seed].most_common(1)[0][0] == mood(answer)
    ties = dropped.filter(stage="vote", reason="conflict")
    assert set(ties["row"]) == again - settled
    assert ties["detail"].str.contains("no majority among ").all()
    graph = Graph.of(kept["input"], threshold=0.85)
    assert not graph.edges, "near-duplicates are in the dataset"
    return settled, again - settled
