"""Tables of a run that was never done, and the report's part on them."""

from __future__ import annotations

import json
import random
from typing import Any

import polars as pl

from distill.curate.accounting.shortfall import Shortfall
from distill.report import curation
from distill.tables.outcome import dropped_frame
from distill.tables.reasons import BEFORE

REASONS = [
    ("seeds", "repeated"), ("generate", "not_asked"), ("teacher", "refused"), ("schema", "not_json"), ("schema", "schema"),
    ("length", "odd_length"), ("agreement", "agreement"), ("dedup", "another_answer"), ("balance", "over_quota"),
]  # fmt: skip


def made(
    rows: int, *, strata: int = 3, reasons: list[tuple[str, str]] = REASONS, draws: int = 1, seed: int = 0
) -> dict[str, pl.DataFrame]:
    """The tables of a run of so many seeds: each question kept or dropped for one of the reasons."""
    rnd = random.Random(seed)
    seeds, samples, dropped = [], [], []
    for i in range(rows):
        name, stratum = f"{i * 2654435761 % 2**32:08x}{i:08x}", f"s{i % strata}"
        stage, reason = rnd.choice([*reasons, ("", "")])
        if stage == "seeds":
            dropped.append((name, None, stratum, stage, reason, "same text"))
            continue
        text = f"question {i // 4} of a customer who writes at some length {i % 4}"
        seeds.append((name, stratum, json.dumps({"kind": stratum}), f"c{i // 4}", "train", text))
        if stage == "generate":
            dropped.append((name, None, stratum, stage, reason, "no need"))
            continue
        for draw in range(draws):
            request = f"{rnd.getrandbits(128):032x}"
            stage, reason = rnd.choice([one for one in [*reasons, ("", "")] if one[0] not in BEFORE])
            if stage:
                dropped.append((name, request, stratum, stage, reason, f"why {i}"))
            if stage != "teacher":
                score = None if stage == "schema" else rnd.randrange(11) / 10
                fate = "dropped" if stage else "train"
                samples.append(
                    (name, request, draw, stratum, f'{{"a": {i}}}', "", rnd.randrange(5, 90), score, 1.0, fate)
                )
    return {
        "seeds": pl.DataFrame(seeds, schema=dict.fromkeys(("seed_id", "stratum", "labels", "cluster", "role", "input"), pl.String), orient="row"),
        "samples": pl.DataFrame(
            samples, orient="row",
            schema={
                "seed_id": pl.String, "request_id": pl.String, "draw": pl.Int64, "stratum": pl.String, "answer": pl.String,
                "tool_calls": pl.String, "completion_tokens": pl.Int64, "score_agreement": pl.Float64,
                "score_schema": pl.Float64, "fate": pl.String,
            },
        ),
        "dropped": dropped_frame(dropped),
    }  # fmt: skip


def gathered(tables: dict[str, pl.DataFrame], **how: Any) -> curation.CurationSection:
    given_ = {
        "gates": [("agreement", {}), ("length", {"max_tokens": 60})],
        "short": [Shortfall("s0", 10**6, 1, "form", 9)],
        "edge_cases": [],
        **how,
    }
    return curation.curation_of(tables["seeds"], tables["samples"], tables["dropped"], **given_)
