"""`distill scale`: the sums of all rows and of a sample, as a table and as JSON."""

from __future__ import annotations

import json

import pytest
from ended import Distill, refused


def test_all_rows_stand_beside_a_sample(distill: Distill) -> None:
    said = distill("scale", "--rows", "1b", "--sample", "1m", "--price", "0.1/0.5")
    assert said.code == 0, said.err
    head, *lines = said.out.splitlines()
    assert head.split() == ["all", "1,000,000,000", "rows", "a", "sample", "of", "1,000,000"]
    found = {line[:31].strip(): line[31:].split("  ") for line in lines}
    cells = {name: [cell.strip() for cell in row if cell.strip()] for name, row in found.items()}
    assert cells["logs as JSON Lines"] == ["3.17 TB", "3.17 GB"]
    assert cells["by its batch API"] == ["$45,000 in 20,000 files", "$45 in 20 files"]
    assert "1 in 10,000: 80 to 120" in said.out


def test_the_json_has_what_the_table_is_made_of(distill: Distill) -> None:
    found = json.loads(distill("scale", "--rows", "250k", "--input", "days=2", "--json").out)
    assert (found["all"]["rows"], found["sample"], found["all"]["live_usd"]) == (250_000, None, None)
    assert found["rates"]["days"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rows", "many"), "--rows is 'many': expected a number above 0, say 250000, 40m or 1b"),
        (("--rows", "1k", "--sample", "1m"), "expected fewer than there are"),
        (("--price", "no-such-model"), "--price is 'no-such-model'"),
        (("--input", "gpus=2"), "known name"),
    ],
)
def test_what_cannot_be_read_is_refused(words: tuple[str, ...], said: str, distill: Distill) -> None:
    refused(distill("scale", *words), said)
