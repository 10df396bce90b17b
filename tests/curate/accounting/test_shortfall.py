"""What the dataset lacks is computed once: the command's end, funnel.json and the report say the same of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from making import read

from distill.cli.text.run import run_lines
from distill.curate.accounting import shortfall
from distill.curate.accounting.shortfall import Shortfall
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.progress import Silent

GATES = 'gates=[schema, {form: {matches: ".*glad.*"}}]'
"""Drops half of the scripted teacher's answers."""
NONE: dict[str, Any] = {"evaluate.arms": "[]", "teacher.sampling.seed": "1"}


class Told(NamedTuple):
    """What each place tells of the strata that lack rows: (stratum, wanted, got) of each."""

    terminal: set[tuple[str, int, int]]
    funnel: set[tuple[str, int, int]]
    markdown: set[tuple[str, int, int]]
    html: set[tuple[str, int, int]]


def ran(task: Path, *sets: str) -> Run:
    overrides = [*(f"{name}={value}" for name, value in NONE.items()), *sets]
    return run.start(open_task(task, overrides=overrides, env={}), stages=ORDER, watch=Silent(), new=True)


def told(result: Run) -> Told:
    folder = result.folder
    markdown = (folder / "REPORT.md").read_text().partition("| short of its quota |")[2].partition("\n\n")[0]
    html = (folder / "report.html").read_text().partition("short of ")[2].partition("</table>")[0]
    funnel = json.loads((folder / "funnel.json").read_bytes())["shortfall"]
    patterns = [
        (r"^  (\w+): (\d+) of (\d+) rows", "\n".join(run_lines(result)), (0, 2, 1)),
        (r"^\| (\w+) \| (\d+) \| (\d+) \|", markdown, (0, 1, 2)),
        (r"<td>(\w+)</td>.*?<b>(\d+)</b> of (\d+)</td>", html, (0, 2, 1)),
    ]
    terminal, page, drawn = (
        {(one[a], int(one[b]), int(one[c])) for one in re.findall(pattern, text, re.MULTILINE)}
        for pattern, text, (a, b, c) in patterns
    )
    return Told(terminal, {(row["stratum"], row["wanted"], row["got"]) for row in funnel}, page, drawn)


def kept(result: Run) -> Counter[str]:
    samples = read(result, "samples.parquet")
    return Counter(samples.filter(samples["fate"] != "dropped")["stratum"].to_list())


def weighted(task: Path, *, b: int) -> None:
    """Every `b`-th seed is of the kind b."""
    seeds = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    rows = [row | {"kind": "b" if n % b == 0 else "a"} for n, row in enumerate(seeds)]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_count_that_is_reached_is_no_shortfall(task: Path) -> None:
    """Half of 18 rows would be 9; the spec wants 4 of b, and has them."""
    result = ran(task, "strata.quotas=[{where: {kind: b}, count: 4}]", "dataset.accept=18")
    assert kept(result) == {"a": 14, "b": 4}
    assert told(result) == Told(set(), set(), set(), set())


def test_rows_as_the_seeds_come_are_no_shortfall(task: Path) -> None:
    weighted(task, b=4)
    result = ran(task, "dataset.temperature=1", "dataset.accept=12")
    assert kept(result) == {"a": 9, "b": 3}
    assert told(result) == Told(set(), set(), set(), set())


def test_a_count_that_is_missed_is_told_though_the_total_is_met(task: Path) -> None:
    """Every place tells the same, and why; a, of which more came than it was to have, lacks nothing."""
    result = ran(task, "strata.quotas=[{where: {kind: b}, count: 12}]", "dataset.accept=15", GATES)
    came = kept(result)
    assert came.total() == 15
    assert 0 < came["b"] < 12
    rows = {("b", 12, came["b"])}
    assert told(result) == Told(rows, rows, rows, rows)
    assert {row.reason for row in result.shortfall} == {"form"}


def test_a_stratum_that_others_made_up_for_lacks_nothing(task: Path) -> None:
    """No quota names a stratum: what one cannot give the other does, and 16 rows were wanted."""
    weighted(task, b=6)
    result = ran(task, "dataset.accept=14", GATES)
    came = kept(result)
    assert came.total() == 14
    assert came["b"] < min(7, 8)
    assert told(result) == Told(set(), set(), set(), set())


def test_every_place_tells_of_a_total_that_is_missed(task: Path) -> None:
    result = ran(task, "dataset.accept=30", GATES)
    came = kept(result)
    rows = {(name, 15, came[name]) for name in "ab"}
    assert told(result) == Told(rows, rows, rows, rows)


def test_without_a_number_only_floors_are_wanted(task: Path) -> None:
    """Nobody asked for every seed; the floor of b is what is missing."""
    nobody = ran(task, "dataset={}", GATES)
    assert told(nobody).funnel == set()
    floor = ran(task, "dataset={}", "strata.quotas=[{where: {kind: b}, floor: 16}]", GATES)
    assert told(floor).funnel == {("b", 16, kept(floor)["b"])}


def test_an_edge_case_that_is_missed_is_told(task: Path) -> None:
    result = ran(task, "strata.edge_cases=[{where: {kind: b}, at_least: 12}]", "dataset.accept=15", GATES)
    assert told(result).funnel == {("b", 12, kept(result)["b"])}


def test_approved_rows_count_as_got(task: Path) -> None:
    """Rows whose known answer trains are wanted and had like the teacher's."""
    sets = ("seeds.gold_rows=train", "seeds.test={share: 0.25, gold: true}", "dataset.accept=20")
    result = ran(task, *sets)
    assert kept(result).total() == 20
    assert told(result).funnel == set()


def test_the_reason_that_cost_most_is_named() -> None:
    rows = [Shortfall("a", 9, 2, "form", 7), Shortfall("b", 3, 2, "no_seed_left", 1)]
    assert shortfall.shortfall_text(rows) == [
        "8 rows are missing in 2 strata:",
        "  a: 2 of 9 rows; form cost most (7)",
        "  b: 2 of 3 rows; too few seeds cost most (1)",
    ]


@pytest.mark.parametrize("count", [10, 12])
def test_the_rest_of_many_strata_is_counted(count: int) -> None:
    said = shortfall.shortfall_text([Shortfall(f"s{n}", 2, 1, "form", 1) for n in range(count)])
    assert len(said) == 1 + 10 + (count > 10)
    assert (said[-1] == "  and 2 more strata") is (count > 10)
