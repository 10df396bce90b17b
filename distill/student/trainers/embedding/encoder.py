"""What turns a text into numbers for a classifier, by one word or a folder; nothing is fetched.

wordllama    static word vectors of 256 numbers, whose weights come in the package (the extra `meaning`)
FOLDER       a static model as model2vec saves it, or one of sentence-transformers, where that package is installed
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill import extras
from distill.errors import UsageError
from distill.similarity import embeddings

WORDLLAMA = "wordllama"
Floats = NDArray[np.float64]


class Encoder:
    """Texts → (texts, dimensions), each of length 1; zeros for a text without a known word."""

    def __init__(self, name: str) -> None:
        """UsageError where the package or the folder is not here."""
        self.name = name
        self._model = None if name == WORDLLAMA else _of_folder(Path(name))

    def vectors(self, texts: Sequence[str]) -> Floats:
        found = embeddings.wordllama(texts) if self._model is None else np.asarray(self._model.encode(list(texts)))
        found = found.astype(np.float64)
        norms = np.linalg.norm(found, axis=1, keepdims=True)
        scaled: Floats = found / np.where(norms == 0, 1, norms)
        return scaled

    @property
    def bytes_held(self) -> int:
        """Of the vectors in memory; 0 where the package keeps them to itself."""
        held = embeddings.table() if self._model is None else getattr(self._model, "embedding", None)
        return int(getattr(held, "nbytes", 0))

    @property
    def bytes_on_disk(self) -> int:
        """Of the vectors, which a model needs beside its own file."""
        if self._model is None:
            import wordllama

            folder = Path(wordllama.__file__).parent
        else:
            folder = Path(self.name)
        return sum(file.stat().st_size for file in folder.rglob("*") if file.suffix in (".safetensors", ".json"))


def _of_folder(folder: Path) -> Any:
    """A model of a folder: sentence-transformers says by modules.json how it is put together, model2vec has none."""
    if not folder.is_dir():
        raise UsageError(
            f"{str(folder)!r} is no folder with a model of word vectors; expected one that model2vec or sentence-transformers has saved"
        )
    layered = (folder / "modules.json").is_file() and extras.here("sentence_transformers")
    package, name = ("sentence_transformers", "SentenceTransformer") if layered else ("model2vec", "StaticModel")
    if not extras.here(package):
        raise UsageError(f"{folder} needs the package {package}, which is not installed; pip install {package}")
    kind = getattr(importlib.import_module(package), name)
    return kind(str(folder)) if layered else kind.from_pretrained(str(folder))
