"""Scores, lengths and forms of answers, with their limits."""

from __future__ import annotations

import polars as pl
import pytest
from run_tables import gathered, made

from distill.report.sections import distributions


def test_a_score_is_drawn_with_its_limit_where_it_has_degrees() -> None:
    """The limit is the spec's or the gate's default; a score at its limit is on the side of those that pass."""
    tables = made(300)
    found = gathered(tables).scores
    assert [one.gate for one in found] == ["agreement"]
    assert found[0].limits == [distributions.Limit("at_least", 0.6)]
    assert sum(map(sum, found[0].bins)) == found[0].n == tables["samples"]["score_agreement"].drop_nulls().len()
    assert found[0].dropped == tables["dropped"].filter(stage="agreement").height
    edges = pl.DataFrame({"request_id": list("abcd"), "score_agreement": [0.15, 0.35, 0.6, 5.0]})
    wide = distributions.scores(edges, tables["dropped"], [("agreement", {"at_least": 4})])[0]
    assert (wide.high, wide.limits[0].value) == (5.0, 4.0)
    unit = distributions.scores(edges.head(3), tables["dropped"], [("agreement", {})])[0]
    assert [i for i, pair in enumerate(unit.bins) if pair[0]] == [3, 7, 12]


@pytest.mark.parametrize("gate", ["judge", "toxicity", "refusal"])
def test_what_judges_said_is_drawn_from_1_to_5_as_its_limit_is_given(gate: str) -> None:
    rows = pl.DataFrame(
        {"request_id": list("abcd"), f"score_{gate}": [0.0, 0.7, 0.75, 1.0], f"verdicts_{gate}": list("wxyz")}
    )
    dropped = pl.DataFrame({"request_id": list("ab"), "stage": [gate] * 2})
    found = distributions.scores(rows, dropped, [(gate, {"at_least": 4.0})])[0]
    assert (found.low, found.high, found.limits[0].value) == (1.0, 5.0, 4.0)
    assert [i for i, pair in enumerate(found.bins) if any(pair)] == [0, 14, 15, 19]
    assert [sum(gone for _, gone in part) for part in (found.bins[:15], found.bins[15:])] == [2, 0]


def test_lengths_and_forms_are_those_of_all_answers_and_of_the_dataset() -> None:
    tables = made(300)
    found = gathered(tables)
    kept = tables["samples"].filter(pl.col("fate") != "dropped")
    assert sum(map(sum, found.tokens.bins)) == found.tokens.n == tables["samples"].height
    assert sum(inside for inside, _ in found.tokens.bins) == found.tokens.kept == kept.height
    assert found.tokens.limits == [distributions.Limit("max_tokens", 60.0)]
    assert found.tokens.after[-1] == kept["completion_tokens"].max()
    assert found.forms == [distributions.AnswerForm("JSON", 1.0, 1.0)]
    assert gathered({**tables, "samples": tables["samples"].clear()}).tokens is None
