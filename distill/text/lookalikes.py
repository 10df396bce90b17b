"""Spellings that look the same as one spelling: Unicode's own equivalences, and a small table beside them.

`folded` is NFKC without what cannot be seen (zero-width characters, bidi marks, variation selectors, soft hyphens, tags, control
characters), case-folded, with the many quotes, dashes and spaces as one each. Three things go further than the standard, or less far:

    raised and lowered digits    x² stays apart from x2 (it becomes x^2), and ½ after a 1 from 11/2
    letters of another script    a Latin word with Cyrillic or Greek look-alikes among its letters is read as the Latin word, and a
                                 Cyrillic one with Latin look-alikes as the Cyrillic one; other words stay, whatever they look like
    digits of other scripts      stay as they are: `distill.similarity.decisive` compares them by value

It is idempotent, and only ever used for comparing: the text itself stays as it was written.
"""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = (
    (0x00, 0x08), (0x0E, 0x1B), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160),
    (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
"""Unicode's Default_Ignorable_Code_Point, and the control characters that are no blanks."""
_ONE = {
    "'": "`´‘’‚‛ʹʻʼʽˈˊˋ′‵‹›＇｀",
    '"': "“”„‟«»″‶〝〞〟＂",
    "-": "‐‑‒–—―⁃−─━﹘﹣－",
    " ": "\u2800",
}
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼ⁿ"
_LOWERED = "₀₁₂₃₄₅₆₇₈₉₊₋₌"
_FRACTIONS = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞↉"
_TABLE: dict[int, str | None] = {
    **{code: None for first, last in _UNSEEN for code in range(first, last + 1)},
    **{ord(other): one for one, others in _ONE.items() for other in others},
    **{ord(digit): f"^{unicodedata.normalize('NFKC', digit)}" for digit in _RAISED},
    **{ord(digit): f"_{unicodedata.normalize('NFKC', digit)}" for digit in _LOWERED},
    **{ord(part): f" {unicodedata.normalize('NFKC', part)}" for part in _FRACTIONS},
    0x2044: "/",  # the fraction slash, which NFKC puts into ½
    0x0130: "i\u0307",  # so that it folds to the same before and after other letters do
}
for _digit in (*_RAISED, *_LOWERED, *_FRACTIONS):
    _TABLE[ord(_digit)] = str(_TABLE[ord(_digit)]).replace("\u2044", "/").replace("\u2212", "-")


_REPLACED = re.compile(
    "[{}{}]".format(
        "".join(f"{chr(first)}-{chr(last)}" for first, last in _UNSEEN),
        "".join(re.escape(chr(code)) for code, one in _TABLE.items() if one is not None),
    )
)
# One pass over the bytes of a text of ASCII: lower case, one quote, a space for each blank, and nothing that cannot be seen.
_ASCII_BLANKS = b"\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f"
_ASCII = bytes.maketrans(_ASCII_BLANKS, b" " * len(_ASCII_BLANKS)).replace(b"`", b"'").lower()
_ASCII_UNSEEN = bytes(code for code in range(0x80) if _TABLE.get(code, "") is None)
_CYRILLIC = dict(zip("АВЕЅІЈКМНОРСТУХаеѕіјорсухһԁԛԝ", "ABESIJKMHOPCTYXaesijopcyxhdqw", strict=True))
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True))
_TO_LATIN = str.maketrans(_CYRILLIC | _GREEK)
_TO_CYRILLIC = str.maketrans({latin: cyrillic for cyrillic, latin in _CYRILLIC.items()})
_OTHER, _LATIN = re.compile("[\u0370-\u03ff\u0400-\u052f]"), re.compile("[A-Za-z]")
_GREEK_OR_MORE = re.compile("[^A-Za-z\u0400-\u052f]")
_WORD = re.compile(r"[^\W\d_]+")


def folded(text: str) -> str:
    """The one spelling of all texts that look like this one, but for runs and kinds of blanks."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII, _ASCII_UNSEEN).decode("ascii")
    plain = _composed(text)
    mixed = _LATIN.search(plain) is not None and _OTHER.search(plain) is not None
    if mixed:
        plain = _one_script(plain)
    low = plain.casefold()
    if low == plain or (low == plain.lower() and not mixed and unicodedata.is_normalized("NFKC", low)):
        return low
    # A letter that folds to several may be folded again, with a mark behind it or as one of another script.
    low = _composed(low)
    return low if low == plain else folded(low)


def _replaced(text: str) -> str:
    """A text by the table, one of its few different characters after the other: what stands for one is never replaced itself."""
    for sign in set(_REPLACED.findall(text)):
        text = text.replace(sign, _TABLE[ord(sign)] or "")
    return text


def _composed(text: str) -> str:
    """In NFKC, and by the table."""
    plain = text if _REPLACED.search(text) is None else _replaced(text)
    if unicodedata.is_normalized("NFKC", plain):
        return plain
    return _composed(unicodedata.normalize("NFKC", plain))


def _one_script(text: str) -> str:
    """A text without look-alikes of another script in its words; where one has some, words of nothing but look-alikes are read so too."""
    words = _WORD.findall(text)
    mixed = [word for word in words if _LATIN.search(word) and _OTHER.search(word)]
    latin = {word: read for word in mixed if not _OTHER.search(read := word.translate(_TO_LATIN))}
    cyrillic = {word: read for word in mixed if word not in latin and (read := _cyrillic(word))}
    if latin and not cyrillic:
        alone = (word for word in words if word not in latin and not _LATIN.search(word))
        latin |= {word: read for word in alone if (read := word.translate(_TO_LATIN)).isascii()}
    known = latin | cyrillic
    return _WORD.sub(lambda found: known.get(found.group(), found.group()), text) if known else text


def _cyrillic(word: str) -> str:
    """A word all in Cyrillic letters; empty where that is not to be had."""
    read = "" if _GREEK_OR_MORE.search(word) else word.translate(_TO_CYRILLIC)
    return "" if _LATIN.search(read) else read
