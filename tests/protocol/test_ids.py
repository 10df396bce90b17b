"""Ids keep their prefix, hold letters and digits, and are never the same."""

from __future__ import annotations

from distill.protocol import ids


def test_ids() -> None:
    made = [ids.new("file-") for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(one.startswith("file-") and one[5:].isalnum() and len(one) == 29 for one in made)
    assert len(ids.new("batch_", 32)) == 38
