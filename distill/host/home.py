"""Where the host keeps what it has: all below one folder, named by ids that the host itself made, never by a client's words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The folder `.distill` of a host."""

    folder: Path

    @property
    def database(self) -> Path:
        """The SQLite file with files, jobs, models and batches."""
        return self.folder / "host.db"

    @property
    def files(self) -> Path:
        """Uploaded and made files, each by its id."""
        return self.folder / "host" / "files"

    def job(self, job_id: str) -> Path:
        """A job's own folder: its rows, checkpoints, adapter and loss."""
        return self.folder / "host" / "jobs" / job_id

    @property
    def bases(self) -> Path:
        """Bases that had to be fetched or dequantised."""
        return self.folder / "host" / "bases"
