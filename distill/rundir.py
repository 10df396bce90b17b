"""A run's folder: its files, its manifest, its lock.

The manifest holds, per stage, a hash of each thing that it read and of what it
wrote; a stage for which they all still match is skipped. A file is read where its path is taken (`run / name`) or it is
read with `read_parquet`, `check_parquet` or `read_json`; `run.path / name` is for what only this code writes. One process holds a run at a time (flock: the kernel
lets go of it when the process dies, whatever kills it).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from distill import reads
from distill.atomic_write import write_json
from distill.errors import UsageError
from distill.folder_lock import locked
from distill.records import Json
from distill.text.from_json import from_json

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T", dict[str, Json], list[Json])
R = TypeVar("R")

MANIFEST = "manifest.json"
SPEC = "spec.json"
"""The spec that a run used (`distill.task.used_spec`)."""
_LONGEST = 1000
"""Characters of an argument that may be a path."""


_MADE_BY = {
    "generate": ("seeds.parquet", "seeds_dropped.parquet", "pairs.parquet", "asked.parquet", "seeds.json", "exam.json"),
    "curate": ("samples.parquet", "dropped.parquet", "flagged.parquet", "funnel.json"),
    "export": ("train.jsonl", "valid.jsonl", "test.jsonl", "dataset.parquet", "expect.json", "CARD.md"),
    "train": ("loss.json", "hosted.json", "adapter.gguf", "model.safetensors"),
    "evaluate": ("calls.parquet", "scores.parquet", "comparison.json", "cascade.parquet"),
    "curve": ("curve.json",),
    "ablate": ("ablation.json",),
}
"""Stage → the files of a run that it writes; a stage whose files are not as it wrote them does its work again."""
_FATES = ("row", "stage", "reason")
_COLUMNS = {
    "seeds.parquet": ("seed_id", "fields"), "seeds_dropped.parquet": _FATES, "pairs.parquet": ("a", "b"),
    "asked.parquet": ("seed_id", "request_id", "kind"), "samples.parquet": ("seed_id", "request_id"), "dropped.parquet": _FATES,
    "flagged.parquet": _FATES, "calls.parquet": ("seed_id", "arm"), "scores.parquet": ("seed_id", "arm"),
}  # fmt: skip
"""Table → columns without which it is another's."""


def maker(name: str) -> str:
    """The verb that makes a file of a run."""
    return next((verb for verb, files in _MADE_BY.items() if name in files), "run")


def read_parquet(path: Path, columns: list[str] | None = None) -> pl.DataFrame:
    """A table of a run, whole or some of its columns; UsageError names the verb that makes one that is gone or torn."""
    import polars as pl

    reads.note_file(path)
    try:
        if columns is None:
            return _whole_table(path)
        check_parquet(path)
        return pl.read_parquet(path, columns=columns)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as fault:
        raise _lost(path, fault) from None


def _whole_table(path: Path) -> pl.DataFrame:
    """Read once, and looked at for its columns then."""
    import polars as pl

    if path.is_dir():  # which polars would look for tables in
        raise IsADirectoryError(path)
    found = pl.read_parquet(path)
    _has(path, found.columns)
    return found


def check_parquet(path: Path) -> list[str]:
    """The columns of a table that is about to be read piece by piece; UsageError as `read_parquet`."""
    import polars as pl

    reads.note_file(path)
    try:
        if path.is_dir():  # which polars would look for tables in
            raise IsADirectoryError(path)
        return _has(path, list(pl.read_parquet_schema(path)))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as fault:
        raise _lost(path, fault) from None


def _has(path: Path, columns: list[str]) -> list[str]:
    """`columns`, where they are those of the run's file of this name."""
    if missing := [name for name in _COLUMNS.get(path.name, ()) if name not in columns]:
        raise OSError(f"it has no column {missing[0]!r}")
    return columns


def read_json(path: Path, kind: type[T], *, needs: str = "") -> T:
    """A JSON file of a run, an object or a list; UsageError as `read_parquet`. `needs` is a key that it must have."""
    reads.note_file(path)
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as fault:
        raise _lost(path, fault) from None
    if not isinstance(value, kind) or (needs and needs not in value):
        raise _lost(
            path,
            ValueError(f"a JSON {type(value).__name__}, expected {f'one with {needs!r}' if needs else kind.__name__}"),
        )
    return value


def read_result(path: Path, kind: type[R]) -> R:
    """A JSON file of a run as the dataclass that it was written from; UsageError as `read_parquet`."""
    try:
        return from_json(kind, read_json(path, dict))
    except ValueError as fault:
        raise _lost(path, fault) from None


def _lost(path: Path, fault: BaseException) -> UsageError:
    """What to do about a file of a run that cannot be read."""
    task = path.parts[-path.parts[::-1].index("runs")] if "runs" in path.parts[:-2] else "SPEC"
    again = f"`distill {maker(path.name)} {task}` writes it again; stored answers are not paid for again"
    if not path.exists():
        return UsageError(f"{path} is not there; {again}")
    if path.is_dir():
        return UsageError(f"{path} is a folder, expected a file; move it away, and {again}")
    return UsageError(f"{path} cannot be read ({str(fault).split(chr(10), 1)[0][:120]}); {again}")


def file_hash(path: Path) -> str:
    """Hex blake2b of a file's bytes, or of every file below a folder with its name; `absent` if there is none."""
    if not path.exists():
        return "absent"
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(str(file.relative_to(path)).encode() + b"\0")
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, hashlib.blake2b).digest())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class RunDir:
    """`runs/<task>/<number>`; `home` is the project's folder, which also holds `.distill/`."""

    home: Path
    task: str
    number: int
    path: Path = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", self.home / "runs" / self.task / f"{self.number:03d}")

    def __truediv__(self, name: str) -> Path:
        reads.note_file(self.path / name)
        return self.path / name

    @property
    def name(self) -> str:
        return f"{self.task}/{self.number:03d}"

    def manifest(self) -> dict[str, Json]:
        """The manifest as last written; an empty one for a new run."""
        path = self.path / MANIFEST
        if not path.exists():
            return {"run": self.name, "stages": {}}
        try:
            loaded = json.loads(path.read_bytes())
            why = "" if _is_manifest(loaded) else f"a JSON {type(loaded).__name__} that is no record of a run"
        except (ValueError, RecursionError) as fault:
            why = f"not JSON: {fault}"
        except IsADirectoryError:
            why = "a folder, expected a file"
        if why:
            raise UsageError(
                f"{path}: {why}; move this one file away and `distill run` again: its stages run again, from stored answers"
            )
        return dict(loaded)

    def record(self, stage: str, entry: Mapping[str, Json]) -> None:
        """Replace one stage's entry; the rest of the manifest stays as it is."""
        manifest = self.manifest()
        manifest["stages"][stage] = dict(entry)
        write_json(self.path / MANIFEST, manifest)

    def note(self, **facts: Json) -> None:
        """Set facts of the whole run, e.g. its spec's hash or the run that it refreshes."""
        write_json(self.path / MANIFEST, self.manifest() | facts)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run, or say who does."""
        with locked(self.path, f"run {self.name}", "wait for it, watch it with `distill status`, or stop it"):
            yield


def _is_manifest(value: Json) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("stages"), dict):
        return False
    texts = [value.get(name) for name in ("parent", "began", "deadline", "teacher")]
    return all(isinstance(one, dict) for one in value["stages"].values()) and all(
        one is None or isinstance(one, str) for one in texts
    )


def numbers(home: Path, task: str) -> list[int]:
    """The numbers of a task's runs, ascending."""
    folder = home / "runs" / task
    found = (re.fullmatch(r"(\d{3,})", p.name) for p in folder.iterdir()) if len(task) < 256 and folder.is_dir() else ()
    return sorted(int(match[1]) for match in found if match)


def latest(home: Path, task: str) -> RunDir | None:
    """The newest run of a task, or None."""
    held = numbers(home, task)
    return RunDir(home, task, held[-1]) if held else None


def find(home: Path, name: str) -> RunDir:
    """A run by `task/001`, by its folder, or by the task alone (its newest run)."""
    path, parts = Path(name[:_LONGEST]).resolve(), tuple(name.strip("/").split("/"))
    meant = [(home, *parts)] if len(parts) == 2 else []
    if len(name) < _LONGEST and path.is_dir() and len(path.parents) > 2:
        meant.insert(0, (path.parents[2], path.parent.name, path.name))
    for root, task, number in meant:
        # A folder may be called as the task is, and be no run: then the name is meant.
        if number.isdigit() and int(number) in numbers(root, task):
            return RunDir(root, task, int(number))
    newest = latest(home, parts[-1]) if len(parts) == 1 else None
    if newest is None:
        tasks = sorted(p.name for p in (home / "runs").iterdir()) if (home / "runs").is_dir() else []
        known = [f"{task}/{number:03d}" for task in tasks for number in numbers(home, task)]
        raise UsageError(
            f"no run {name[:80]!r} under {home / 'runs'}; there {'are ' + ', '.join(known) if known else 'is none yet'}"
        )
    return newest
