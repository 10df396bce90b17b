"""What came of the values of each label."""

from __future__ import annotations

import json

import polars as pl

from distill.strata import coverage
from distill.strata.coverage import LabelCoverage


def test_each_value_of_a_label_has_its_seeds_its_questions_and_its_rows() -> None:
    """Test rows are no seeds to train on; a label that a row lacks has the empty value; a row may come twice, a seed is asked once."""
    rows = [
        ("1", "train", {"kind": "a"}),
        ("2", "train", {"kind": "b"}),
        ("3", "train", {}),
        ("4", "test", {"kind": "a"}),
    ]
    seeds = pl.DataFrame(
        [(seed, role, json.dumps(labels)) for seed, role, labels in rows], schema=["seed_id", "role", "labels"], orient="row"
    )  # fmt: skip
    assert coverage.by_label(seeds, ["1", "1", "2"], ["2", "2"], ["kind"]) == {
        "kind": [
            LabelCoverage("", available=1, asked=0, got=0),
            LabelCoverage("a", available=1, asked=1, got=0),
            LabelCoverage("b", available=1, asked=1, got=2),
        ]
    }
