"""Where a verb has parts of large tables worked on: in this process, or where `--on` says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from distill.errors import UsageError

On = Annotated[
    str | None,
    typer.Option(
        "--on", metavar="WHERE",
        help="where large tables are worked on: memory (this process), ray (a cluster of this machine, or a job's own), ray:auto, ray:HOST:PORT, "
        "ray://HOST:PORT; for curate also disk: approved rows that do not fit in memory, to the exported dataset",
    ),
]  # fmt: skip
Storage = Annotated[
    str | None,
    typer.Option(
        "--storage", metavar="URL",
        help="with --on ray: where the parts lie meanwhile, a folder or s3://, gs://, … that all nodes reach; default: .distill/shards",
    ),
]  # fmt: skip
SpillFolder = Annotated[
    Path | None,
    typer.Option(
        "--spill",
        metavar="FOLDER",
        help="keep the tables in files of this folder meanwhile, not in memory; --on disk alone takes the run's",
    ),
]


class Heard:
    """Passes lines on to whoever listens at the moment; before and after they are lost."""

    def __init__(self) -> None:
        self._listener: Callable[[str], None] | None = None
        self.last: Callable[[], str] | None = None
        """Gives the line that a listener hears before it goes."""

    def say(self, line: str) -> None:
        """Pass a line on."""
        if self._listener is not None:
            self._listener(line)

    @contextmanager
    def by(self, listener: Callable[[str], None]) -> Iterator[None]:
        """Let somebody listen meanwhile."""
        self._listener = listener
        try:
            yield
            if self.last is not None:
                listener(self.last())
        finally:
            self._listener = None


@dataclass(frozen=True, slots=True)
class Where:
    """What `--on` and `--storage` say; neither, or memory: in this process."""

    on: str | None = None
    storage: str | None = None

    @contextmanager
    def taken(self, spec: Path) -> Iterator[Heard]:
        """Hand work to the executor meanwhile; what it says comes through what is yielded."""
        heard = Heard()
        if self.on in (None, "memory", "disk"):
            if self.storage is not None:
                raise UsageError("--storage is for parts that other processes work on; say --on ray, or take it out")
            yield heard
            return
        from distill.executors import executor as executors
        from distill.executors.ray_cluster import connect
        from distill.pipeline.arguments import place_of

        home = place_of(spec).home
        with connect.on(self.on, storage=self.storage, home=home, env=os.environ) as executor:
            executor.say, heard.last = heard.say, lambda: f"  on {self.on}: {executor.spent}"
            with executors.using(executor):
                yield heard


HERE = Where()
