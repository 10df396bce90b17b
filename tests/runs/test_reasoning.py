"""The teacher's thinking: left out by default, or trained before its answer on a base that thinks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from distill.base_model import load
from distill.base_model.tokenise import IGNORED, tokens_of
from distill.errors import SpecError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve

THOUGHT = "The customer asks about an order. I should be short and kind."
BASE = "student.train={with: lora, base: ./base, epochs: 1, layers: 1, learning_rate: 0.01}"
DATASET = ("generate", "curate", "export")


async def run(task: Path, url: str, *sets: str, stages: tuple[str, ...] = DATASET) -> Run:
    given = ("teacher.model=m", f"teacher.base_url={url}", "teacher.sampling.max_tokens=120", *sets)
    opened = open_task(task, overrides=given, env={"OPENAI_API_KEY": "k"})
    return await running.work(opened, stages=stages, watch=Silent())


def rows(result: Run) -> list[dict]:
    return [json.loads(line) for line in (result.folder / "train.jsonl").read_text().splitlines()]


async def test_thinking_is_in_no_row_unless_it_is_kept(task: Path) -> None:
    async with serve(Script(dialects={"deepseek answer with reasoning": 1.0})) as server:
        plain = await run(task, server.base_url, "student.train={with: none}")
        assert not any("reasoning_content" in row["messages"][-1] for row in rows(plain))
        assert "reasoning" not in pl.read_parquet(plain.folder / "dataset.parquet").columns
        kept = await run(task, server.base_url, "student.train={with: none}", "teacher.reasoning=keep")
        assert kept.requests_sent == 0, "the answers were paid for, with their thinking"
        assert {row["messages"][-1].get("reasoning_content") for row in rows(kept)} == {THOUGHT}
        assert set(pl.read_parquet(kept.folder / "dataset.parquet")["reasoning"]) == {THOUGHT}
        short = await run(
            task, server.base_url, "student.train={with: none}", "teacher.reasoning=keep", "teacher.reasoning_tokens=5"
        )
        dropped = pl.read_parquet(short.folder / "dropped.parquet").filter(reason="over_reasoning")
        assert set(dropped["stage"]) == {"preflight"}
        assert "teacher.reasoning_tokens allows 5" in dropped["detail"][0]
        assert set(pl.read_parquet(short.folder / "samples.parquet")["fate"]) <= {"dropped"}


@pytest.mark.slow
async def test_a_student_learns_to_think_as_its_base_writes_it(task: Path, tiny_family: Callable[[str], Path]) -> None:
    shutil.copytree(tiny_family("qwen3"), task.parent / "base")
    async with serve(Script(dialects={"deepseek answer with reasoning": 1.0})) as server:
        keep = (BASE, "teacher.reasoning=keep", "evaluate.arms=[teacher, base, student]", "evaluate.probes=none")
        result = await run(task, server.base_url, *keep, stages=ORDER)
        opened = open_task(task, overrides=[*keep, f"teacher.base_url={server.base_url}"], env={"OPENAI_API_KEY": "k"})
        weights = opened.base_weights
        assert weights is not None
        tokenizer = load.tokeniser(weights.folder(), weights.template)
        first = rows(result)[0]["messages"]
        learnt = [token for token in tokens_of(first, tokenizer).labels if token != IGNORED]
        said = tokenizer.decode(learnt)
        assert said == f"<think>\n{THOUGHT}\n</think>\n\n{first[-1]['content']}<|im_end|>"
        calls = result.table("calls.parquet")
        assert set(calls.filter(calls["arm"] != "teacher")["ended"]) == {"ok"}


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["student.train={with: lora}"], "the chat template of 'embedded/smollm2-135m' has no place for thinking"),
        (["student.train={with: linear}"], "`with: linear` trains answers without thinking"),
        (["student.train={with: hosted, base: gpt-4.1-nano, train_price: 1}"], "`with: hosted` trains answers without thinking"),
        (["student.train={with: lora, base: ./base, preference: {}}"], "worse answers of preference pairs have no thinking"),
    ],
)  # fmt: skip
def test_a_student_that_cannot_learn_to_think_is_told(
    task: Path, tiny_family: Callable[[str], Path], sets: list[str], said: str
) -> None:
    shutil.copytree(tiny_family("qwen3"), task.parent / "base")
    with pytest.raises(SpecError, match=said):
        open_task(task, overrides=[*sets, "teacher.reasoning=keep"], env={}, priced=False)


def test_a_limit_of_what_is_dropped_is_a_slip(task: Path) -> None:
    with pytest.raises(SpecError, match="reasoning_tokens: 5 is a limit of reasoning: keep"):
        open_task(task, overrides=["teacher.reasoning_tokens=5"], env={})
