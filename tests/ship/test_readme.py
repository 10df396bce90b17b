"""The README of what is shipped, where nothing was compared."""

from __future__ import annotations

from dataclasses import replace

from distill.ship.readme import readme
from distill.ship.student import TunedStudent
from distill.ship.target import Target


def test_it_says_what_is_not_known(tiny_student: TunedStudent) -> None:
    text = readme(replace(tiny_student, schema=None, about=""), Target("gguf", "q8_0"), "start it", {"a.gguf": "00"})
    assert "It was not compared with anything" in text
    assert "shipped as gguf (q8_0)" in text
    assert "| a.gguf | `00` |" in text
    assert "their terms: made up" in text
    assert "JSON of this schema" not in text
    assert "\n\n\n" not in text
