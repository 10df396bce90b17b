"""Rows of named evaluation sets, which must not train: read from files of any columns, for the leak check alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from distill.errors import Fault, SpecError
from distill.seeds.formats import rows
from distill.seeds.formats.file_format import AS_FOUND, FileFormat, Notes
from distill.text.normalise import storable, strings_of

HeldOutRow = tuple[str, str, str, str, bool]
"""(name of the file, line, input, all else that the row says, whether the file has the columns of the task's prompt)."""


def read_held_out(
    paths: Sequence[Path],
    *,
    variables: Sequence[str],
    form: FileFormat = AS_FOUND,
    notes: Notes | None = None,
) -> list[HeldOutRow]:
    """Every row that holds a text; SpecError with every fault.

    The input are the columns that the task's prompt takes, where the file has them all; otherwise the longest text.
    """
    found: list[HeldOutRow] = []
    faults: list[Fault] = []
    for path in rows.matching_files(paths, faults):
        for line, row in rows.read_rows(path, faults, form=form, notes=notes):
            if isinstance(row, ValueError):
                faults.append(Fault(f"{path}:{line}", str(row)))
                continue
            texts = {
                name: storable(text) for name, value in row.items() if (text := "\n".join(strings_of(value))).strip()
            }
            if not texts:
                faults.append(Fault(f"{path}:{line}", "holds no text, so nothing can be compared with it"))
                continue
            longest = max(texts, key=lambda name: len(texts[name]))
            sure = bool(variables) and set(variables) <= set(texts)
            inputs = list(variables) if sure else [longest]
            rest = [text for name, text in texts.items() if name not in inputs]
            found.append((path.name, str(line), "\n".join(texts[name] for name in inputs), "\n".join(rest), sure))
    if faults:
        raise SpecError("seeds.held_out", faults)
    return found
