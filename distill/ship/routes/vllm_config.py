"""vllm.yaml: the configuration of one vLLM server that answers as several students, each an adapter on the same base.

vllm serve --config vllm.yaml
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from distill.rundir import read_json

FILE = "vllm.yaml"
PORT = 8000
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Those of vLLM's `--max-lora-rank` that are worth asking for."""


@dataclass(frozen=True, slots=True)
class ServedAdapter:
    """A student by the name that it is asked by, and the folder of its adapter as peft reads it."""

    name: str
    folder: Path


def max_rank(adapters: Iterable[Path]) -> int:
    """The least that holds the adapters of these folders."""
    rank = max(int(read_json(folder / "adapter_config.json", dict, needs="r")["r"]) for folder in adapters)
    return next((one for one in _RANKS if one >= rank), rank)


def config(base: str, adapters: Sequence[ServedAdapter], template: str = "") -> bytes:
    """As `vllm serve --config` reads it; `template` is the file of a chat template. It listens on this machine alone."""
    settings = {
        "model": base, "host": "127.0.0.1", "port": PORT, "enable-lora": True, "max-loras": len(adapters),
        "max-lora-rank": max_rank(one.folder for one in adapters),
        "lora-modules": [json.dumps({"name": one.name, "path": str(one.folder)}) for one in adapters],
        **({"chat-template": template} if template else {}),
    }  # fmt: skip
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=1000).encode()


def whole(model: Path, name: str) -> bytes:
    """The same of a student that is a model of its own."""
    settings = {"model": str(model), "served-model-name": [name], "host": "127.0.0.1", "port": PORT}
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=1000).encode()
