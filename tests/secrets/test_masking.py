"""Secrets are taken out of whatever comes back, in every spelling, and ordinary words are left alone."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.records import Answer, Ended, ToolCall
from distill.secrets.masking import SecretMask, passwords

KEY = "sk-CANARY-7f3a9b2c/88+dd55ee"
MASK = SecretMask.of([KEY])
SPELLINGS = {
    "plain": KEY,
    "base64": base64.b64encode(KEY.encode()).decode(),
    "basic": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "urlsafe": base64.urlsafe_b64encode(f"xy{KEY}".encode()).decode(),
    "url": urllib.parse.quote(KEY, safe=""),
    "hex": KEY.encode().hex(),
    "escaped": KEY.replace("/", "\\/"),
    "beginning": KEY[:16],
    "url as a path": urllib.parse.quote(KEY),
    "url in small letters": urllib.parse.quote(KEY, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
    "url twice": urllib.parse.quote(urllib.parse.quote(KEY, safe=""), safe=""),
    "capitals": KEY.upper(),
    "small letters": KEY.lower(),
    "other case": KEY.swapcase(),
    "code points": "".join(f"\\u{ord(letter):04x}" for letter in KEY),
    "in another word": f"x{KEY}y",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_key_is_left(spelling: str) -> None:
    """As text and as bytes between bytes that are no text; twelve characters of it are a leak."""
    said = SPELLINGS[spelling]
    text, body = MASK.text(f"bad {said}. Done"), MASK.body(b"\xff\xfe " + said.encode() + b" \x80")
    assert text.startswith("bad ")
    assert text.endswith(". Done")
    assert "[key]" in text
    assert b"[key]" in body
    assert body.startswith(b"\xff\xfe ")
    for start in range(len(said) - 11):
        assert said[start : start + 12] not in text
        assert said[start : start + 12].encode() not in body


ODD = "k\"q%a+b=c/d&e<f>'9\\xyz"
ODD_SPELLINGS = {
    "json": json.dumps(ODD)[1:-1],
    "json with slashes": json.dumps(ODD)[1:-1].replace("/", "\\/"),
    "json in json": json.dumps(json.dumps(ODD))[1:-1],
    "json in base64": base64.b64encode(json.dumps({"authorization": f"Bearer {ODD}"}).encode()).decode(),
    "html": html.escape(ODD),
    "url as a path": urllib.parse.quote(ODD),
    "form": urllib.parse.quote_plus(ODD),
    "url twice": urllib.parse.quote(urllib.parse.quote(ODD, safe=""), safe=""),
    "python": repr(ODD),
}


@pytest.mark.parametrize("spelling", ODD_SPELLINGS)
def test_a_key_of_odd_characters_is_found_as_its_escapes_spell_it(spelling: str) -> None:
    """Quotes, per cent, plus and slash: each way of writing them down makes another text of the key."""
    assert "[key]" in SecretMask.of([ODD]).text(f"bad {ODD_SPELLINGS[spelling]}. Done")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_a_key_inside_of_what_was_encoded_is_found_wherever_it_stands(before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + KEY.encode() + after).decode()
    assert len(MASK.text(encoded)) < len(encoded) - len(KEY) + 8


@pytest.mark.parametrize("key", ["k", "x", "none", "EMPTY", "sk-1", "anything", "not-needed", "lm-studio", ""])
@pytest.mark.parametrize(
    "text", ["Incorrect API key provided: k", "not known: x none EMPTY", "anything else is not-needed"]
)
def test_a_dummy_key_spoils_no_text(key: str, text: str) -> None:
    assert SecretMask.of([key]).text(text) == text


def test_a_secret_of_letters_stands_on_its_own() -> None:
    mask = SecretMask.of(["swordfish"])
    assert mask.text("swordfishes swim; the password swordfish") == "swordfishes swim; the password [key]"


def test_the_parts_of_a_header_are_secrets_too() -> None:
    assert SecretMask.of([f"Bearer {KEY}"]).text(KEY) == "[key]"


def test_a_password_in_an_address_is_a_secret_in_both_its_spellings() -> None:
    assert passwords("http://bob:p%40ssw0rd-7@h/v1") == ["p%40ssw0rd-7", "p@ssw0rd-7"]
    assert passwords("http://h/v1") == passwords(None) == passwords("http://[") == []


def test_everything_of_an_answer_is_masked() -> None:
    """Also where the tokens of the log probabilities spell it, and what it was read from goes where it hides a spelling."""
    answer = Answer(
        "x", Ended.OK, f"it is {KEY}", KEY, model=KEY, refusal=KEY, reasoning=KEY, error=KEY, raw=r"\u0073k-CANARY",
        tool_calls=(ToolCall("look", f'{{"q":"{KEY}"}}'),), logprobs=[{"token": KEY[:9]}, {"token": KEY[9:]}],
    )  # fmt: skip
    masked = MASK.answer(answer)
    assert KEY[9:] not in repr(masked)
    assert masked.raw == ""
    assert masked.logprobs is None
    assert masked.text == "it is [key]"
    plain = Answer("x", Ended.OK, "fine", "stop", raw="{}", logprobs=[{"token": "fine"}])
    assert MASK.answer(plain) == plain
