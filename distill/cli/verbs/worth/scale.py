"""`distill scale`: what so many rows would take, before anything is built or paid for. Nothing is sent."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Annotated

import typer

from distill.cli.options import AsJson, out
from distill.errors import UsageError

_COUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(k|m|b|bn)?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1e3, "m": 1e6, "b": 1e9, "bn": 1e9}
Rows = Annotated[str, typer.Option(metavar="N", help="rows at hand, e.g. 250000, 40m or 1b")]
Sample = Annotated[str | None, typer.Option(metavar="N", help="rows of a sample, to be held against all of them")]
Tokens = Annotated[str, typer.Option(metavar="N", help="of one call of the teacher")]
Draws = Annotated[str, typer.Option(metavar="N", help="answers to each row")]
ScalePrice = Annotated[
    str | None, typer.Option("--price", metavar="IN/OUT|MODEL", help="$ a million tokens, say 2.5/10, or a known model")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="NAME=VALUE", help="a rate instead of its default, say gpu_usd_an_hour=2; repeatable"),
]  # fmt: skip


def scale(
    rows: Rows = "1m",
    sample: Sample = None,
    prompt_tokens: Tokens = "600",
    answer_tokens: Tokens = "60",
    draws: Draws = "1",
    price: ScalePrice = None,
    inputs: Inputs = None,
    as_json: AsJson = False,
) -> None:
    """Say what so many rows would take.

    Bytes, core hours, GPU hours and dollars, of all rows and of a sample, and which way each step goes.
    """
    from distill.advise.price import read_price
    from distill.advise.scale import rates as known
    from distill.advise.scale.sums import Load, sums
    from distill.cli.text.worth.scale import scale_lines

    rates, dollars = known.read(inputs or []), read_price(price, "--price")
    load = Load(
        _count(rows, "--rows"), _count(prompt_tokens, "--prompt-tokens"), _count(answer_tokens, "--answer-tokens"), _count(draws, "--draws")
    )  # fmt: skip
    loads = [load]
    if sample is not None:
        part = _count(sample, "--sample")
        if part > load.rows:
            raise UsageError(f"--sample is {part:,.0f} rows of {load.rows:,.0f}; expected fewer than there are")
        loads.append(dataclasses.replace(load, rows=part))
    found = [sums(one, rates, dollars) for one in loads]
    result = {
        "all": dataclasses.asdict(found[0]), "sample": dataclasses.asdict(found[1]) if sample else None, "rates": rates
    }  # fmt: skip
    out(result, as_json, scale_lines(load, found, rates))


def _count(text: str, option: str) -> float:
    """A number above 0, with k, m or b behind it for thousands, millions or billions."""
    match = _COUNT.fullmatch(text.strip().replace(",", "").replace("_", ""))
    value = float(match[1]) * _UNITS[(match[2] or "").lower()] if match else math.nan
    if not 0 < value <= 1e15:
        raise UsageError(f"{option} is {text[:40]!r}: expected a number above 0, say 250000, 40m or 1b")
    return value
