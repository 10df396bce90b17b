"""A run's dataset as a hub dataset, in a folder or in a repository of the hub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from distill.errors import UsageError
from distill.records import Json
from distill.student.formats.registry import HUB
from distill.student.hub import dataset_folder, upload
from distill.student.run_dataset import FORMATS, RunDataset

_TO_HUB = "hub:"
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,40}")


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was written, or with a dry run would be; `url` is None where nothing was uploaded."""

    run: str
    to: str
    folder: str
    rows: Mapping[str, int]
    """File → its rows."""
    private: bool | None
    """None for a folder."""
    dry_run: bool
    url: str | None = None

    def as_json(self) -> dict[str, Json]:
        return asdict(self)


def push(
    data: RunDataset, to: str, *, dry_run: bool = False, public: bool = False, license_id: str | None = None,
    tests: bool = True, endpoint: str | None = None,
) -> Pushed:  # fmt: skip
    """Lay the dataset out in `to`, a folder, or upload it to `to`, hub:org/name. GateNotMet, and nothing is written, where a row
    holds what must not leave the machine. `endpoint` is another hub than the usual one, or that of HF_ENDPOINT.
    """
    repo = upload.repository(to.removeprefix(_TO_HUB)) if to.startswith(_TO_HUB) else None
    _check(to, repo, public=public, license_id=license_id)
    splits = dataset_folder.split_rows(data, tests=tests)
    dataset_folder.check_private(data, splits)
    folder = Path(to) if repo is None else data.folder.path / FORMATS / HUB
    dataset_folder.check_folder(folder)
    rows = {dataset_folder.path_of(split): len(some) for split, some in splits.items()}
    private = None if repo is None else not public
    if dry_run:
        return Pushed(data.folder.name, to, str(folder), rows, private, dry_run=True)
    with data.folder.lock():
        dataset_folder.lay_out(data, splits, folder, license_id=license_id)
        url = None
        if repo is not None:
            said = f"{data.folder.name}: {sum(rows.values())} rows"
            url = upload.upload(
                folder, repo, files=[*rows, dataset_folder.README], public=public, message=said, endpoint=endpoint
            )
    return Pushed(data.folder.name, to, str(folder), rows, private, dry_run=False, url=url)


def _check(to: str, repo: str | None, *, public: bool, license_id: str | None) -> None:
    if not to.strip():
        raise UsageError("--to is empty: expected a folder, or hub:org/name")
    if public and repo is None:
        raise UsageError(f"--public is for a repository of the hub, and --to {to!r} is a folder; leave it out")
    if license_id is not None and not _LICENSE.fullmatch(license_id):
        raise UsageError(
            f"--license {license_id[:40]!r}: expected an identifier as the hub has them, such as cc-by-4.0 or apache-2.0"
        )
