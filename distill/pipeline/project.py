"""The project that a path belongs to: the folder that holds `.distill/`, with the answers, and `runs/`."""

from __future__ import annotations

from pathlib import Path

_MARKS = (".distill", "pyproject.toml", ".git", "runs")


def project_of(path: Path) -> Path | None:
    """The nearest folder at or above a path that holds a project; None where none does."""
    start = path.resolve() if path.is_dir() else path.resolve().parent
    return next((folder for folder in (start, *start.parents) if any((folder / one).exists() for one in _MARKS)), None)


def home_of(spec: Path) -> Path:
    """The project of a spec; its own folder where there is none."""
    return project_of(spec) or (spec.resolve() if spec.is_dir() else spec.resolve().parent)


def project_at(folder: Path) -> Path:
    """The project of a folder, which may be missing; the folder itself where there is none."""
    return home_of(folder.resolve() / "task.yaml")
