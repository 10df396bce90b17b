"""Alpaca: {"instruction": "…", "input": "", "output": "…", "system": "…", "history": [["…", "…"]]}.

`instruction` is the last user turn and `history` are the turns before it. Tools, names of speakers and turns out of order have no
place, so such a row is refused and named.
"""

from __future__ import annotations

from distill.records import Json
from distill.student.formats.row import CannotHold, TrainingRow, spoken


def row(given: TrainingRow) -> dict[str, Json]:
    if given.tools:
        raise CannotHold("tools")
    turns = given.prompt
    system = spoken(turns.pop(0)) if turns and turns[0]["role"] in ("system", "developer") else ""
    if [turn["role"] for turn in turns] != ["user", "assistant"] * (len(turns) // 2) + ["user"]:
        raise CannotHold("turns that are not user and assistant by turns")
    said = [spoken(turn) for turn in turns]
    history = [[said[n], said[n + 1]] for n in range(0, len(said) - 1, 2)]
    return {
        "instruction": said[-1], "input": "", "output": spoken(given.answer), "system": system, "history": history,
    }  # fmt: skip
