from collections.abc import Callable

import polars as pl
import pytest

from distill.tables.columns import SAMPLES

PLAIN = {
    "stratum": "a",
    "labels": '{"intent":"a"}',
    "input": "where is my kettle",
    "prompt": '[{"role": "user", "content": "where is my kettle"}]',
    "answer": '{"intent":"delivery"}',
    "reasoning": "",
    "tool_calls": "",
    "refusal": "",
    "finish_reason": "stop",
    "prompt_tokens": 30,
    "completion_tokens": 9,
    "latency_s": 0.1,
    "usd": 0.0,
    "model": "m",
    "score": None,
}


@pytest.fixture(scope="session")
def frame() -> Callable[..., pl.DataFrame]:
    """Samples from what is particular about each; seed ids are s00, s01, … where none is given."""

    def make(*rows: dict) -> pl.DataFrame:
        made = []
        for i, row in enumerate(rows):
            seed = row.get("seed_id", f"s{i:02}")
            own = {"seed_id": seed, "teacher": 0, "kind": "first", "draw": 0, "cluster": seed, **row}
            made.append(PLAIN | own | {"request_id": f"r-{seed}-{own['draw']}"})
        return pl.DataFrame(made, schema=SAMPLES, orient="row")

    return make
