from __future__ import annotations

from distill.stats.holm import holm


def test_each_is_held_against_its_share_of_the_level() -> None:
    assert holm({"a": 0.001, "b": 0.04, "c": 0.012}) == ["a", "c", "b"]
    assert holm({"a": 0.001, "b": 0.04, "c": 0.026}) == ["a"]  # 0.026 > 0.05 / 2, so neither it nor what follows
    assert holm({"a": 0.06}) == []
    assert holm({}) == []
