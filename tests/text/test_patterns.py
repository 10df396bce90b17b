"""Patterns that people write end in time on texts that they did not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.text import patterns

SLOW = [(r"(a|aa)+", "a" * 60 + "!"), (r"(a|b|ab)*c", "ab" * 40 + "c!"), (r"(a|a)*b", "a" * 60 + "b!")]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that costs the test nothing."""
    monkeypatch.setattr(patterns, "LIMIT_S", 0.01)


@pytest.mark.parametrize(("pattern", "text"), SLOW)
def test_a_pattern_that_would_take_years_is_given_up(hasty: None, pattern: str, text: str) -> None:
    with pytest.raises(patterns.TooSlow, match="without a repeat inside a repeat"):
        patterns.matches_whole(pattern, text)


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in SLOW])
def test_a_pattern_without_end_is_found_before(hasty: None, pattern: str) -> None:
    assert "does not end on texts such as" in patterns.endless(pattern, whole=True)


@pytest.mark.parametrize(
    "pattern",
    [
        r"[A-Z]{2}-\d+",
        r"^[a-z]+(-[a-z]+)*$",
        r"^\S+@\S+\.\S+$",
        r".*\{.*\}.*",
        r"(yes|no)\.?",
        r"^([^\s,]+, )*[^\s,]+$",
    ],
)
def test_an_ordinary_pattern_ends(pattern: str) -> None:
    assert not patterns.endless(pattern, whole=True)
    assert not patterns.endless(pattern, whole=False)


def test_a_pattern_is_given_up_after_five_texts(hasty: None) -> None:
    """A limit for each of ten thousand texts is hours; another pattern of the place has its own count."""
    patience = patterns.Patience("here", ", or else")
    for _ in range(patterns.MOST_STOPPED - 1):
        patience.note(patterns.TooSlow("(a|aa)+"))
        patience.note(patterns.TooSlow("(b|bb)+"))
    with pytest.raises(patterns.GivenUp, match=r"here: the pattern '\(a\|aa\)\+' was stopped on 5 texts.*, or else"):
        patience.note(patterns.TooSlow("(a|aa)+"))


@given(
    st.sampled_from([r"[a-c]+", r"(a|b)*c?", r"a{2,3}", r"^b", r"c$", r"[^a]", r"\\d+", r"a.c", r""]),
    st.text("abc1\n", max_size=8),
)
def test_other_patterns_match_as_in_python(pattern: str, text: str) -> None:
    assert patterns.matches_whole(pattern, text) == bool(re.compile(pattern, re.DOTALL).fullmatch(text))
    assert patterns.occurs(pattern, text) == bool(re.search(pattern, text))


@pytest.mark.parametrize("pattern", ["(", "[a", "a**", "(?P<a>x)(?P=b)", "\\"])
def test_what_is_no_pattern_is_told(pattern: str) -> None:
    assert patterns.fault(pattern)


def test_a_pattern_has_no_fault() -> None:
    assert not patterns.fault(r"[A-Z]{2}-\d+")
