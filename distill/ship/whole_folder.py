"""A folder that is written whole or not at all, and never over what is there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distill.errors import UsageError


@contextmanager
def written(out: Path) -> Iterator[Path]:
    """A folder aside, which takes the name `out` when the work in it is done; UsageError where something is there, or the disk refuses."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already; name an empty folder, or remove it: nothing is written over")
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".{out.name}.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
        if out.is_dir():
            out.rmdir()
        aside.rename(out)
    except OSError as fault:
        raise UsageError(f"{out} cannot be written: {fault.strerror or fault}; nothing of it was kept") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
