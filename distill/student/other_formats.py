"""Further files of a run's dataset: the formats of other trainers, each in its folder `formats/NAME`, and job files beside them.

Everything that can be refused is refused before the first file is written, but for rows that a format cannot hold, which are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from distill.atomic_write import write_atomic
from distill.base_model import local
from distill.curate import preflight
from distill.curate.leaks import HeldOut
from distill.curate.selection.pairs import MARGIN, WITHOUT, PairsFound
from distill.errors import UsageError
from distill.records import Json
from distill.rundir import RunDir
from distill.student import run_dataset
from distill.student.export import WrittenFormat, write_format
from distill.student.formats.registry import FORMATS, HUB
from distill.student.hub import dataset_folder
from distill.student.job_files.render import CONFIGS, render
from distill.student.job_files.settings import EMBEDDED, JobSettings
from distill.student.run_dataset import FATES, RunDataset
from distill.task.task import Task

TEMPLATE = "chat_template.jinja"


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


def write(
    data: RunDataset, formats: Sequence[str], jobs: Mapping[str, JobSettings], *, margin: float = MARGIN
) -> Exported:
    """Write formats and the job files that `jobs` name, with the formats that these read; UsageError where pairs are wanted and there
    are none.
    """
    names = list(dict.fromkeys([*formats, *(CONFIGS[name].format for name in jobs)]))
    for name, job in jobs.items():
        render(name, job)  # what it has no place for is refused here
    found = data.pairs(margin) if any(FORMATS[name].pair for name in names) else None
    if found is not None and not any(pair.fate == "train" for pair in found.pairs.values()):
        raise UsageError(
            f"the run has no preference pair to train on: {pairs_text(found)}. Several answers to a seed make pairs: "
            "teacher.sampling.draws, a panel, a fallback, or dataset.more_draws"
        )
    folder = data.folder.path / run_dataset.FORMATS
    written = {name: _write(data, name, folder / name, found) for name in names}
    configs = {name: folder / CONFIGS[name].format / CONFIGS[name].file for name in jobs}
    for name, job in jobs.items():
        valid = "valid.jsonl" in written[CONFIGS[name].format].rows
        write_atomic(configs[name], render(name, replace(job, valid=valid)))
    _write_templates(jobs, configs)
    return Exported(list(written.values()), found, configs)


def _write_templates(jobs: Mapping[str, JobSettings], configs: Mapping[str, Path]) -> None:
    """The spec's own chat template beside the script that reads one; that of an earlier export goes."""
    if "trl" not in jobs:
        return
    path, template = configs["trl"].with_name(TEMPLATE), jobs["trl"].template
    if template is None:
        path.unlink(missing_ok=True)
    else:
        write_atomic(path, template.encode())


def _write(data: RunDataset, name: str, folder: Path, found: PairsFound | None) -> WrittenFormat:
    form = FORMATS[name]
    if name == HUB:
        laid_out = dataset_folder.lay_out(data, dataset_folder.split_rows(data), folder)
        return WrittenFormat(name, folder, dict(laid_out.rows), [dataset_folder.README])
    if form.pair is not None and found is not None:
        pairs = {fate: data.preferences(found, fate) for fate in FATES}
        return write_format(name, pairs, form.pair, folder=folder, beside=form.beside)
    if form.row is None:
        raise ValueError(f"the format {name} has no writer")
    return write_format(name, {fate: data.rows(fate) for fate in FATES}, form.row, folder=folder, beside=form.beside)


def earlier(folder: RunDir) -> list[str]:
    """The formats that a run's folder holds. They are never taken away: what was trained from them may lie there too."""
    return [name for name in FORMATS if (folder.path / run_dataset.FORMATS / name).is_dir()]


def job_settings(task: Task, data: RunDataset) -> JobSettings:
    """What `student.train` says, as job files take it; a base that lies here goes by its path."""
    way, student = task.spec.student.train, task.spec.student
    base, revision = _base(task)
    template = (task.path.parent / student.template).read_text("utf-8") if student.template else None
    context = way.context if way.with_ != "lora" else preflight.context_of(task)
    return JobSettings(
        task=task.spec.task, run=data.folder.name, base=base, revision=revision, template=template,
        depth=_depth(base), epochs=way.epochs, batch_size=way.batch_size, learning_rate=way.learning_rate, rank=way.rank,
        alpha=way.alpha, layers=way.layers, context=context, dropout=way.dropout, schedule=way.schedule, warmup=way.warmup,
        accumulate=way.accumulate, recompute=way.recompute, seed=way.seed, valid=True,
        suffix=way.suffix, full=way.with_ == "full", base_url=way.base_url, key_env=way.tuning_key_env,
    )  # fmt: skip


def _base(task: Task) -> tuple[str, str | None]:
    """The base's name with its revision on the hub, or the folder in which it lies as other trainers read it."""
    weights, name = task.base_weights, task.spec.student.train.base
    if name in EMBEDDED:
        return name, None
    if weights is None or weights.on_the_hub:
        repository, _, revision = name.partition("@")
        return repository, revision or None
    return str(weights.folder() if weights.gguf else weights.path), None


def _depth(base: str) -> int | None:
    """The decoder layers of a base that lies here."""
    if not (Path(base) / "config.json").is_file():
        return None
    config = local.config_of(Path(base))
    found = config.get("num_hidden_layers") or (config.get("text_config") or {}).get("num_hidden_layers")
    return found if isinstance(found, int) else None


def pairs_text(found: PairsFound) -> str:
    """How many seeds of the dataset make a pair, and why the others make none."""
    total = len(found.pairs) + sum(found.without.values())
    whys = "".join(f"; {count:,}: {WITHOUT[why]}" for why, count in found.without.items())
    return f"{len(found.pairs):,} of {total:,} seeds make a pair (margin {found.margin:g}){whys}"
