import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.similarity.keys import keys_of
from distill.text.normalise import normalise

TEXT = "Can't open the café's invoice - the one of office 5, from Monday"
SAME = {
    "zero-width space": TEXT.replace(" ", " \u200b"),
    "zero-width joiners": TEXT.replace("invoice", "in\u200dvo\u200cice"),
    "soft hyphen": TEXT.replace("invoice", "in\u00advoice"),
    "word joiner and byte order mark": "\ufeff" + TEXT.replace("open", "op\u2060en"),
    "bidi marks": f"\u202b{TEXT}\u202c\u200f",
    "bidi isolates": TEXT.replace("invoice", "\u2067invoice\u2069"),
    "variation selectors": TEXT.replace("5", "5\ufe0f"),
    "tags": TEXT + "\U000e0041\U000e007f",
    "control characters": TEXT.replace("open", "o\x00p\x08en\x7f"),
    "full width": "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" if c == " " else c for c in TEXT),
    "no-break spaces": TEXT.replace(" ", "\u00a0"),
    "thin, figure and ideographic spaces": TEXT.replace(" ", "\u2009\u2007\u3000"),
    "braille blank": TEXT.replace(" ", "\u2800"),
    "quotes": TEXT.replace("'", "’"),
    "backtick and acute accent": TEXT.replace("'", "`", 1).replace("'", "´"),
    "en dash": TEXT.replace("-", "–"),
    "em dash, minus, no-break hyphen": TEXT.replace("-", "—").replace("—", "\N{MINUS SIGN}"),
    "decomposed": unicodedata.normalize("NFD", TEXT),
    "ligature": TEXT.replace("ffi", "ﬃ"),
    "upper case": TEXT.upper(),
    "Cyrillic letters": TEXT.replace("o", "о").replace("a", "а").replace("e", "е"),
    "mathematical letters": TEXT.replace("Monday", "𝐌𝐨𝐧𝐝𝐚𝐲"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_looks_the_same_is_the_same(name):
    assert SAME[name] != TEXT
    assert normalise(SAME[name]) == normalise(TEXT)
    assert keys_of([SAME[name]])[0] == keys_of([TEXT])[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("“so” «so» „so“", '"so" "so" "so"'), ("wait…", "wait..."), ("ﬁne", "fine"), ("Straße", "STRASSE"), ("İstanbul", "i̇stanbul"),
        ("Пpивет", "Привет"), ("㎏", "kg"), ("①", "1"), ("❤️", "❤"), ("1⁄2", "1/2"), ("क्‍ष", "क्ष"),
    ],
)  # fmt: skip
def test_further_forms_of_one_text(one, other):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x²", "x2"),
        ("H₂O", "H2O"),
        ("1½", "11/2"),
        ("рост", "poct"),
        ("5′", "5″"),
        ("kΩ", "kω2"),
        ("μm", "mm"),
        ("a-b", "ab"),
        ("٣", "3"),
    ],
)
def test_what_only_resembles_it_is_not(one, other):
    assert normalise(one) != normalise(other)


def test_words_of_another_script_stay_what_they_are():
    """Only letters within a word of the other script are read as its own, and words of nothing else beside such a word."""
    assert normalise("Вот Python и VPN-тариф, со скидкой") == "вот python и vpn-тариф, со скидкой"
    assert normalise("а rеfund") == "a refund"


def test_every_character_is_folded_once_and_for_all():
    wrong = [
        hex(code)
        for code in [*range(0x3000), *range(0x3000, sys.maxunicode + 1, 7)]
        for text in (f"a{chr(code)}b",)
        if normalise(normalise(text)) != normalise(text)
    ]
    assert wrong == []


@settings(deadline=None, max_examples=150)
@given(st.text(alphabet=st.characters(max_codepoint=0x2FFF), max_size=8))
def test_folding_twice_is_folding_once(text):
    once = normalise(text)
    assert normalise(once) == once
