"""The files that logs are read from: a file, a folder, a pattern, or several; `.log` is lines of JSON too."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from distill.errors import Fault, SpecError

JSON = (".jsonl", ".ndjson", ".json", ".log")
TABLES = (".csv", ".tsv", ".parquet")


def log_files(paths: Sequence[Path]) -> list[Path]:
    """Every file that the paths mean, a folder's in the order of their names. SpecError names each path that is none."""
    faults: list[Fault] = []
    found = [file for path in paths for file in _meant(path, faults)]
    if not paths:
        faults.append(Fault("", "no log is named; name files, folders or patterns such as logs/*.jsonl"))
    if faults:
        raise SpecError("logs", faults)
    return list(dict.fromkeys(found))


def kind_of(path: Path) -> str:
    """What a file's name ends in, less `.gz` and a number that log rotation puts behind it."""
    name = path.name.lower().removesuffix(".gz")
    head, _, last = name.rpartition(".")
    return Path(head if last.isdigit() and head else name).suffix


def _meant(path: Path, faults: list[Fault]) -> Iterator[Path]:
    if path.is_dir():
        inside = sorted(one for one in path.rglob("*") if _is_log(one))
        if not inside:
            faults.append(Fault(str(path), f"this folder holds no {', '.join((*JSON, *TABLES))} file"))
        yield from inside
    elif path.is_file():
        if kind_of(path) in (*JSON, *TABLES):
            yield path
        else:
            faults.append(
                Fault(
                    str(path),
                    f"ends in {path.suffix!r}, expected one of {', '.join((*JSON, *TABLES))}, or one of them and .gz",
                )
            )
    elif path.exists():
        faults.append(Fault(str(path), "no plain file, and what it gives may have no end; write its lines into a file"))
    elif glob.has_magic(str(path)):
        alike = sorted(Path(one) for one in glob.glob(str(path), recursive=True))  # noqa: PTH207 - the pattern is a whole path, which Path.glob does not take
        inside = [one for one in alike if _is_log(one)]
        if not inside:
            faults.append(Fault(str(path), "no log is like this pattern"))
        yield from inside
    else:
        faults.append(Fault(str(path), f"no such file or folder{_beside(path.parent)}"))


def _is_log(path: Path) -> bool:
    return path.is_file() and not path.name.startswith((".", "~$")) and kind_of(path) in (*JSON, *TABLES)


def _beside(folder: Path) -> str:
    names = sorted(one.name for one in folder.iterdir() if _is_log(one)) if folder.is_dir() else []
    return f"; the folder holds {', '.join(names[:6])}{', …' if len(names) > 6 else ''}" if names else ""
