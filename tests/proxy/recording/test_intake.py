"""Which piece makes an answer whole."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from upstreams import chunks, whole

from distill.proxy.recording import intake as intakes
from distill.proxy.recording.intake import AnswerIntake

STREAM = b"".join(chunks("a b c"))
OBJECT = json.dumps(whole("a {b} c"), indent=1).encode()


def cut(text: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = list[bytes](), 0
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    return [one for one in [*pieces, text[at:]] if one]


@given(st.lists(st.integers(1, 60), max_size=12), st.sampled_from(["stream", "object", "length"]))
def test_it_is_the_piece_with_the_end_and_none_before(sizes: list[int], kind: str) -> None:
    """Of a stream that with its mark; of an object with a length the last, without one that after which it can be read."""
    text = STREAM if kind == "stream" else OBJECT
    intake = AnswerIntake(b"{}", kind == "stream", len(text) if kind == "length" else None)
    pieces = cut(text, sizes)
    found = [at for at, piece in enumerate(pieces) if intake.whole_with(piece) and intake.call()]
    assert len(found) == 1
    seen = b"".join(pieces[: found[0] + 1])
    assert b"[DONE]" in seen if kind == "stream" else json.loads(seen)


def test_a_call_holds_what_came_so_far() -> None:
    intake = AnswerIntake(b"asked", False, None)
    assert intake.whole_with(b'{"a": 1}')
    call = intake.call()
    assert (call.request, call.answer, call.by, intake.recorded) == (b"asked", b'{"a": 1}', "teacher", True)
    assert not intake.whole_with(b" ")


def test_an_answer_that_is_too_long_is_not_held() -> None:
    intake = AnswerIntake(b"{}", False, intakes.MOST + 1)
    assert not intake.whole_with(bytes(intakes.MOST))
    assert not intake.whole_with(b"}")
    assert intake.too_long
