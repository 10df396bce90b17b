"""Further files of a run's dataset: the formats of other trainers, each in its folder `formats/NAME`, and job files beside them.

Everything that can be refused is refused before the first file is written, but for rows that a format cannot hold, which are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from distill.atomic_write import write_atomic
from distill.curate.leaks import HeldOut
from distill.curate.selection.pairs import MARGIN, WITHOUT, PairsFound
from distill.errors import UsageError
from distill.records import Json
from distill.rundir import RunDir
from distill.spec import TaskSpec
from distill.student import hub, run_dataset
from distill.student.export import WrittenFormat, write_format
from distill.student.formats.registry import FORMATS, HUB
from distill.student.job_files.render import CONFIGS, render
from distill.student.job_files.settings import JobSettings
from distill.student.run_dataset import FATES, RunDataset
from distill.task.task import Task

FOLDER = "formats"
"""In a run's folder."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and of preference pairs how many there are and why not more."""

    formats: Sequence[WrittenFormat]
    pairs: PairsFound | None = None
    configs: Mapping[str, Path] = field(default_factory=dict)
    """Name of a job file → its path."""

    def as_json(self) -> dict[str, Json]:
        """The keys that `--json` adds."""
        written = [
            {
                "format": one.format,
                "folder": str(one.folder),
                "rows": one.rows,
                "beside": one.beside,
                "refused": one.refused,
            }
            for one in self.formats
        ]
        configs = {name: {"file": str(path), "command": CONFIGS[name].command} for name, path in self.configs.items()}
        found: dict[str, Json] = {"formats": written, "configs": configs}
        if self.pairs is not None:
            found["pairs"] = {
                "pairs": len(self.pairs.pairs),
                "without": dict(self.pairs.without),
                "margin": self.pairs.margin,
            }
        return found


def dataset_of(task: Task, folder: RunDir) -> RunDataset:
    """The dataset of a run of an opened task, which knows the rows of named evaluation sets too."""
    held_out = [HeldOut(line, said, rest, name, sure) for name, line, said, rest, sure in task.held_out]
    return run_dataset.of_run(folder, task.spec, held_out=held_out, output=task.output)


def write(data: RunDataset, formats: Sequence[str], configs: Sequence[str], *, margin: float = MARGIN) -> Exported:
    """Write formats and job files, with the formats that these read; UsageError where pairs are wanted and there are none."""
    names = list(dict.fromkeys([*formats, *(CONFIGS[name].format for name in configs)]))
    found = data.pairs(margin) if any(FORMATS[name].pair for name in names) else None
    if found is not None and not any(pair.fate == "train" for pair in found.pairs.values()):
        raise UsageError(
            f"the run has no preference pair to train on: {pairs_text(found)}. Several answers to a seed make pairs: "
            "teacher.sampling.draws, a panel, a fallback, or dataset.more_draws"
        )
    folder = data.folder.path / FOLDER
    written = {name: _write(data, name, folder / name, found) for name in names}
    jobs = dict[str, Path]()
    for name in configs:
        config = CONFIGS[name]
        job = job_settings(data.spec, run=data.folder.name, valid="valid.jsonl" in written[config.format].rows)
        jobs[name] = folder / config.format / config.file
        write_atomic(jobs[name], render(name, job))
    return Exported(list(written.values()), found, jobs)


def _write(data: RunDataset, name: str, folder: Path, found: PairsFound | None) -> WrittenFormat:
    form = FORMATS[name]
    if name == HUB:
        laid_out = hub.lay_out(data, hub.split_rows(data), folder)
        return WrittenFormat(name, folder, dict(laid_out.rows), [hub.README])
    if form.pair is not None and found is not None:
        pairs = {fate: data.preferences(found, fate) for fate in FATES}
        return write_format(name, pairs, form.pair, folder=folder, beside=form.beside)
    if form.row is None:
        raise ValueError(f"the format {name} has no writer")
    return write_format(name, {fate: data.rows(fate) for fate in FATES}, form.row, folder=folder, beside=form.beside)


def earlier(folder: RunDir) -> list[str]:
    """The formats that a run's folder holds. They are never taken away: what was trained from them may lie there too."""
    return [name for name in FORMATS if (folder.path / FOLDER / name).is_dir()]


def job_settings(spec: TaskSpec, *, run: str, valid: bool) -> JobSettings:
    """What `student.train` says, as job files take it."""
    way = spec.student.train
    return JobSettings(
        task=spec.task, run=run, base=way.base, epochs=way.epochs, batch_size=way.batch_size, learning_rate=way.learning_rate,
        rank=way.rank, alpha=way.alpha, layers=way.layers, context=way.context, seed=way.seed, valid=valid,
        suffix=way.suffix, base_url=way.base_url, key_env=way.key_env,
    )  # fmt: skip


def pairs_text(found: PairsFound) -> str:
    """How many seeds of the dataset make a pair, and why the others make none."""
    total = len(found.pairs) + sum(found.without.values())
    whys = "".join(f"; {count:,}: {WITHOUT[why]}" for why, count in found.without.items())
    return f"{len(found.pairs):,} of {total:,} seeds make a pair (margin {found.margin:g}){whys}"
