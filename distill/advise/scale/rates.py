"""What a row takes and how fast it goes: each figure with its unit and where it is from, and `--input NAME=VALUE` gives another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.advise.assumptions import named
from distill.errors import UsageError


@dataclass(frozen=True, slots=True)
class KnownRate:
    """A default, its unit, and its source."""

    value: float
    unit: str
    source: str


_BENCHMARKS = "docs/benchmarks.md, two hyper-threads of one core"
RATES: dict[str, KnownRate] = {
    "bytes_a_token": KnownRate(4.2, "bytes", "English text"),
    "bytes_around": KnownRate(400, "bytes", "of a logged row beside its texts: ids, times, JSON"),
    "packed": KnownRate(0.3, "share", "Parquet with zstd of JSON Lines"),
    "read_rows_a_second": KnownRate(38_000, "rows a core", "the script of docs/scaling.md on rows of 3 kB, its own CPU time"),
    "curate_rows_a_second": KnownRate(2_079, "rows a core", f"a million through twelve gates to the split in 481 s, {_BENCHMARKS}"),
    "sketch_rows_a_second": KnownRate(13_000, "rows a core", f"near-duplicates of texts of 180 words, {_BENCHMARKS}"),
    "curate_bytes_a_row": KnownRate(2_040, "bytes", f"1.9 GiB at a million rows, {_BENCHMARKS}"),
    "core_usd_an_hour": KnownRate(0.05, "$", "a plain guess"),
    "gpu_usd_an_hour": KnownRate(2.5, "$", "a plain guess for an H100"),
    "gpu_prompt_tokens_a_second": KnownRate(
        3_372, "tokens a GPU", "Llama 2 70B in FP8 on 4 H100, 2,048 tokens in and 128 out, TensorRT-LLM 0.5.0 (NVIDIA, 2023)"
    ),
    "gpu_answer_tokens_a_second": KnownRate(
        864, "tokens a GPU", "Llama 3.1 70B in FP8 on 2 H100, 320 requests at once, vLLM 0.5.4 (Lambda, 2024)"
    ),
    "gpus_a_endpoint": KnownRate(4, "GPUs", "that serve one copy of the teacher"),
    "batch_price": KnownRate(0.5, "share", "of the live price, by the usual batch APIs"),
    "batch_rows": KnownRate(50_000, "rows", "that one batch file may hold"),
    "days": KnownRate(1, "days", "in which the teacher should have answered"),
}  # fmt: skip
"""Name → its default. GPU rates are old and cautious, and guesses are called so: give your own."""
_SHARES = ("packed", "batch_price")


def read(given: Sequence[str]) -> dict[str, float]:
    """All rates, those of `NAME=VALUE` in place of their defaults; UsageError names what there is, or what the value must be."""
    found = {name: figure.value for name, figure in RATES.items()}
    return found | {name: _number(name, text) for name, text in named(given, RATES)}


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    most = 1.0 if name in _SHARES else 1e12
    if not 0 < value <= most:
        wanted = "a share above 0, at most 1" if name in _SHARES else "a number above 0"
        raise UsageError(f"--input {name}={text[:40]}: expected {wanted} ({RATES[name].unit})")
    return value


def changed(rates: Mapping[str, float]) -> list[str]:
    """The names of those that are not the defaults."""
    return [name for name, figure in RATES.items() if rates[name] != figure.value]
