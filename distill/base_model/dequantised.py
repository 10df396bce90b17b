"""The embedded model's GGUF file as a Hugging Face folder that can be trained: dequantised once, then found
again.

transformers can read a GGUF file, but flags what it read as quantised and then refuses to train or save it.
So the weights are loaded, put under a config without that flag, and saved; five seconds and 0.5 GB for 135 M
parameters.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import numpy as np

from distill.base_model.quiet import quiet
from distill.errors import UsageError

RECIPE = "1"
"""Part of the folder's name: a change of what is saved must not find the old folder."""
_ONE_AT_A_TIME = threading.Lock()
"""Of a process: transformers is quiet, and gguf patched, for all of its threads."""


def dequantised(gguf: Path, folder: Path) -> Path:
    """The model of `gguf` as a folder below `folder`, made if it is not there; named by its content."""
    return _made(gguf, folder, RECIPE, partial(_convert, reading=tokeniser(gguf, folder)))


def tokeniser(gguf: Path, folder: Path) -> Path:
    """The tokeniser of `gguf` alone, likewise: it is there in seconds, and rows are counted long before one trains."""
    return _made(gguf, folder, f"{RECIPE}-reading", _convert_tokeniser)


def _made(gguf: Path, folder: Path, recipe: str, convert: Callable[[Path, Path], None]) -> Path:
    if not gguf.is_file():
        raise UsageError(f"no GGUF file at {gguf}; expected the weights of the student's base")
    stat = gguf.stat()
    place = folder / f"{gguf.stem}-{_sha256(gguf, stat.st_size, stat.st_mtime_ns)[:16]}-{recipe}"
    if place.is_dir():
        return place
    folder.mkdir(parents=True, exist_ok=True)
    with _ONE_AT_A_TIME:
        if not place.is_dir():  # another thread may have made it meanwhile
            _convert_into(place, partial(convert, gguf))
    return place


@cache
def _sha256(gguf: Path, _size: int, _changed_ns: int) -> str:
    """Read once for a file that did not change: it may have gigabytes, and is asked about often."""
    with gguf.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _convert_into(place: Path, convert: Callable[[Path], None]) -> None:
    aside = Path(tempfile.mkdtemp(prefix=".base-", dir=place.parent))
    try:
        with quiet(), _read_once():
            convert(aside)
        if not place.is_dir():  # another process may have been faster
            aside.rename(place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _read_once() -> Iterator[None]:
    """transformers reads a GGUF file anew for the config, the weights and the tokeniser, and makes the table of tensor names
    for each tensor: two thirds of the time of a conversion (measured). Here both are made once, and vocabularies are
    read from a plain array, of which a slice costs a tenth of a mapped file's.
    """
    import gguf

    class PlainReader(gguf.GGUFReader):  # type: ignore[misc]  # gguf has no types
        @property
        def data(self) -> np.ndarray:
            return self._plain

        @data.setter
        def data(self, mapped: np.ndarray) -> None:
            self._plain = mapped.view(np.ndarray)

    reader, names = gguf.GGUFReader, gguf.get_tensor_name_map
    gguf.GGUFReader, gguf.get_tensor_name_map = cache(PlainReader), cache(names)
    try:
        yield
    finally:
        gguf.GGUFReader, gguf.get_tensor_name_map = reader, names


def _convert(gguf: Path, into: Path, *, reading: Path) -> None:
    """The weights, beside the tokeniser that is there."""
    import copy

    import torch
    from transformers import AutoModelForCausalLM

    read = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32)
    config = copy.deepcopy(read.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    with torch.device("meta"):  # no weights are drawn that would be thrown away
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(read.state_dict(), assign=True)
    shutil.copytree(reading, into, dirs_exist_ok=True)
    model.save_pretrained(into)


def _convert_tokeniser(gguf: Path, into: Path) -> None:
    from transformers import AutoConfig, AutoTokenizer

    AutoConfig.from_pretrained(str(gguf.parent), gguf_file=gguf.name).save_pretrained(into)
    AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name).save_pretrained(into)
