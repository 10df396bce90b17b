"""Text that grows: nothing is sent twice, nothing is lost, nothing is taken back."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from distill.host.serving.engines.written_text import GrowingText, StoppingText


def as_bytes(ids: Sequence[int]) -> str:
    return bytes(ids).decode("utf-8", "replace")


@given(st.text())
def test_tokens_of_single_bytes_become_whole_letters(text: str) -> None:
    growing = GrowingText(as_bytes)
    told = [growing.add(byte) for byte in text.encode("utf-8", "surrogatepass")]
    whole = "".join(told) + growing.rest()
    assert whole == as_bytes(text.encode("utf-8", "surrogatepass"))
    assert growing.rest() == ""


def test_half_a_letter_waits_for_the_other_half() -> None:
    growing = GrowingText(as_bytes)
    assert [growing.add(byte) for byte in "né".encode()] == ["n", "", "é"]


@given(st.lists(st.text("abc", max_size=4)), st.lists(st.text("abc", min_size=1, max_size=3), max_size=3))
def test_a_stop_cuts_as_it_would_cut_the_whole(parts: list[str], stops: list[str]) -> None:
    text = StoppingText(stops)
    told = ""
    for part in parts:
        told += text.add(part)
        if text.stopped:
            break
    told += text.rest()
    whole = "".join(parts)
    if not text.stopped:
        assert told == whole
        assert not any(stop in whole for stop in stops)
    else:
        assert whole.startswith(told)
        assert not any(stop in told for stop in stops)
        assert any(whole.startswith(stop, len(told)) for stop in stops)


def test_what_may_become_a_stop_is_held_back() -> None:
    text = StoppingText(["END"])
    assert [text.add(part) for part in ("a E", "N", "D b")] == ["a ", "", ""]
    assert text.stopped
    other = StoppingText(["END"])
    assert [other.add(part) for part in ("a E", "N", "d")] == ["a ", "", "ENd"]
