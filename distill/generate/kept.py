"""Answers of an earlier teacher that a refresh keeps: only the rows of some strata are asked anew.

`relabel.json` in a run's folder says which, and who answered before:

    {"strata": ["kind=rare"], "earlier": ["gpt-old"], "same": false}

A row that is kept has the number of its teacher below -1 in asked.parquet and samples.parquet: -2 is the first of `earlier`, -3 the
second. Its request is that of the earlier run, by id, so nothing of it is sent or paid again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from distill.atomic_write import write_json
from distill.generate.questions import COLUMNS, FIRST_EARLIER, TeacherQuestion, TeacherQuestions
from distill.rundir import RunDir, read_json, read_parquet

FILE = "relabel.json"


@dataclass(frozen=True, slots=True)
class Relabel:
    """Which strata a refresh asks anew, and whose answers the others keep."""

    strata: tuple[str, ...]
    earlier: tuple[str, ...]
    """Names of the teachers of kept rows, the one of -2 first."""
    same: bool = False
    """The parent's own teacher is asked as it was: only what the parent itself kept stays an earlier teacher's."""

    def teacher(self, number: int) -> str:
        """The name of a kept row's teacher."""
        at = FIRST_EARLIER - number
        return self.earlier[at] if 0 <= at < len(self.earlier) else "an earlier teacher"


def read_relabel(folder: RunDir) -> Relabel | None:
    """What a run keeps of earlier teachers; None where it asks for every row."""
    if not (folder / FILE).exists():
        return None
    found = read_json(folder / FILE, dict)
    return Relabel(tuple(found.get("strata", ())), tuple(found.get("earlier", ())), bool(found.get("same")))


def write_relabel(folder: RunDir, found: Relabel) -> None:
    write_json(folder.path / FILE, dataclasses.asdict(found))


def relabel_of(parent: RunDir, strata: Collection[str], *, same: bool) -> Relabel:
    """What a refresh of a run writes. `same`: the teacher is asked as the parent asked it, so the store holds its answers."""
    before = read_relabel(parent)
    kept = before.earlier if before else ()
    if same:
        return Relabel((), kept, same=True)
    return Relabel(tuple(sorted(strata)), (*_teachers(parent), *kept))


def _teachers(run: RunDir) -> list[str]:
    """The names of a run's own teachers, in their order."""
    return str(run.manifest().get("teacher") or "?").split(" + ")


def kept_questions(parent: RunDir, found: Relabel, strata: Mapping[str, str]) -> TeacherQuestions:
    """The parent's questions that keep their answers: of seeds (seed_id → stratum) whose stratum is not asked anew."""
    asked = read_parquet(parent / "asked.parquet").select(*COLUMNS, "request_id")
    final = _final_ids(parent)
    shift = 0 if found.same else len(_teachers(parent))
    return [
        TeacherQuestion(seed, _number(teacher, shift), draw, kind, final.get((seed, teacher, draw, kind), request))
        for seed, teacher, draw, kind, request in asked.iter_rows()
        if seed in strata and strata[seed] not in found.strata and not (found.same and teacher >= 0)
    ]


def _number(teacher: int, shift: int) -> int:
    """A teacher of the parent as a number of the run that refreshes it."""
    return FIRST_EARLIER - teacher if teacher >= 0 else teacher - shift


def _final_ids(parent: RunDir) -> dict[tuple[str, int, int, str], str]:
    """A question's row → the request whose answer counts, which may be one with more tokens than the first."""
    rows = read_parquet(parent / "samples.parquet", [*COLUMNS, "request_id"]).drop_nulls()
    return {(seed, teacher, draw, kind): request for seed, teacher, draw, kind, request in rows.iter_rows()}
