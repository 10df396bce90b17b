"""The runner against llmock, a server of other people, reached as a user would: by two environment variables."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from llmock.pytest_plugin import LLMock

from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.teacher.progress import Silent

PRICED = ["teacher.model=gpt-4o-mini", "teacher.limits.in_flight=4"]


def generate(task: Path, llmock: LLMock, *sets: str) -> Run:
    task = open_task(task, overrides=[*PRICED, *sets], env=llmock.env())
    return run.start(task, stages=("generate", "curate"), watch=Silent())


def test_every_row_is_asked_once_in_the_shape_the_server_takes(task: Path, llmock: LLMock) -> None:
    """One request a row asked, the key in the header only, usage and price from the answers; again sends nothing."""
    first = generate(task, llmock, "gates=[finish_reason]")
    asked = pl.read_parquet(first.folder / "asked.parquet").height
    assert first.requests_sent == asked == len(llmock.requests)
    assert first.usd > 0
    sent = json.dumps([record.body for record in llmock.requests], default=str)
    assert "llmock-test-key" not in sent
    assert generate(task, llmock, "gates=[finish_reason]").requests_sent == 0


def test_rate_limits_and_server_errors_fail_no_row(task: Path, llmock: LLMock) -> None:
    """429 with Retry-After and 503 are waited out; the server's own judge finds no early retry and no storm."""
    llmock.rate_limit(times=3, retry_after=0.3)
    llmock.fail(503, times=2)
    result = generate(task, llmock, "gates=[finish_reason]")
    assert (result.pending, result.exit_code) == (0, 0)
    llmock.assert_resilient()


def test_the_responses_api_where_the_spec_asks_for_it(task: Path, llmock: LLMock) -> None:
    """The other API of the same server: rows answered, tokens counted, nothing sent twice."""
    first = generate(task, llmock, "gates=[finish_reason]", "teacher.api=responses")
    assert first.requests_sent == len(llmock.requests) > 0
    assert {record.path for record in llmock.requests} == {"/v1/responses"}
    assert first.usd > 0
    assert pl.read_parquet(first.folder / "samples.parquet").filter(pl.col("fate") != "dropped").height > 0
    assert generate(task, llmock, "gates=[finish_reason]", "teacher.api=responses").requests_sent == 0
