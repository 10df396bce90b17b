"""docs/strata.md is true: its numbers are those that the engine gives."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import yaml

from distill import spec
from distill.curate.selection.balance import Wanted, balance
from distill.strata.quotas import QuotaRule, Targets, quotas

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "strata.md").read_text()


def table(after: str) -> list[list[str]]:
    """The cells of the first table after a text, without its head."""
    lines = PAGE[PAGE.index(after) :].splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("|"))
    rows = lines[start : next((n for n in range(start, len(lines)) if not lines[n].startswith("|")), None)]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_the_quotas_of_the_page_are_those_of_its_spec() -> None:
    """Each column of the table, from the spec that the page shows and from the seeds that the table names."""
    shown = yaml.safe_load(re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0])
    task = spec.TaskSpec.model_validate({"task": "t", "seeds": {"from": "a"}, "teacher": {"model": "m"}} | shown)
    rows = table("the quotas that the spec above gives")
    labels = {row[0]: dict(zip(task.strata.by, row[0].split(", "), strict=True)) for row in rows}
    supply = {row[0]: int(row[1]) for row in rows}
    rules = [QuotaRule(**quota.model_dump()) for quota in task.strata.quotas]
    for column, settings in (
        (2, {"temperature": 0.0}),
        (3, {"temperature": 1.0}),
        (4, {"temperature": task.dataset.temperature, "rules": rules}),
    ):
        found = quotas(supply, labels, Targets(task.dataset.accept, **settings))  # type: ignore[arg-type]  # two kinds of value
        assert found == {row[0]: int(row[column]) for row in rows}
    assert f"Of {sum(supply.values())} seeds, {task.dataset.accept} rows" in PAGE


def test_the_spread_of_the_example_messages_is_as_the_page_says() -> None:
    """Distances and kinds of 20, 40 and 80 of the 600 messages, chosen for variety and by hash."""
    messages = [json.loads(line) for line in (ROOT / "data" / "support_messages.jsonl").read_text().splitlines()]
    kinds = {row["id"]: (row["intent"], row["style"]) for row in messages}
    made = [
        {"seed_id": row["id"], "teacher": 0, "stratum": "all", "input": row["message"], "answer": "{}", "score": 1.0}
        for row in messages
    ]
    rows = table("measured on data/support_messages.jsonl")
    assert [row[0] for row in rows] == ["20", "40", "80"]
    for count, *told in rows:
        found = {
            by: balance(pl.DataFrame(made), Wanted(quotas={"all": int(count)}, by=by)) for by in ("diverse", "score")
        }
        spread = found["diverse"].report["spread"]
        assert isinstance(spread, dict)
        numbers = [f"{spread['chosen']:.2f}", f"{spread['by_hash']:.2f}"]
        seen = [str(len({kinds[seed] for seed in one.kept["seed_id"]})) for one in found.values()]
        assert told == numbers + seen
    assert f"of {len(set(kinds.values()))}, chosen" in PAGE
