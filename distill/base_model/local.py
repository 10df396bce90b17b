"""Where a base's weights lie: a folder as transformers saves it, a GGUF file, the embedded one, or an id of the model hub, which
is looked up in the user's own hub cache and fetched with the user's own token where it is not there.

Nothing of a base is ever run as code: a model that brings its own is refused.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.errors import UsageError
from distill.records import Json

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_SMALL = ("*.json", "*.jinja", "*.txt", "*.model")
"""Files of a model that say how it reads, without its weights."""
_WEIGHTS = ("*.safetensors",)
ADAPTED = ("llama", "granite", "qwen2", "qwen3", "gemma3")
"""Architectures of llama.cpp for which an adapter can be written (`distill.student.trainers.gguf`)."""
_BLOCKS, _BLOCK_BYTES = 64, 1 << 16


@dataclass(frozen=True, slots=True)
class LocalWeights:
    """A base by the name that a spec gives it. Paths are relative to the folder `beside`; what is made of a GGUF file is kept in
    `cache`; `file` holds a chat template in place of its own; with `thinks` it thinks before it answers.
    """

    name: str
    beside: Path
    cache: Path
    file: Path | None = None
    thinks: bool = False

    @property
    def template(self) -> Path | None:
        """The chat template in place of the base's own; of one that thinks it is made of the base's."""
        if not self.thinks:
            return self.file
        from distill.base_model import thoughts

        return thoughts.template_of(self.folder(weights=False), self.file, self.cache)

    @property
    def gguf(self) -> bool:
        return self.name.endswith(".gguf")

    @property
    def on_the_hub(self) -> bool:
        """Whether the name is an id, and no path."""
        return not self.gguf and not _is_path(self.name, self.beside)

    @property
    def llama_cpp(self) -> bool:
        """Whether llama.cpp answers for it and its adapters: a GGUF file of an architecture whose adapters can be written."""
        return self.gguf and architecture_of(self.path) in ADAPTED

    @property
    def path(self) -> Path:
        """The folder or GGUF file where it lies now; UsageError where there is none."""
        return _found(self.name, self.beside)

    @property
    def identity(self) -> str:
        """Equal for equal weights and templates, wherever they lie; of what was not fetched yet, nothing is known."""
        try:
            found, template = fingerprint(self.path), self.template
        except UsageError:
            return "not here"
        return f"{found} {fingerprint(template)}" if template else found

    def folder(self, *, weights: bool = True) -> Path:
        """The base as transformers reads it, fetched or dequantised where that is needed; without `weights`, at least its config
        and its tokeniser. UsageError says what to do where it is not to be had.
        """
        if self.on_the_hub:
            return _checked(_fetched(self.name, _SMALL + _WEIGHTS if weights else _SMALL), self.name)
        path = self.path
        if path.is_file():
            from distill.base_model import dequantised

            return dequantised.dequantised(path, self.cache) if weights else dequantised.tokeniser(path, self.cache)
        return _checked(path, self.name)


def architecture_of(gguf: Path) -> str:
    """What a GGUF file says it is, which every writer puts first; empty where it does not."""
    try:
        with gguf.open("rb") as file:
            head = file.read(256)
    except OSError:
        return ""
    texts, at = [], 24  # magic, version, and how many tensors and fields there are
    for skip in (0, 4):  # the field's name; its type, then its value
        size = int.from_bytes(head[at + skip : at + skip + 8], "little")
        texts.append(head[at + skip + 8 : at + skip + 8 + size].decode("utf-8", "replace"))
        at += skip + 8 + size
    return texts[1] if head[:4] == b"GGUF" and texts[0] == "general.architecture" else ""


def config_of(folder: Path) -> dict[str, Json]:
    """A model's config.json."""
    try:
        found: Json = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise UsageError(
            f"{folder} holds no config.json that can be read ({fault}), so it is no model of transformers"
        ) from None
    if not isinstance(found, dict):
        raise UsageError(f"{folder / 'config.json'} holds a JSON {type(found).__name__}, expected an object")
    return found


def context_of(folder: Path) -> int | None:
    """Tokens that the model was made to read, as its config says."""
    found = config_of(folder)
    inner = found.get("text_config")
    places = (found, inner if isinstance(inner, dict) else {})
    names = ("max_position_embeddings", "n_positions", "max_sequence_length", "seq_length")
    known = (place.get(name) for place in places for name in names)
    return next((value for value in known if isinstance(value, int) and value > 0), None)


def weight_bytes(folder: Path) -> int:
    """Bytes of the weights as they are stored."""
    return sum(file.stat().st_size for pattern in (*_WEIGHTS, "*.bin") for file in folder.glob(pattern))


def _found(name: str, beside: Path) -> Path:
    if not name.endswith(".gguf") and not _is_path(name, beside):
        return _fetched(name, _SMALL + _WEIGHTS, look_only=True)
    path = (beside / Path(name).expanduser()).resolve()
    if path.is_dir() or (path.is_file() and name.endswith(".gguf")):
        return path
    if path.is_file():
        raise UsageError(
            f"{name} is a file, expected a folder that holds config.json and *.safetensors, or a *.gguf file"
        )
    raise UsageError(
        f"no such folder or file: {name} (looked at {path}); expected a model as transformers saves it, or a *.gguf file"
    )


def _is_path(name: str, beside: Path) -> bool:
    if name.startswith((".", "/", "~")) or "\\" in name or not _HUB_ID.fullmatch(name):
        return True
    return (beside / name).is_dir()


def _checked(folder: Path, name: str) -> Path:
    """The folder, where transformers can load it without running anything that it brings."""
    from transformers import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    config = config_of(folder)
    kind = config.get("model_type")
    if kind not in CONFIG_MAPPING:
        own = " It brings code of its own (auto_map), which distill never runs." if config.get("auto_map") else ""
        raise UsageError(
            f"{name}: transformers has no model of the type {kind!r}.{own} Take a base that it knows, or a newer transformers"
        )
    if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise UsageError(
            f"{name}: a model of the type {kind!r} writes no text (AutoModelForCausalLM does not know it); take a causal language model"
        )
    return folder


def _fetched(name: str, patterns: Sequence[str], *, look_only: bool = False) -> Path:
    """The snapshot of a hub id in the hub's cache; fetched where it lacks files, unless one only looks."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    repository, _, revision = name.partition("@")
    instead = "Name a folder that holds it instead: student.train.base: /path/to/model"
    try:
        found = snapshot_download(
            repository, revision=revision or None, allow_patterns=list(patterns), local_files_only=look_only
        )
    except GatedRepoError:
        raise UsageError(
            f"{repository} is gated: accept its terms on its page and set HF_TOKEN, or log in with `hf auth login`. {instead}"
        ) from None
    except RepositoryNotFoundError:
        raise UsageError(
            f"the hub has no model {repository!r}, or it is private and HF_TOKEN is not set. {instead}"
        ) from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as fault:
        why = "it was not fetched yet" if look_only else f"the hub cannot be reached ({type(fault).__name__})"
        raise UsageError(f"{repository!r} is no folder here and not in the hub's cache, and {why}. {instead}") from None
    folder = Path(found)
    if not (folder / "config.json").is_file():
        raise UsageError(f"{repository!r} is only in part in the hub's cache (no config.json). {instead}")
    return folder


def fingerprint(path: Path) -> str:
    """16 hex digits of a GGUF file or a model's folder: names, sizes, small files whole, and 64 blocks of each large one. Any
    training changes all of a tensor, so weights that differ differ there; reading 16 GB would take a minute each time.
    """
    files = (
        [path]
        if path.is_file()
        else sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    )
    return _digest(
        tuple((file.name, str(file), stat.st_size, stat.st_mtime_ns) for file in files for stat in [file.stat()])
    )


@functools.lru_cache(maxsize=32)
def _digest(files: tuple[tuple[str, str, int, int], ...]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for name, path, size, _ in files:
        digest.update(f"{name}\0{size}\0".encode())
        with Path(path).open("rb") as file:
            for number in range(_BLOCKS if size > _BLOCKS * _BLOCK_BYTES else 1):
                file.seek(number * (size - _BLOCK_BYTES) // (_BLOCKS - 1) if size > _BLOCKS * _BLOCK_BYTES else 0)
                digest.update(file.read(_BLOCK_BYTES if size > _BLOCKS * _BLOCK_BYTES else size))
    return digest.hexdigest()
