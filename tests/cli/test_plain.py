"""Text for a terminal: nothing that it obeys, and no word broken in two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from distill.cli.plain import cut, plain, wrapped


def test_control_characters_are_replaced() -> None:
    assert plain("a\x1b[2Jb\u202ec") == "a�[2Jb�c"
    assert cut("one\n  two\x07 three", 11) == "one two� t…"
    assert cut("short", 11) == "short"


def test_a_line_is_broken_between_words_and_goes_on_further_in() -> None:
    assert wrapped("  one two three four five six", 24) == ["  one two three four", "    five six"]
    assert wrapped("one two three four five", 20, hang=0) == ["one two three four", "five"]
    assert wrapped("", 10) == [""]


@given(st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=15), max_size=30))
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(words: list[str]) -> None:
    lines = wrapped(" ".join(words), 40)
    assert all(cell_len(line) <= 40 for line in lines)
    assert " ".join(lines).split() == " ".join(words).split()


def test_a_line_that_fits_is_left_as_it_is() -> None:
    line = "rows     " + "word " * 14 + "!"
    assert (len(line), wrapped(line, 80)) == (80, [line])
    assert wrapped(f"{line}!", 80)[1:] == ["  !!"]


def test_wide_characters_count_twice_and_a_long_word_stays_whole() -> None:
    assert all(cell_len(line) <= 24 for line in wrapped("退款 " * 30, 24))
    path = "/" + "folder/" * 9 + "report.html"
    assert wrapped(f"report: {path}", 40) == ["report:", f"  {path}"]
