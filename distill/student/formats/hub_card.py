"""README.md of a hub dataset: YAML front matter as the hub reads it, then what the dataset is and how it was made.

What models and rows said is shown and never read as markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from distill.records import Json
from distill.text.markdown import escaped

MARK = "made by distill"
"""Stands in every card, so that a folder that was laid out is known again."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_NAMES = {"train": "train", "valid": "validation", "test": "test"}
"""Split → what loaders call it."""
_COLUMNS = {
    "seed_id": "a hash of the row's content",
    "stratum": "the cell of label values over which the dataset is balanced",
    "messages": "the conversation; in train and validation its last turn is the answer",
    "gold": "the known answer of a test row, as JSON",
    "score": "the mean of the gates' scores, 0 to 1",
    "answered_by": "the model that answered; `gold` where people did",
}


@dataclass(frozen=True, slots=True)
class SplitFile:
    """One Parquet file."""

    split: str
    path: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What a card says of a dataset."""

    run: str
    task: str
    about: str
    license: str | None
    language: str | None
    """ISO 639-1, where the spec asks for one."""
    splits: Sequence[SplitFile]
    answered_by: Mapping[str, int]
    """Who answered → rows that train or validate."""
    teachers: Sequence[str]
    """The models that the spec names to answer."""
    terms: str
    gates: Sequence[str]
    dropped: Mapping[tuple[str, str], int]
    """(stage, reason) → rows that were left out."""
    synthetic_seeds: int
    version: str


def card(facts: DatasetFacts) -> str:
    """The whole page."""
    head = yaml.safe_dump(front_matter(facts), sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{head}---\n\n" + "\n\n".join(part for part in _parts(facts) if part) + "\n"


def front_matter(facts: DatasetFacts) -> dict[str, Json]:
    """What the hub files a dataset by; paths are those of the folder."""
    total = sum(one.rows for one in facts.splits)
    models = any(name != "gold" for name in facts.answered_by)
    found: dict[str, Json] = {"pretty_name": facts.task, "license": facts.license or "unknown"}
    found |= {"language": [facts.language]} if facts.language else {}
    files = [{"split": _NAMES[one.split], "path": one.path} for one in facts.splits]
    return found | {
        "task_categories": ["text-generation"],
        "size_categories": [next((name for most, name in _SIZES if total < most), "1M<n<10M")],
        "tags": ["distill", *(["synthetic"] if models or facts.synthetic_seeds else [])],
        "configs": [{"config_name": "default", "data_files": files}],
    }


def _parts(facts: DatasetFacts) -> list[str]:
    return [
        f"# {escaped(facts.task)}",
        escaped(facts.about, most=2000),
        _table(("split", "rows", "file", "SHA-256"), [(_NAMES[o.split], f"{o.rows:,}", o.path, f"`{o.sha256}`") for o in facts.splits]),
        "## Columns",
        _table(("column", "holds"), list(_COLUMNS.items())),
        "`tools` (JSON) and `id` (what the row's own file calls it) are there where some row has them.",
        "## How it was made",
        "\n".join(f"- {said}" for said in _origin(facts)),
        "## What was left out" if facts.dropped else "",
        _table(("stage", "reason", "rows"), [(escaped(s), escaped(r), f"{n:,}") for (s, r), n in facts.dropped.items()])
        if facts.dropped
        else "",
    ]  # fmt: skip


def _origin(facts: DatasetFacts) -> list[str]:
    named = ", ".join(f"{escaped(name)} ({count:,} rows)" for name, count in facts.answered_by.items())
    said = [
        f"run {escaped(facts.run)}, {MARK} {facts.version}",
        f"answers by: {named or 'nobody'}; gold is an answer that people gave",
        f"teacher: {', '.join(map(escaped, facts.teachers))}",
        f"terms of the teacher: {escaped(facts.terms, most=1000) if facts.terms else 'not stated'}",
        f"license: {escaped(facts.license) if facts.license else 'not stated; ask whoever made this dataset'}",
        f"gates: {', '.join(map(escaped, facts.gates)) or 'none'}",
    ]
    if facts.synthetic_seeds:
        said.append(f"inputs that a model wrote: {facts.synthetic_seeds:,} rows")
    if any(one.split == "test" for one in facts.splits):
        said.append(
            "test rows were set aside before anything was asked; no row that is near one, or repeats one, trains"
        )
    return said


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
