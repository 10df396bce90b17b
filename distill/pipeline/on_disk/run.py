"""Approved rows to a dataset without all of them in memory: the stages `generate`, `curate` and `export` of a run, over shards on disk.

The run's tables and the dataset are those that these stages make in memory. docs/decisions/shards.md says how, and what crosses shards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from distill import reads, spec
from distill.curate.dedup import decisions
from distill.errors import DistillError, SpecError, UsageError
from distill.money import Budget
from distill.pipeline import facts
from distill.pipeline.next_run import run_number
from distill.pipeline.on_disk import limits
from distill.pipeline.on_disk.dataset import export
from distill.pipeline.on_disk.dataset import stage as dataset
from distill.pipeline.on_disk.meter import Meter
from distill.pipeline.on_disk.seeds import seed_shards
from distill.pipeline.on_disk.seeds import stage as seeds
from distill.pipeline.on_disk.spill import Spill, peak_mib
from distill.pipeline.open_task import open_head
from distill.pipeline.result import Run, result_of
from distill.pipeline.task_rows import TaskRows
from distill.records import Json, content_id
from distill.rundir import RunDir, read_json
from distill.seeds.formats.rows import matching_files
from distill.task import stores, used_spec
from distill.task.run import ActiveRun
from distill.task.stage import stage
from distill.task.task import Task
from distill.teacher.progress import Watcher
from distill.teacher.send import Sender

HEAD = 2_000
"""Rows that are read when the task is opened, to check it: the others are read by the step that writes them down."""
STAGES = ("generate", "curate", "export")
_CODE = 1
"""Raised when steps leave other files, so that those of an older version are made anew."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A task whose rows are on disk: opened with the first of them."""

    task: Task
    rows: TaskRows


def opened(path: Path, *, overrides: Sequence[str], env: Mapping[str, str], home: Path | None = None) -> OnDisk:
    """The checked task; SpecError with every fault, among them what cannot be done on disk."""
    task, rows = open_head(path, HEAD, overrides=overrides, env=env, home=home, priced=False)
    if faults := limits.faults(task):
        raise SpecError(str(task.path), faults)
    return OnDisk(task, rows)


def curate(
    given: OnDisk, watch: Watcher, *, spill: Path | None = None, new: bool = False, rows_a_shard: int = seed_shards.ROWS
) -> Run:
    """Do the three stages that are not done yet; what was done. `spill` is where the steps' files lie meanwhile."""
    task = given.task
    folder, parent = run_number.folder_of(task, stages=STAGES, new=new, refresh=False, watch=watch)
    if parent is not None:
        raise UsageError(
            f"run {folder.name} refreshes {parent.name}, which --on disk cannot; add --new for a run of its own"
        )
    with folder.lock(), stores.opened(task.home) as store:
        if decisions.read_decisions(task, folder):
            raise UsageError(
                f"{folder.path / decisions.FILE} holds decisions, which --on disk does not read; curate in memory"
            )
        used_spec.write(task, folder)
        folder.note(teacher=task.models, parent=None)
        sender = Sender(store=store, run=folder.name, budget=Budget(0.0), watch=watch, wait=False, deadline=None)
        run = ActiveRun(task, folder, store, sender, watch, None, STAGES, facts=facts.FACTS)
        _stages(run, given.rows, spill or folder.path / "spill", rows_a_shard)
        return result_of(run)


def _stages(run: ActiveRun, rows: TaskRows, folder: Path, rows_a_shard: int) -> None:
    meter, seconds = Meter(run.watch.say), dict[str, float]()

    def with_spill(
        name: str, work: Callable[[Spill], Mapping[str, Json]]
    ) -> Callable[[ActiveRun], Awaitable[Mapping[str, Json]]]:
        async def done(run: ActiveRun) -> Mapping[str, Json]:
            spill = Spill.opened(folder / name, _key(run.task, rows, rows_a_shard, run.folder), run.watch.say)
            reads_of(rows)
            noted = work(spill)
            figures = spill.figures()
            seconds.update({name: step["seconds"] for name, step in figures.items()})
            spill.remove()
            return {**noted, "on": "disk", "steps": figures}

        return done

    _driven(stage(run, "generate", outputs=seeds.OUTPUTS, work=with_spill(
        "generate", lambda spill: seeds.work(run, spill, rows, meter, rows_a_shard))))  # fmt: skip
    _driven(stage(run, "curate", outputs=dataset.OUTPUTS, work=with_spill(
        "curate", lambda spill: dataset.work(run, spill, meter, min(rows_a_shard, dataset.ROWS)))))  # fmt: skip
    _driven(stage(run, "export", outputs=export.OUTPUTS, work=with_spill(
        "export", lambda spill: export.work(run, spill))))  # fmt: skip
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
    run.watch.say(f"  {memory_text(seconds)}")
    export.check(read_json(run.folder / "expect.json", list))


def reads_of(rows: TaskRows) -> None:
    """Note the seeds' files as read: a stage is done again when one of them changes."""
    for path in matching_files(rows.paths, []):
        reads.note_file(path)


def _key(task: Task, rows: TaskRows, rows_a_shard: int, folder: RunDir) -> str:
    """What the steps' files depend on: the settings, the texts that the spec names, the seeds' files, the run."""
    files = [
        [str(path.absolute()), path.stat().st_size, path.stat().st_mtime_ns] for path in matching_files(rows.paths, [])
    ]
    settings = dict(spec.values(task.spec))
    texts = [task.output, task.tools, task.student_prompt.turns]
    return content_id(_CODE, settings, files, texts, rows_a_shard, folder.name)


def _driven(work: Awaitable[None]) -> None:
    """Run a stage that waits for nothing: without a loop, the first Ctrl-C ends it at once."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration:
        return
    raise DistillError("internal error: a stage on disk waited for something")


def memory_text(seconds: Mapping[str, float]) -> str:
    """The most memory that the process held, and what the steps took."""
    said = ", ".join(f"{name} {took:,.0f} s" for name, took in seconds.items() if took >= 1)
    return f"at most {peak_mib() / 2**10:.2f} GiB of memory{f'; {said}' if said else ''}"
