"""A folder as a batch host: request files are written into it, and result files that somebody puts there are read.

    requests/NAME.jsonl   written whole, under a name that stays
    results/…             result files, under any name (result_files.py)
    done/…                result files whose rows are all settled
    README.md             what to do with them

A batch here is its request file. It has ended once every row of it that is not settled has a line in `results/`. With
`give_up_missing` it also ends with the rows that came, where some did, or where a file of its name lies in `results/`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from distill.atomic_write import write_atomic
from distill.protocol.job_states import State
from distill.secrets.masking import SecretMask
from distill.teacher.batch import journal
from distill.teacher.batch.by_file import guide, request_files, result_files
from distill.teacher.batch.by_file.guide import DONE, REQUESTS, RESULTS
from distill.teacher.batch.by_file.result_files import ResultFile
from distill.teacher.batch.files import local_files
from distill.teacher.batch.host.client import HostFault, NotThere
from distill.teacher.batch.host.state import FileLook, Look
from distill.teacher.store.store import Store


@dataclass(slots=True, kw_only=True)
class FolderHost:
    """The folder of one model's requests. A file id is `requests/NAME`, or `results/NAME` for all lines about a batch's rows."""

    folder: Path
    store: Store
    label: str
    """How the names of request files begin."""
    model: str
    give_up_missing: bool = False
    say: Callable[[str], None] = lambda _text: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    mask: SecretMask = field(default_factory=SecretMask)
    by_file: bool = field(default=True, init=False)
    _read: dict[Path, ResultFile] = field(default_factory=dict, init=False)
    _partial: dict[str, int] = field(default_factory=dict, init=False)
    """Rows that are there of batches that lack some, by name."""

    def prepare(self) -> None:
        """Make the folder; OSError where that can't be done."""
        for kind in (REQUESTS, RESULTS):
            (self.folder / kind).mkdir(parents=True, exist_ok=True)
        readme, said = self.folder / "README.md", guide.README.encode()
        if not readme.exists() or readme.read_bytes() != said:
            write_atomic(readme, said)

    async def upload(self, path: Path) -> str:
        """Write the request file of a batch, whose input file here this is; OSError where it can't be written."""
        name = request_files.name_of(path.stem, self.label)
        await asyncio.to_thread(request_files.write, path, self._requests(name))
        return f"{REQUESTS}/{name}"

    async def create(self, file_id: str, *, url: str, key: str) -> Look:  # noqa: ARG002 - as every host
        """The batch of a request file: it is there already."""
        return _look(_name(file_id), State.GOING, "written")

    async def find(self, key: str, file_id: str | None = None) -> list[Look]:
        """The batch whose request file was written: by what the journal knows of it, or by its key."""
        names = [_name(file_id)] if file_id else request_files.of_key(self.folder / REQUESTS, key)
        return [_look(name, State.GOING, "written") for name in names]

    async def look(self, batch_id: str) -> Look:
        """How many rows of a batch are settled or have a line in `results/`; what is wrong with those files is said once."""
        rows = journal.settled_in(self.store, batch_id)
        left, files = {row for row, settled in rows.items() if not settled}, await self._files()
        came = {row for one in files for row in left.intersection(one.rows)}
        done, whole = len(rows) - len(left) + len(came), len(came) == len(left)
        given = bool(came) or any(_is_named(one.path, batch_id) for one in files)
        self._partial = {name: count for name, count in self._partial.items() if name != batch_id}
        if given and not whole:
            self._partial[batch_id] = done
        ends = State.EXPIRED if given and self.give_up_missing else State.GOING
        return _look(
            batch_id, State.COMPLETED if whole else ends, _word(files, came), done=done,
            results=f"{RESULTS}/{batch_id}" if given else None,
        )  # fmt: skip

    async def file(self, file_id: str) -> FileLook:  # noqa: ARG002 - as every host
        """A request file is read by nobody before it is answered."""
        return FileLook(State.COMPLETED, "written", None, "")

    async def cancel(self, batch_id: str) -> None:
        """Nobody can be told: who works on it goes on."""

    async def download(self, file_id: str, to: Path) -> None:
        """A request file as it lies there, or every line about the rows of a batch, of whatever result files."""
        name = _name(file_id)
        try:
            if file_id.startswith(REQUESTS):
                await asyncio.to_thread(request_files.write, self._requests(name), to)
                return
            self._say_changed(name)
            rows = set(journal.settled_in(self.store, name))
            await asyncio.to_thread(result_files.gather, list(self._read.values()), rows, to)
        except FileNotFoundError as fault:
            if file_id.startswith(REQUESTS):
                raise NotThere(f"{self._requests(name)} is gone") from None
            raise HostFault(f"{fault.filename} went away while it was read") from None

    async def delete(self, file_id: str) -> None:
        """Remove a request file; move result files to `done/` once no row in them is waited for."""
        name = _name(file_id)
        try:
            if file_id.startswith(REQUESTS):
                self._requests(name).unlink(missing_ok=True)
                return
            mine = set(journal.settled_in(self.store, name))
            for one in await self._files():
                if _is_named(one.path, name) or not mine.isdisjoint(one.rows):
                    self._put_away(one)
        except OSError as fault:
            raise HostFault(f"{fault.filename}: {fault.strerror}") from None

    async def named(self, name: str) -> list[str]:
        """The request file of a batch, by the name of its input file here."""
        return [f"{REQUESTS}/{found}" for found in request_files.of_key(self.folder / REQUESTS, Path(name).stem)]

    def left(self, rows: int, batches: Sequence[str]) -> str:
        """Where the requests are, and what answers them."""
        files = f"{len(batches)} request file{'s' if len(batches) != 1 else ''} in {self.folder / REQUESTS}"
        said = f"{rows:,} rows are in {files}. To answer them: `{guide.command(self.folder, batches, self.model)}`"
        parts = [f"{self._partial[name]:,} rows of {name}" for name in batches if name in self._partial]
        if not parts:
            return said
        return (
            f"{said}. So far came {', '.join(parts)}; where no more will come, add --set teacher.batch.give_up_missing=true "
            "once, to take these and ask for the others again"
        )

    async def _files(self) -> list[ResultFile]:
        """All result files by name; what is wrong with one that is new or changed is said."""
        found = await asyncio.to_thread(result_files.read_folder, self.folder / RESULTS, self._read)
        for one in found:
            if self._read.get(one.path) is not one:
                for said in [*one.faults(), *self._strange(one)]:
                    self.say(f"  {RESULTS}/{said}")
        self._read = {one.path: one for one in found}
        return found

    def _strange(self, one: ResultFile) -> list[str]:
        """Rows that nobody waits for: of a file that was taken in before, or of no request here."""
        others = one.others(journal.asked(self.store, list(one.rows), waiting=True))
        unknown = set(others) - journal.asked(self.store, others)
        if unknown:
            line = min(one.rows[row] for row in unknown)
            return [
                f"{one.path.name}: {len(unknown):,} rows answer no request of this project (the first is line {line}); they are left"
            ]
        if others and len(others) == len(one.rows):
            return [f"{one.path.name}: all its {len(others):,} rows were taken in before; move it away"]
        return []

    def _put_away(self, one: ResultFile) -> None:
        """Move a file to `done/`, unless a row of it is waited for, here or by another project with this folder."""
        rows = list(one.rows)
        if journal.asked(self.store, rows, waiting=True) or len(journal.asked(self.store, rows)) < len(rows):
            return
        done, number = self.folder / DONE, 1
        done.mkdir(exist_ok=True)
        to = done / one.path.name
        while to.exists():
            number += 1
            to = done / f"{one.path.name}.{number}"
        one.path.rename(to)

    def _say_changed(self, name: str) -> None:
        written = local_files.folder(self.store).glob(f"file-{name.rpartition('-')[2]}*.jsonl")
        for ours in (one for one in written if "." not in one.stem):  # others are results on their way
            if (line := request_files.first_change(ours, self._requests(name))) is not None:
                self.say(
                    f"  {REQUESTS}/{name}.jsonl was changed after it was written, first in line {line}; its answers are kept as answers "
                    "to the rows as they were written"
                )

    def _requests(self, name: str) -> Path:
        return self.folder / REQUESTS / f"{name}.jsonl"


def _name(file_id: str) -> str:
    return file_id.partition("/")[2]


def _is_named(path: Path, name: str) -> bool:
    return path.name.startswith(f"{name}.")


def _word(files: Sequence[ResultFile], came: set[str]) -> str:
    """The state of a batch in words: another word is news."""
    times = [one.version.changed_ns for one in files if not came.isdisjoint(one.rows)]
    if not times:
        return "no results yet"
    return f"results are incomplete, last written {datetime.fromtimestamp(max(times) / 1e9).astimezone():%H:%M:%S}"


def _look(name: str, state: State, word: str, *, done: int = 0, results: str | None = None) -> Look:
    return Look(
        id=name, state=state, word=word, key="", file_id=f"{REQUESTS}/{name}", created=0.0, done=done, failed=0,
        output_file_id=results, error_file_id=None,
    )  # fmt: skip
