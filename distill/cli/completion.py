"""What a shell's Tab offers for an argument: the tasks and the runs of the project around the working folder.

Only names and first lines are read, and nothing heavy is imported: an answer takes as long as `distill --version`. Where nothing
fits the shell offers files.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

_MARKS = (".distill", "pyproject.toml", ".git", "runs")
"""As `distill.pipeline.arguments` finds a project, which takes longer to import."""
_TASK = re.compile(r"^task:[ \t]*[\"']?([A-Za-z0-9._-]+)", re.MULTILINE)
_READ = 4000
_MOST = 200


def tasks(incomplete: str) -> list[str]:
    """The names of tasks that begin so."""
    home = _home()
    names = (name for path in itertools.islice(_specs(home), _MOST) if (name := _name(path)))
    return sorted({name for name in names if name.startswith(incomplete)})


def runs(incomplete: str) -> list[str]:
    """`latest`, the tasks that have runs, and the runs, the newest first, that begin so."""
    folders = sorted(_folders(_home() / "runs"))
    named = [
        f"{task.name}/{run.name}"
        for task in folders
        for run in sorted(_folders(task), reverse=True)
        if run.name.isdigit()
    ]
    found = ["latest", *(task.name for task in folders), *named] if named else []
    return [name for name in found if name.startswith(incomplete)][:_MOST]


def _home() -> Path:
    here = Path.cwd()
    return next((one for one in (here, *here.parents) if any((one / mark).exists() for mark in _MARKS)), here)


def _specs(home: Path) -> Iterator[Path]:
    found = (path for depth in ("", "*/", "*/*/") for path in home.glob(f"{depth}task.yaml"))
    return (path for path in found if "runs" not in path.relative_to(home).parts)


def _name(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            found = _TASK.search(file.read(_READ))
    except OSError:
        return ""
    return found[1] if found else ""


def _folders(path: Path) -> list[Path]:
    try:
        return [one for one in path.iterdir() if one.is_dir()]
    except OSError:
        return []
