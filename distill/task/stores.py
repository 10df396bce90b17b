"""The answer store of a project, opened with an eye on its runs: and what a run's money depends on besides.

A store that lost its content beside runs that were paid for is not taken for a new one. A run that is begun where one of
the same number was removed does not inherit its spending, and takes over what `plan` has paid for answers since.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from distill.errors import UsageError
from distill.money import shown
from distill.rundir import RunDir
from distill.teacher.endpoint.address import Address
from distill.teacher.progress import Watcher
from distill.teacher.store import reader
from distill.teacher.store import store as stores
from distill.teacher.store.adoption import adopt
from distill.teacher.store.store import Store


def path_of(home: Path) -> Path:
    """Where a project keeps its answers."""
    return home / ".distill" / "answers.db"


@contextmanager
def opened(home: Path, addresses: Sequence[Address] = ()) -> Iterator[Store]:
    """The open store; UsageError where it is empty and its runs say otherwise, or where it is no store.

    Of lists of endpoints among `addresses` the answers that their endpoints gave alone are found too.
    """
    _not_emptied(home)
    with stores.opened(path_of(home)) as store:
        if any(one.listed for one in addresses):
            adopt(store, addresses)
        yield store


@contextmanager
def reading(home: Path) -> Iterator[sqlite3.Connection]:
    """The same for reading only, as `queries` takes it; no store yet reads as an empty one."""
    _not_emptied(home)
    with reader.reading(path_of(home)) as db:
        yield db


def _not_emptied(home: Path) -> None:
    """A file of no bytes beside runs with answers: what a full disk or a crash leaves, and never a new store."""
    path = path_of(home)
    if not path.exists() or path.stat().st_size:
        return
    for manifest in sorted((home / "runs").glob("*/[0-9]*/manifest.json")):
        paid = _answers(manifest)
        if paid:
            run = "/".join(manifest.parts[-3:-1])
            raise UsageError(
                f"{path} is empty, but run {run} has {paid:,} paid answers; restore it from a copy, or move it away to begin a "
                "new store and pay for them again"
            )


def _answers(manifest: Path) -> int:
    try:
        made = json.loads(manifest.read_bytes())["stages"].get("generate") or {}
        return int(made.get("asked", 0)) - int(made.get("owed", 0))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return 0


def pilot_of(task: str) -> str:
    """What the ledger calls the pilots of `plan`."""
    return f"{task}/plan"


async def settle_names(store: Store, folder: RunDir, watch: Watcher, *, new: bool) -> None:
    """Before a run's spending is read: what was spent under its name by one that is gone is not its own, and its pilots are."""
    if new:
        usd, unpriced = store.spent(folder.name), store.unpriced(folder.name)
        await store.rename(folder.name, f"{folder.name} before {datetime.now(UTC):%Y-%m-%d %H:%M:%S}")
        if usd or unpriced:
            watch.say(
                f"  {shown(usd, unpriced)} spent before under the name {folder.name}, by a run whose folder is gone: its answers "
                "are kept, and its spending is not counted in this one"
            )
    await store.rename(pilot_of(folder.task), folder.name)
