"""Where parts and results lie between the driver and the nodes: a folder, s3://, gs:// or whatever fsspec reaches.

Each object begins with a hash of what follows, so one that is torn or was changed counts as lost. Names are given by the driver, and
what is done twice writes the same name again.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from distill.errors import UsageError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_HEAD = 16
"""Bytes of the hash."""
_ADVICE = "give a folder or an address that the driver and every node may write, say --storage s3://BUCKET/PREFIX"


class ShardLostError(Exception):
    """An object is not where it was written, or not as it was."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Objects under `url`; a node opens it by its address alone."""

    url: str

    def write(self, name: str, *pieces: bytes) -> list[tuple[int, int]]:
        """Write one object of several pieces; (start, stop) of each. UsageError where the storage refuses."""
        ends, at = list[tuple[int, int]](), 0
        for piece in pieces:
            body = _sealed(piece)
            ends.append((at, at + len(body)))
            at += len(body)
        with _refusals(self.url):
            system, root = _opened(self.url)
            system.makedirs(_parent(f"{root}/{name}"), exist_ok=True)
            system.pipe_file(f"{root}/{name}", b"".join(map(_sealed, pieces)))
        return ends

    def read(self, name: str, span: tuple[int, int] | None = None) -> bytes:
        """An object of one piece, or a piece of one; ShardLostError where it is not there whole."""
        with _refusals(self.url):
            system, root = _opened(self.url)
            start, stop = span or (None, None)
            try:
                found = bytes(system.cat_file(f"{root}/{name}", start=start, end=stop))
            except FileNotFoundError:
                raise ShardLostError(name) from None
        if found[:_HEAD] != _hash(found[_HEAD:]):
            raise ShardLostError(name)
        return found[_HEAD:]

    def remove(self, names: Iterable[str]) -> None:
        """Take objects away; what is gone already is no fault."""
        system, root = _opened(self.url)
        for name in names:
            with contextlib.suppress(OSError):
                system.rm_file(f"{root}/{name}")

    def remove_under(self, prefix: str) -> None:
        """Take all objects of a folder away."""
        system, root = _opened(self.url)
        with contextlib.suppress(OSError):
            system.rm(f"{root}/{prefix}", recursive=True)

    def clear(self) -> None:
        """Take everything away."""
        system, root = _opened(self.url)
        with contextlib.suppress(OSError):
            system.rm(root, recursive=True)


def _sealed(piece: bytes) -> bytes:
    return _hash(piece) + piece


def _hash(data: bytes) -> bytes:
    return blake2b(data, digest_size=_HEAD).digest()


def _parent(path: str) -> str:
    return path.rsplit("/", 1)[0]


@functools.lru_cache(maxsize=4)
def _opened(url: str) -> tuple[AbstractFileSystem, str]:
    """(the file system, the path in it)."""
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(url)
    except ImportError as fault:  # s3fs, gcsfs, adlfs: fsspec names the package
        raise UsageError(f"storage {url}: {fault}; install it here and on every node") from None
    except ValueError as fault:
        raise UsageError(f"storage {url}: {fault}; {_ADVICE}") from None
    return system, str(root).rstrip("/")


@contextlib.contextmanager
def _refusals(url: str) -> Iterator[None]:
    """What a storage says where it refuses, as one line; each library raises errors of its own."""
    try:
        yield
    except (UsageError, ShardLostError, KeyboardInterrupt):
        raise
    except Exception as fault:  # noqa: BLE001 - botocore, gcsfs and aiohttp share no class of errors
        said = str(fault).split("\n", 1)[0] or type(fault).__name__
        raise UsageError(f"storage {url} refuses: {said}; {_ADVICE}") from None
