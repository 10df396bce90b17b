"""Which model the replies name, beside the one that was asked.

What is the same name is said in `distill.text.model_names`; a router that answers with another model is named at the run's end, the
report and the dataset's card.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from distill.task.run import ActiveRun
from distill.teacher.store import queries
from distill.text.model_names import same
from distill.text.normalise import storable

_LONGEST = 120
_LATEST = 10_000
"""Answers of a run that are looked at where no dataset names all."""


class Named(NamedTuple):
    """So many `answers` of a `total` to questions for `asked` name `named`."""

    asked: str
    named: str
    answers: int
    total: int

    def __str__(self) -> str:
        return f"asked for {self.asked}; {self.answers:,} of {self.total:,} answers name {self.named}"


def others(run: ActiveRun) -> list[Named]:
    """The models that answered though another was asked, the commonest first."""
    dataset, sent = _of_dataset(run), _of_sends(run)
    found: list[Named] = []
    for asked in dict.fromkeys([*(key[0] for key in sent), *(key[0] for key in dataset)]):
        counts = max((_named_for(asked, source) for source in (sent, dataset)), key=Counter.total)
        total = counts.total()
        found += [Named(asked, named, count, total) for named, count in counts.most_common(5) if not same(asked, named)]
    return found


def other_models(found: Iterable[Named]) -> list[str]:
    """The same for people."""
    return [f"{model}; the endpoint may answer with another model than the spec's" for model in found]


def _named_for(asked: str, source: Counter[tuple[str, str]]) -> Counter[str]:
    return Counter({named: count for (model, named), count in source.items() if model == asked})


def _of_dataset(run: ActiveRun) -> Counter[tuple[str, str]]:
    """(asked, named) of every answer to the run's questions, wherever it was paid for."""
    if not (run.folder / "samples.parquet").exists():
        return Counter()
    rows = run.table("samples.parquet", ["teacher", "model"]).group_by("teacher", "model").len().iter_rows()
    teachers = run.task.teachers
    found = Counter[tuple[str, str]]()
    for teacher, named, count in rows:
        if 0 <= teacher < len(teachers):
            found[teachers[teacher].address.model, _shown(named)] += count
    return found


def _of_sends(run: ActiveRun) -> Counter[tuple[str, str]]:
    """(asked, named) of what this run itself paid for, test rows and judges too; of a large one the latest."""
    found = Counter[tuple[str, str]]()
    for one in queries.named_models(run.store.reader, run.folder.name, _LATEST):
        if one.asked:
            found[str(one.asked), _shown(one.named)] += one.answers
    return found


def _shown(named: str) -> str:
    """A name as it may be printed and written, whatever the endpoint sent as one."""
    return storable(named)[:_LONGEST]
