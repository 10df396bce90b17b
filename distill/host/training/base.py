"""Where a base of the host lies, for what trains it: a folder, a GGUF file, a hub id, or the embedded one by its name."""

from __future__ import annotations

from pathlib import Path

from distill.base_model.local import LocalWeights
from distill.teacher.engines import embedded


def weights_of(base: str, cache: Path) -> LocalWeights:
    """The weights of a base as the settings name it; what is made of a GGUF file is kept in `cache`."""
    name = str(embedded.gguf()) if base == embedded.MODEL else base
    return LocalWeights(name, Path.cwd(), cache)


def lasting(base: str) -> str:
    """The same base, wherever the host is started next: a path in full."""
    path = Path(base).expanduser()
    return str(path.resolve()) if path.exists() else base
