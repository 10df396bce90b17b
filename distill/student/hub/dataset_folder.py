"""A run's dataset as a folder of the hub, and that folder's way to the hub.

Nothing goes out that holds a credential, nor, where the spec drops or masks what names a person, a row that does; each such row is named.
A new repository is private unless it is asked for otherwise, and a public one is never written to by mistake.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from distill import __version__
from distill.atomic_write import write_atomic
from distill.curate.gates import private
from distill.errors import GateNotMet, UsageError
from distill.rundir import read_parquet
from distill.student.formats import hub, hub_card
from distill.student.formats.hub import HubRow
from distill.student.formats.hub_card import DatasetFacts, SplitFile
from distill.student.run_dataset import FATES, RunDataset
from distill.tables.outcome import Outcome
from distill.text.normalise import strings_of

if TYPE_CHECKING:
    import polars as pl

README = "README.md"
_SHOWN = 20
"""Row ids that a refusal names."""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A folder with the rows of each of its files; README.md has none."""

    folder: Path
    rows: Mapping[str, int]


def lay_out(
    data: RunDataset, splits: Mapping[str, list[HubRow]], folder: Path, *, license_id: str | None = None
) -> LaidOut:
    """Write the folder, the card last; UsageError where it holds what no earlier call wrote."""
    check_folder(folder)
    written = hub.write(folder, splits)
    names = {hub.DATA.format(split): split for split in hub.SPLITS}
    files = [SplitFile(names[path], path, count, _sha256(folder / path)) for path, count in written.items()]
    write_atomic(folder / README, hub_card.card(facts(data, files, license_id)).encode())
    return LaidOut(folder, written)


def path_of(split: str) -> str:
    """The file of a split, in the folder."""
    return hub.DATA.format(split)


def split_rows(data: RunDataset, *, tests: bool = True) -> dict[str, list[HubRow]]:
    """The rows of each split that has some."""
    seeds = read_parquet(data.folder / "seeds.parquet")
    strata = dict(seeds.select("seed_id", "stratum").iter_rows())
    own = dict(seeds.select("seed_id", "own_id").iter_rows()) if "own_id" in seeds.columns else {}
    found = {fate: list(_training(data, fate, own)) for fate in FATES}
    if tests:
        found["test"] = [hub.test(row, strata.get(row["seed_id"], "")) for row in data.tests()]
    return {split: rows for split, rows in found.items() if rows}


def _training(data: RunDataset, fate: str, own: Mapping[str, str | None]) -> Iterator[HubRow]:
    rows = data.rows(fate)
    for row, sample in zip(rows, rows.samples.iter_rows(named=True), strict=True):
        yield hub.training(row, sample, own.get(row.seed_id) or None)


def facts(data: RunDataset, files: list[SplitFile], license_id: str | None) -> DatasetFacts:
    """What the card says."""
    import polars as pl

    kept = data.samples.filter(pl.col("fate") != "dropped")
    seeds = read_parquet(data.folder / "seeds.parquet").select("seed_id", "source")
    made = kept.select("seed_id").join(seeds, on="seed_id").filter(pl.col("source").str.starts_with("expand:"))
    dropped = Counter(read_parquet(data.folder / "dropped.parquet").select("stage", "reason").iter_rows())
    gates, teacher = data.spec.gate_settings(), data.spec.teacher
    return DatasetFacts(
        run=data.folder.name, task=data.spec.task, about=data.spec.about, license=license_id,
        language=next((settings["is"] for name, settings in gates if name == "language" and "is" in settings), None),
        splits=files, answered_by=dict(Counter(kept["model"].to_list()).most_common()), terms=teacher.terms,
        teachers=[one.model for one in (teacher, *teacher.fallback, *teacher.panel)],
        gates=[f"{name} {json.dumps(settings, ensure_ascii=False)}" if settings else name for name, settings in gates],
        dropped=dict(sorted(dropped.items())), synthetic_seeds=made.height, version=__version__,
    )  # fmt: skip


def check_private(data: RunDataset, splits: Mapping[str, list[HubRow]]) -> None:
    """GateNotMet, with the rows' ids, where one holds a credential, or names a person and the spec keeps such rows out."""
    persons = any(name == "pii" and settings.get("action") != "report" for name, settings in data.spec.gate_settings())
    gates: list[Callable[[pl.DataFrame], Outcome]] = [private.secrets]
    if persons:
        gates.append(partial(private.pii, action="drop"))
    found = list[str]()
    spec: list[HubRow] = [{"seed_id": "task.yaml", "about": data.spec.about, "terms": data.spec.teacher.terms}]
    for split, rows in {**splits, "card": spec}.items():
        table = _texts(rows)
        for gate in gates:
            dropped = gate(table).dropped.select("row", "detail").iter_rows()
            found += [f"{split} row {row}: {detail}" for row, detail in dropped]
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        tests = all(one.startswith("test ") for one in found)
        move = (
            "--no-test leaves the test rows out"
            if tests
            else "add the gate to `gates:`, and run `distill curate` and `export`"
        )
        raise GateNotMet(
            f"nothing is pushed: {'; '.join(found[:_SHOWN])}{more}; mask or remove it in the seeds, or {move}"
        )


def _texts(rows: list[HubRow]) -> pl.DataFrame:
    """The rows as the private gates look at samples: every text of a row in one."""
    import polars as pl

    made = [(row["seed_id"], "\n".join(strings_of({**row, "seed_id": None}))) for row in rows]
    table = pl.DataFrame(made, schema={"seed_id": pl.String, "prompt": pl.String}, orient="row")
    nothing = {"answer": pl.lit(""), "tool_calls": pl.lit(""), "stratum": pl.lit(""), "kind": pl.lit("first")}
    return table.with_columns(teacher=0, draw=0, request_id=pl.lit(None, pl.String), **nothing)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_folder(folder: Path) -> None:
    """Raise where a folder holds anything that is not an earlier layout."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file, expected a folder; name another one")
    ours = {README, *map(hub.DATA.format, hub.SPLITS)}
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    readme = folder / README
    laid_out = readme.is_file() and hub_card.MARK in readme.read_text("utf-8", "replace")
    if files and not laid_out and (files - ours or README in files):
        raise UsageError(f"{folder} holds files that distill did not write; name a new or an empty folder")
