"""The spill folder: what the steps of a curation on disk leave for the steps after them, and where a stopped command goes on.

    steps.json   {"key": …, "steps": [{"name": "read", "files": {"00000.parquet": 51234, …}, "noted": {"rows": 1000}, …}]}
    read/ …      the files of each step that is done          .read/   those of one that is under way

A step is done when steps.json names its files. Before a command goes on, each file is held against its bytes there: from the first step on
of which one is missing or cut, everything is done again.
"""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from polars.exceptions import PolarsError

from distill.atomic_write import write_json
from distill.errors import DistillError, UsageError
from distill.records import Json
from distill.rundir import read_json

Say = Callable[[str], None]
StepWork = Callable[[Path], Mapping[str, Json]]
_FILE = "steps.json"
_CUT = re.compile(r"out of specification|unexpected end|magic|no such file", re.IGNORECASE)
"""What polars says of a Parquet file that is no whole one."""


class Spill:
    """A folder of steps; open it with `opened`."""

    def __init__(self, folder: Path, key: str, say: Say) -> None:
        self.folder, self._key, self._say = folder, key, say
        self._steps: list[dict[str, Json]] = []
        self._done = 0
        """Steps of this command so far."""

    @classmethod
    def opened(cls, folder: Path, key: str, say: Say) -> Spill:
        """The folder, made where it is missing; steps of other settings or other rows (`key`) are taken away."""
        spill = cls(folder, key, say)
        with spill.writing("the spill folder"):
            folder.mkdir(parents=True, exist_ok=True)
            found = read_json(folder / _FILE, dict) if (folder / _FILE).exists() else {}
            if found.get("key") == key:
                spill._steps = found["steps"]
            spill._look_over()
        return spill

    def step(self, name: str, work: StepWork) -> Path:
        """Do a step, or take it as an earlier command left it; returns the folder of its files."""
        at, self._done = self._done, self._done + 1
        if at < len(self._steps) and self._steps[at]["name"] == name:
            return self.folder / name
        aside, began = self.folder / f".{name}", time.monotonic()
        with self.writing(f"step {name}"):
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            noted = work(aside)
            files = {
                str(path.relative_to(aside)): path.stat().st_size for path in sorted(aside.rglob("*")) if path.is_file()
            }
            aside.rename(self.folder / name)
            seconds = round(time.monotonic() - began, 1)
            self._steps.append(
                {"name": name, "files": files, "noted": dict(noted), "seconds": seconds, "peak_mib": peak_mib()}
            )
            write_json(self.folder / _FILE, {"key": self._key, "steps": self._steps})
        return self.folder / name

    def noted(self, name: str) -> Mapping[str, Json]:
        """What a step had to say beside its files."""
        return next(step["noted"] for step in self._steps if step["name"] == name)

    def figures(self) -> dict[str, dict[str, float]]:
        """What each step took: its seconds, and the most MiB that the process had held when it was done."""
        return {step["name"]: {"seconds": step["seconds"], "peak_mib": step["peak_mib"]} for step in self._steps}

    def remove(self) -> None:
        """Take the folder away: what it held is in the run."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def writing(self, what: str) -> Iterator[None]:
        """Turns what the disk refuses, and files that are gone, into one line for a person."""
        try:
            yield
        except FileNotFoundError as fault:
            raise self._gone(what, fault.filename or fault) from None
        except OSError as fault:
            raise self._refused(what, fault.errno, fault.strerror or str(fault)) from None
        except PolarsError as fault:
            found = re.search(r"\(os error (\d+)\)", str(fault))
            number = int(found[1]) if found else None
            if number == errno.ENOENT or _CUT.search(str(fault)):
                raise self._gone(what, str(fault).splitlines()[0]) from None
            if number is None:
                raise
            raise self._refused(what, number, os.strerror(number)) from None

    def _gone(self, what: str, name: object) -> DistillError:
        return DistillError(
            f"{what}: a file of {self.folder} is gone or was cut while it was needed ({name}); "
            "nothing is lost: the same command does the step it belongs to again"
        )

    def _refused(self, what: str, number: int | None, why: str) -> DistillError:
        if number in (errno.ENOSPC, errno.EDQUOT):
            free = free_bytes(self.folder)
            return DistillError(
                f"{what}: the disk of {self.folder} is full ({free / 1e9:.1f} GB free); the steps before it are kept: free some, or name "
                "another folder with --spill, and run the same command again"
            )
        return UsageError(f"{what}: {self.folder} cannot be written ({why}); name another folder with --spill")

    def _look_over(self) -> None:
        """Keep the steps whose files are all there, up to the first that lacks one."""
        for at, step in enumerate(self._steps):
            lacking = [
                name for name, size in step["files"].items() if not _whole(self.folder / step["name"] / name, size)
            ]
            if lacking:
                found = self.folder / step["name"] / lacking[0]
                had = f"{found.stat().st_size:,} of {step['files'][lacking[0]]:,} bytes" if found.exists() else "gone"
                more = f", and {len(lacking) - 1} more" if len(lacking) > 1 else ""
                self._say(f"  {found} is {had}{more}: step {step['name']} and those after it are done again")
                self._steps = self._steps[:at]
                break
        known = {step["name"] for step in self._steps}
        for path in self.folder.iterdir():
            if path.is_dir() and path.name not in known:
                shutil.rmtree(path)
        write_json(self.folder / _FILE, {"key": self._key, "steps": self._steps})


def _whole(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def peak_mib() -> int:
    """The most memory that this process has held."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def need(folder: Path, wanted: int, rows: int) -> None:
    """UsageError where the disk has not the bytes that so many rows take."""
    free = free_bytes(folder)
    if free < wanted:
        raise UsageError(
            f"about {rows:,} rows take some {wanted / 1e9:.1f} GB in {folder}, and its disk has {free / 1e9:.1f} GB free; "
            "free some, or name another folder with --spill"
        )


def free_bytes(folder: Path) -> int:
    """What is free on the disk of a folder, which may not be there yet."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
