"""What is known of a tune that was adopted, in the folder of its task: so that each step goes on where the last one ended.

    prompts/<task>/tune/adopted.json       the tune, its files, its last day
    prompts/<task>/tune/job.json           the job as the host wrote it
    prompts/<task>/tune/training.jsonl     as the host gave it; so are validation.jsonl and result.csv

Nothing that stands there is written over: another tune, or a task of one's own, makes a folder be refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from distill.adopt.host.files import TuneFile
from distill.adopt.host.tunes import Tune
from distill.atomic_write import write_json
from distill.errors import UsageError
from distill.spec import SPEC_FILE
from distill.starter.init import task_name
from distill.text.from_json import from_json

TUNE = "tune"
_FILE = "adopted.json"
JOB = "job.json"
_TAIL = 6
"""Letters of a job's id that tell two tunes of one name apart."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """A tune and what was saved of it. `dark`: the host said that the model answers no more."""

    tune: Tune
    host: str
    files: Sequence[TuneFile] = ()
    last_day: str | None = None
    dark: bool = False

    def with_file(self, file: TuneFile) -> Adoption:
        """The same with a file in place of an earlier one of its name."""
        return replace(self, files=[*(one for one in self.files if one.name != file.name), file])

    def file(self, name: str) -> TuneFile | None:
        return next((one for one in self.files if one.name == name), None)


def read(folder: Path) -> Adoption | None:
    """That of a task's folder; None where it is none of a tune's."""
    try:
        return from_json(Adoption, json.loads((folder / TUNE / _FILE).read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as fault:
        raise UsageError(
            f"{folder / TUNE / _FILE} cannot be read ({fault}); move the folder away, or give another: --into FOLDER"
        ) from None


def write(folder: Path, adoption: Adoption) -> None:
    """Whole or not at all."""
    write_json(folder / TUNE / _FILE, asdict(adoption))


def found(project: Path, given: str, into: Path | None) -> tuple[Path, Adoption] | None:
    """The folder of a project in which a tune was adopted before, by its job or its model."""
    places = (
        [into] if into is not None else [one.parents[1] for one in sorted(project.glob(f"prompts/*/{TUNE}/{_FILE}"))]
    )
    for folder in places:
        adoption = read(folder)
        if adoption is not None and given in (adoption.tune.job_id, adoption.tune.model):
            return folder, adoption
    return None


def place(project: Path, tune: Tune, into: Path | None) -> Path:
    """A folder for a new adoption; UsageError where the one that was named holds something else."""
    if into is not None:
        if taken(into):
            raise UsageError(
                f"{into} already holds another task; nothing was written, give a new folder: --into FOLDER"
            )
        return into
    name = task_name(tune.suffix or tune.job_id)
    for folder in (project / "prompts" / name, project / "prompts" / task_name(f"{name}-{tune.job_id[-_TAIL:]}")):
        if not taken(folder):
            return folder
    raise UsageError(f"{folder} already holds another task; nothing was written, give a new folder: --into FOLDER")


def taken(folder: Path) -> bool:
    """Whether something stands in a folder's place."""
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


def complete(folder: Path) -> bool:
    """Whether a task was made of the tune."""
    return (folder / SPEC_FILE).exists()
