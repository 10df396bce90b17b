"""The encoding of a text file, found from its bytes, and the file opened in it; one that ends in .gz is unpacked on the way.

A byte order mark decides. UTF-16 without one has a zero byte in every other place. What decodes as UTF-8 is UTF-8, and so is
a file of which only some lines do not while others hold letters that do: those lines have a fault each. The rest is a code
page: cp1252, mac_roman, cp1250 or cp1254 by the letters that come out, another one by `charset_normalizer` where most are not Latin.
Why it is done here: docs/decisions/files.md.
"""

from __future__ import annotations

import codecs
import functools
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

READ_ERRORS = (OSError, EOFError, zlib.error, UnicodeError)
"""What a file raises that is cut off, packed wrongly or no text."""
_CHUNK = 1 << 20
_LOOKED_AT = 4 << 20
"""Bytes of a file that is no UTF-8 from which its code page is inferred."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_WESTERN = "äöüßéèêëàâçñóòôõíìîïúùûáãåæøœÄÖÜÉÈÀÁÂÇÑÓÍÚÅÆØ€“”„’‘–—…«»¿¡°§£·"
_LETTERS = {
    "cp1252": _WESTERN,
    "mac_roman": _WESTERN,
    "cp1254": _WESTERN + "ğışĞİŞ",
    "cp1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻěščřžýáíéúůťďňĚŠČŘŽÝÁÍÉÚőűöüäôľĺŕßŐŰÖÜÄ€“”„’‘–—…«»°§",
}
_ELSEWHERE = ["cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec's name, and whether each byte of the file can be decoded with it."""

    name: str
    whole: bool = True

    @property
    def usual(self) -> bool:
        """Whether it goes without saying."""
        return self.name in ("utf-8", "utf-8-sig")


class _Unpacked(io.RawIOBase):
    """What a packed file holds, as far as it can be unpacked: `cut_off` tells of the rest."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = gzip.open(path)  # noqa: SIM115 - closed by `close`

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            some = self._file.read1(len(buffer))
        except (EOFError, zlib.error):
            return 0
        buffer[: len(some)] = some
        return len(some)

    def close(self) -> None:
        self._file.close()
        super().close()


def raw(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where it is packed."""
    return io.BufferedReader(_Unpacked(path), _CHUNK) if path.suffix.lower() == ".gz" else path.open("rb")


def cut_off(path: Path) -> bool:
    """Whether a packed file ends before its end."""
    try:
        with gzip.open(path) as file:
            while file.read(_CHUNK):
                pass
    except (EOFError, zlib.error):
        return True
    return False


def opened(path: Path, encoding: Encoding) -> TextIO:
    """The file as text with its line ends as they are. Bytes that are none come through as lone surrogates, so that the
    row which holds them can be named; of UTF-16 they are replaced."""
    errors = "replace" if encoding.name.startswith(("utf-16", "utf-32")) else "surrogateescape"
    return io.TextIOWrapper(raw(path), encoding=encoding.name, errors=errors, newline="")


def detect_encoding(path: Path, given: str | None = None) -> Encoding:
    """The encoding of a file, or the one that is `given`; raises what is in READ_ERRORS."""
    stands = path.stat()
    return _of(path, given, stands.st_mtime_ns, stands.st_size)


@functools.lru_cache(maxsize=64)  # a file is looked at for its columns and again for its rows
def _of(path: Path, given: str | None, _changed: int, _size: int) -> Encoding:
    with raw(path) as file:
        head = file.read(4096)
    if given:
        return Encoding(_marked(head, given), whole=False)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, whole=name != "utf-8-sig" or _decodes(path))
    if (wide := _wide(head)) is not None:
        return Encoding(wide)
    return Encoding("utf-8") if _decodes(path) else _narrow(path)


def _marked(head: bytes, given: str) -> str:
    """The codec that is asked for, in the spelling that takes the mark off where the file begins with one."""
    name = codecs.lookup(given).name
    if name == "utf-8":
        return "utf-8-sig"
    return "utf-16" if name.startswith("utf-16") and head.startswith((b"\xff\xfe", b"\xfe\xff")) else name


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: zeros in one half of the places, few in the other, and lines that end."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 50 < len(head) // 2 or not max(even, odd) or min(even, odd) * 4 > max(even, odd):
        return None
    if max(even, odd) * 3 < len(head) // 2 and not _undecodable(head):
        return None  # a few NUL characters in a text of UTF-8
    name = "utf-16-le" if odd > even else "utf-16-be"
    text = codecs.getincrementaldecoder(name)("replace").decode(head)
    return name if "\ufffd" not in text and "\0" not in text and ("\n" in text or "\r" in text) else None


def _undecodable(head: bytes) -> bool:
    """Whether the beginning of a file is no UTF-8; its last letter may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return True
    return False


def _decodes(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with raw(path) as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    except READ_ERRORS:
        return True  # cut off: what can be read of it was UTF-8, and the reader tells the rest
    return True


def _narrow(path: Path) -> Encoding:
    """UTF-8 with faults, or a code page."""
    with raw(path) as file:
        lines = file.read(_LOOKED_AT).splitlines()
    high = [line for line in lines if not line.isascii()]
    good = sum(_is_utf8(line) for line in high)
    if good * 4 >= len(high):
        return Encoding("utf-8", whole=False)
    sample = b"\n".join(high)
    letters = sum(byte >= 0x80 or chr(byte).isalpha() for byte in sample)
    if sum(byte >= 0x80 for byte in sample) > 0.4 * letters:
        from charset_normalizer import from_bytes

        found = from_bytes(sample, cp_isolation=_ELSEWHERE).best()
        if found is not None:
            return Encoding(found.encoding, whole=False)
    scores = {name: _score(sample, name) for name in _LETTERS}
    best = max(scores, key=lambda name: scores[name])
    return Encoding(best if scores[best] > 1.2 * max(scores["cp1252"], 0) else "cp1252", whole=False)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _score(sample: bytes, name: str) -> float:
    """How much the letters beyond ASCII look like a language's: known ones count for it, all others against."""
    found = [char for char in sample.decode(name, "replace") if ord(char) > 0x7F]
    return sum(1 if char in _LETTERS[name] else -1 for char in found) / max(len(found), 1)
