from __future__ import annotations

import polars as pl

from distill.evaluate.evidence.clusters import clusters_of


def test_turns_of_one_conversation_and_near_copies_belong_together() -> None:
    tests = pl.DataFrame(
        {
            "seed_id": ["a", "b", "c", "d", "e"],
            "group": ["talk 1", "talk 1", None, None, "talk 2"],
            "cluster": ["a", "b", "b", "d", "e"],
        }
    )
    found = clusters_of(tests)
    assert set(found) == {"a", "b", "c"}
    assert len(set(found.values())) == 1
    assert clusters_of(tests.select("seed_id")) == {}
