"""A base by what the settings say of it: its weights, and where what is made of them is kept."""

from __future__ import annotations

from pathlib import Path

from distill.base_model.local import LocalWeights
from distill.host.home import Home
from distill.teacher.engines import embedded


def weights(path: str, home: Home) -> LocalWeights:
    """A folder, a GGUF file, an id of the hub or the embedded model; UsageError where the embedded one is not installed."""
    name = str(embedded.gguf()) if path == embedded.MODEL else path
    return LocalWeights(name, Path.cwd(), home.bases)
