"""The rows that a spec names: its seeds, test rows of its own, and evaluation sets; with the faults of their files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from distill.chat import templates
from distill.chat.templates import Template
from distill.errors import Fault, SpecError
from distill.spec import Places, TaskSpec
from distill.text.normalise import did_you_mean, web_address

if TYPE_CHECKING:
    import polars as pl

    from distill.records import Seed
    from distill.seeds.formats.file_format import FileFormat
    from distill.seeds.held_out import HeldOutRow
    from distill.seeds.rows_to_seeds import SeedColumns


@dataclass(frozen=True, slots=True)
class TaskRows:
    """What the files of rows hold; `bad_rows` is None where the seeds could not be read."""

    seeds: Sequence[Seed] = ()
    pinned: Sequence[Seed] = ()
    bad_rows: pl.DataFrame | None = None
    held_out: Sequence[HeldOutRow] = ()
    notes: list[str] = field(default_factory=list)
    columns: Sequence[str] | None = None
    """None where no file could be read, or none is named."""
    used: SeedColumns | None = None
    """What the task uses of its seeds' rows; None where they could not be read."""
    paths: Sequence[Path] = ()
    form: FileFormat | None = None


def read_task_rows(
    spec: TaskSpec, places: Places, prompts: Sequence[Template], chats: Mapping[str, bool], faults: list[Fault], home: Path,
    head: int | None = None,
) -> TaskRows:  # fmt: skip
    """The rows, of the seeds the first `head`; where their files cannot be read, that is a fault, and nothing that only follows from it."""
    from distill.pipeline.next_run.since import since_of
    from distill.seeds import load
    from distill.seeds.formats.file_format import FileFormat
    from distill.seeds.held_out import read_held_out

    if not all(places.sound(("seeds", name)) for name in ("from", "as", "format", "since")):
        return TaskRows()
    file, variables = Path(places.source), templates.variables(prompts)
    seeds, notes, strict = spec.seeds, list[str](), spec.seeds.broken == "refuse"
    paths, held_out_paths = ([file.parent / name for name in names] for names in (seeds.paths, seeds.held_out))
    form = FileFormat(names=tuple(variables), **(seeds.format.model_dump() if seeds.format else {}))
    columns = load.columns(paths, logged=seeds.as_ == "chats", form=form)
    rows = TaskRows(notes=notes, columns=columns or None, paths=paths, form=form)
    # A prompt says what the model is to be with a text of its own, or by naming the chats' own.
    system = "system" in variables or any(role == "system" for prompt in prompts for role, _ in prompt.turns)
    used = replace(_used(spec, file, variables, columns, faults), chats=chats, system=system)
    with _gathered(faults, f"{file}: seeds.held_out", held_out_paths, file):
        rows = replace(rows, held_out=read_held_out(held_out_paths, variables=variables, form=form, notes=notes))
    if seeds.test.from_ is not None:
        given, tested = [file.parent / seeds.test.from_], replace(used, test=True)
        with _gathered(faults, f"{file}: seeds.test.from", given, file):
            pinned, _ = load.read(given, tested, need_gold=False, strict=strict, form=form, notes=notes)
            rows = replace(rows, pinned=pinned)
    need_gold = all(seed.gold is None for seed in rows.pinned)  # one of the files is enough
    with _gathered(faults, f"{file}: seeds.from", paths, file):
        used = replace(used, since=since_of(spec, home))
        # Where only the first rows are looked at, whoever reads all of them lists what is wrong with any.
        strict = strict and head is None
        read, bad_rows = load.read(paths, used, need_gold=need_gold, strict=strict, form=form, notes=notes, head=head)
        rows = replace(rows, seeds=read, bad_rows=bad_rows, used=used)
    return rows  # noqa: RET504 - an error above leaves them as they were


def _used(
    spec: TaskSpec, file: Path, variables: Sequence[str], columns: Sequence[str], faults: list[Fault]
) -> SeedColumns:
    """The columns that the task uses, of those that there are; labels and rules are held against these."""
    from distill.seeds import sql_labels
    from distill.seeds.rows_to_seeds import SeedColumns

    faults += [
        Fault(f"{file}: strata.labels.{name}", f"the seeds have {name!r} as a column already; call the label otherwise")
        for name in spec.strata.asked
        if name in columns or name in variables
    ]
    rules, wrong_rules = sql_labels.parse(spec.strata.rules, columns=columns)
    if columns:
        faults += [Fault(f"{file}: {fault.where}", fault.message) for fault in wrong_rules]
        faults += _no_columns(spec, columns, file)
    logged = spec.seeds.as_ == "chats"
    return SeedColumns(
        variables=[name for name in variables if name in columns or not columns],
        labels=[name for name in _labels(spec) if name in columns],
        rules=rules,
        gold=spec.seeds.gold if columns else None,
        group=spec.seeds.group,
        id=spec.seeds.id,
        keep=spec.seeds.keep,
        blank=["system"] if logged else [],
        logged=logged,
        every=spec.seeds.turns == "every",
    )


def _labels(spec: TaskSpec) -> list[str]:
    """The columns that are labels: those of strata, and those by which test rows are chosen."""
    chosen = [name for name in spec.seeds.test.where or () if name not in spec.strata.labels]
    return list(dict.fromkeys([*spec.strata.columns, *chosen]))


def _no_columns(spec: TaskSpec, columns: Sequence[str], file: Path) -> list[Fault]:
    """Labels that no column holds, each a fault of the setting and not of each row."""
    return [
        Fault(f"{file}: {_names_it(spec, name)}", f"no column {name!r} in the seeds{did_you_mean(name, columns)}")
        for name in _labels(spec)
        if name not in columns
    ]


def _names_it(spec: TaskSpec, label: str) -> str:
    """The setting that names a label."""
    if label in spec.strata.by:
        return "strata.by"
    return "strata.edge_cases" if label in spec.strata.columns else "seeds.test.where"


_COLUMNS = (
    ("gold column", "seeds.gold"),
    ("id column", "seeds.id"),
    ("kept column", "seeds.keep"),
    ("time column", "seeds.since"),
)
"""What a fault says of a column that no row has, and the setting that names it."""


@contextlib.contextmanager
def _gathered(faults: list[Fault], setting: str, paths: Sequence[Path], file: Path) -> Iterator[None]:
    """Adds the faults of files of rows; one of a file as a whole is of the setting that names it, the gold column has its own."""
    try:
        yield
    except SpecError as error:
        whole = {str(path) for path in paths}
        for fault in error.faults:
            if fault.where in whole:
                faults.append(Fault(setting, f"{web_address(fault.where) or fault.where}: {fault.message}"))
            elif not fault.where:
                faults.append(
                    Fault(
                        next((f"{file}: {at}" for said, at in _COLUMNS if said in fault.message), setting),
                        fault.message,
                    )
                )
            else:
                faults.append(fault)
