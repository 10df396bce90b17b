from __future__ import annotations

from distill.stats.holm import holm


def test_each_is_held_against_its_share_of_the_level() -> None:
    assert holm({"a": 0.001, "b": 0.02, "c": 0.006}) == ["a", "c", "b"]
    assert holm({"a": 0.001, "b": 0.02, "c": 0.013}) == ["a"]  # 0.013 > 0.025 / 2, so neither it nor what follows
    assert holm({"a": 0.03}) == []
    assert holm({}) == []
