"""Real texts of some 190 words from what stands on every Debian machine, with near-duplicates planted among them.

    manuals                /usr/share/man, in all languages, without their markup
    package documentation  /usr/share/doc: changelogs, readmes, copyright files
    licences               /usr/share/common-licenses, and the texts in copyright files: the natural heavy clusters
    Python packages        METADATA, licences and readmes of the packages that this Python has
    requests               lines of a file that is given (CLINC150 as one JSON file, or JSON lines), joined until they are long

A text is one paragraph after another of a document until it has some 190 words. Of the texts of a machine as many as are wanted are
drawn by a seed, so they are the same on the same machine. One in ten is then a planted near-duplicate: an earlier text with one
to ten of its words replaced. Nothing is downloaded.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

WORDS = 190
PLANTED = 0.1
"""The share of texts that are near-duplicates made here."""
LARGEST = 1 << 20
"""Bytes of a file that are read: a changelog of ten megabytes would be all there is."""
NAMED = re.compile(
    r"(?i)^(metadata$|license|licence|copying|notice|readme|authors|changelog|news|todo|copyright|bugs|faq)"
)
_MARKUP = re.compile(r"\\f(?:\[\w*\]|\(..|.)|\\[&|^,/%:]|\\s[-+]?\d|\\\*?(?:\(..|\[\w+\])")
_COMMENT, _REQUEST = (
    re.compile(r"^[.']\s*\\\"|^[.'](?:TH|ds|de|if|ie|el|nr|\.)\b"),
    re.compile(r"^[.'][A-Za-z]{1,3}\b ?"),
)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts in the order of a seed, and the places (original, copy) of the pairs that were planted."""

    texts: list[str]
    planted: list[tuple[int, int]]


def corpus(count: int, *, requests: Path | None = None, seed: int = 5) -> Corpus:
    """At most `count` texts; fewer where the machine has fewer."""
    chance = random.Random(seed)
    own = [text for document in documents() for text in cut(document)]
    if requests is not None:
        own += joined(requests, chance)
    chance.shuffle(own)
    texts: list[str] = []
    planted = []
    for text in own:
        if len(texts) == count:
            break
        if texts and chance.random() < PLANTED / (1 - PLANTED):
            planted.append((original := chance.randrange(len(texts)), len(texts)))
            texts.append(changed(texts[original], chance))
        if len(texts) < count:
            texts.append(text)
    return Corpus(texts, planted)


def documents() -> Iterator[str]:
    """The plain text of every document of this machine, in the order of their paths."""
    for path in _files(Path("/usr/share/man"), "**/*.gz"):
        yield plain_manual(_read(path))
    for folder in ("/usr/share/common-licenses", "/usr/share/doc"):
        for path in _files(Path(folder), "**/*"):
            if NAMED.match(path.name):
                yield _read(path)
    for path in _files(Path(sysconfig.get_path("purelib")), "*.dist-info/**/*"):
        if NAMED.match(path.name):
            yield _read(path)


def plain_manual(source: str) -> str:
    """A manual page without roff's requests and escapes; a paragraph's end is an empty line."""
    lines = []
    for line in source.split("\n"):
        if _COMMENT.match(line):
            continue
        if line.startswith((".PP", ".P", ".SH", ".SS", ".TP", ".IP", ".LP", ".sp")):
            lines.append("")
        lines.append(_REQUEST.sub("", _MARKUP.sub("", line)).replace("\\-", "-"))
    return "\n".join(lines)


def cut(document: str) -> Iterator[str]:
    """Texts of `WORDS` words or a few more: paragraphs one after the other, of which a long one is cut. A short rest is left out."""
    words: list[str] = []
    for paragraph in re.split(r"\n\s*\n", document):
        words += paragraph.split()
        while len(words) >= 2 * WORDS:
            yield " ".join(words[:WORDS])
            words = words[WORDS:]
        if len(words) >= WORDS:
            yield " ".join(words)
            words = []
    if len(words) >= WORDS // 2:
        yield " ".join(words)


def joined(path: Path, chance: random.Random) -> Iterator[str]:
    """The requests of a file, shuffled and joined into long texts; each is in two of them."""
    found = list(dict.fromkeys(_requests(path)))
    for _ in range(2):
        chance.shuffle(found)
        yield from cut(". ".join(found))


def changed(text: str, chance: random.Random) -> str:
    """A text with one to ten of its words replaced by others of it."""
    words = text.split(" ")
    for place in chance.sample(range(len(words)), min(len(words), chance.randint(1, 10))):
        words[place] = chance.choice(words)
    return " ".join(words)


def _requests(path: Path) -> Iterable[str]:
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        return [said for rows in json.loads(text).values() for said, _ in rows]
    rows = map(json.loads, text.splitlines())
    return [next(value for value in row.values() if isinstance(value, str)) for row in rows]


def _files(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder, each once though several names lead to it."""
    found = {path.resolve() for path in folder.glob(pattern) if path.is_file()}
    return sorted(found)


def _read(path: Path) -> str:
    """The beginning of a file; nothing of one that is no text."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return data[:LARGEST].decode("utf-8", "ignore")
    except (OSError, EOFError, gzip.BadGzipFile):
        return ""
