"""What `distill init` writes: the task in `first_task/`, small and complete, to be made one's own."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from distill.atomic_write import write_atomic
from distill.errors import UsageError


def write(folder: Path) -> list[Path]:
    """Copy the first task, named after its folder; refuses a folder that already holds one of its files."""
    name = re.sub(r"[^a-z0-9.]+", "-", folder.resolve().name.lower()).strip("-.")[:63] or "my-task"
    texts = {file.name: file.read_text("utf-8") for file in files("distill.cli").joinpath("first_task").iterdir()}
    there = [file for file in sorted(texts) if (folder / file).exists()]
    if there:
        raise UsageError(f"{folder} already holds {', '.join(there)}; nothing was written, give a new folder")
    texts["task.yaml"] = texts["task.yaml"].replace("task: my-task", f"task: {name}", 1)
    try:
        for file, text in sorted(texts.items()):
            write_atomic(folder / file, text.encode())
    except OSError as fault:
        raise UsageError(f"{folder}: nothing can be written there ({fault.strerror}); give a new folder") from None
    return [folder / file for file in sorted(texts)]
