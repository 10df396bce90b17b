"""The sums: what so many rows take at each step, and the way that each step goes. Every one is a product of rates (`rates`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from distill.money import Price
from distill.records import Usage

GIB = 2**30
ONE_MACHINE_ROWS = 10_000_000
"""Rows that curation streams through on one machine."""
NUMBERS, BANDS = 128, 21
"""Of a text's MinHash sketch, and the keys that are made of it (docs/decisions/near-duplicates.md)."""
_NUMBER, _KEY, _ROW = 4, 8, 8
"""Bytes of a sketch's number, of a band's key and of a row's number."""
_HOUR, _DAY = 3600, 86_400


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be done: `rows` are looked at, of them each is asked `draws` times; tokens are of one call."""

    rows: float
    prompt_tokens: float
    answer_tokens: float
    draws: float = 1


@dataclass(frozen=True, slots=True)
class ScaleSums:
    """Bytes, hours and dollars of a load. Dollars are None where no price is known. `endpoints` answer within the days that were given."""

    rows: float
    jsonl_bytes: float
    parquet_bytes: float
    read_core_hours: float
    curate_core_hours: float
    curate_bytes: float
    curate_usd: float
    sketch_core_hours: float
    sketch_bytes: float
    band_bytes: float
    prompt_tokens: float
    answer_tokens: float
    live_usd: float | None
    batch_usd: float | None
    batch_files: int
    gpu_hours: float
    gpu_usd: float
    endpoints: int
    curate_way: str
    teacher_way: str


def sums(load: Load, rates: Mapping[str, float], price: Price | None) -> ScaleSums:
    """Of a load at these rates."""
    rows, calls = load.rows, load.rows * load.draws
    tokens_in, tokens_out = calls * load.prompt_tokens, calls * load.answer_tokens
    jsonl = rows * ((load.prompt_tokens + load.answer_tokens) * rates["bytes_a_token"] + rates["bytes_around"])
    curate_hours = rows / rates["curate_rows_a_second"] / _HOUR
    gpu_seconds = tokens_in / rates["gpu_prompt_tokens_a_second"] + tokens_out / rates["gpu_answer_tokens_a_second"]
    endpoints = math.ceil(gpu_seconds / (rates["days"] * _DAY) / rates["gpus_a_endpoint"])
    live = None if price is None else calls * price(Usage(round(load.prompt_tokens), round(load.answer_tokens)))
    return ScaleSums(
        rows=rows, jsonl_bytes=jsonl, parquet_bytes=jsonl * rates["packed"],
        read_core_hours=rows / rates["read_rows_a_second"] / _HOUR, curate_core_hours=curate_hours,
        curate_bytes=rows * rates["curate_bytes_a_row"], curate_usd=curate_hours * rates["core_usd_an_hour"],
        sketch_core_hours=rows / rates["sketch_rows_a_second"] / _HOUR, sketch_bytes=rows * NUMBERS * _NUMBER,
        band_bytes=rows * BANDS * (_KEY + _ROW), prompt_tokens=tokens_in, answer_tokens=tokens_out, live_usd=live,
        batch_usd=None if live is None else live * rates["batch_price"], batch_files=math.ceil(calls / rates["batch_rows"]),
        gpu_hours=gpu_seconds / _HOUR, gpu_usd=gpu_seconds / _HOUR * rates["gpu_usd_an_hour"], endpoints=endpoints,
        curate_way=_curate_way(rows), teacher_way=_teacher_way(endpoints),
    )  # fmt: skip


def _curate_way(rows: float) -> str:
    return "one machine" if rows <= ONE_MACHINE_ROWS else "sample first, or Ray"


def _teacher_way(endpoints: int) -> str:
    return "one endpoint" if endpoints <= 1 else f"{endpoints:,} endpoints or files"


def sample_for(share: float, least: float) -> float:
    """Rows of a random sample in which a kind of row with that share has at least so many, 39 times of 40: its count is about Poisson."""
    # m - 1.96 √m = least, solved for √m
    root = (1.96 + math.sqrt(1.96**2 + 4 * least)) / 2
    return root**2 / share


def counted(rows: float, share: float) -> tuple[float, float]:
    """(least, most) of a kind of row with that share in a random sample, 19 times of 20."""
    mean = rows * share
    spread = 1.96 * math.sqrt(mean)
    return max(0.0, mean - spread), mean + spread
