"""What may be left out of a dataset: a gate, the removal of near-duplicates, the balance over strata; and what never is, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distill.curate.gates.registry import GATES
from distill.curate.steps import BALANCE, DEDUP
from distill.errors import UsageError

STEPS: Mapping[str, str] = {"dedup": DEDUP, "balance": BALANCE}
"""Name, as in dropped.parquet → the step of curation."""
_NEVER = {
    "secrets": "no model is trained on what looks like a key",
    "leaks": "the student would be scored on rows that it has seen",
    "valid_leaks": "a training would be stopped by rows that it has seen",
    "preflight": "its rows cannot be trained on",
    "gold": "approved rows are no gate",
    "vote": "one answer of each row that was asked again has to be chosen",
}
_ONLY_BY_NAME = ("secrets", "pii")
"""Gates that keep private data out: what they bring to a score is no reason to do without."""


def chosen(given: str | None, gates: Sequence[str], dropped: Mapping[str, int]) -> list[str]:
    """What is left out, one after the other: what `--without` names, by itself each gate that dropped a row, `dedup` and `balance`.

    `gates` are the run's, `dropped` how many rows each stage dropped. UsageError names what cannot be left out, and why.
    """
    own = list(dict.fromkeys(gates))
    if given is None:
        return [*(name for name in own if dropped.get(name) and name not in _ONLY_BY_NAME), *STEPS]
    names = list(dict.fromkeys(part.strip() for part in given.split(",")))
    for name in names:
        _check(name, own)
    return names


def _check(name: str, gates: Sequence[str]) -> None:
    known = [*(gate for gate in gates if gate not in _NEVER), *STEPS]
    if name in _NEVER:
        raise UsageError(f"--without {name}: it is never left out, since {_NEVER[name]}; expected {_listed(known)}")
    if name in known:
        return
    why = "this run has no such gate" if name in GATES else "there is no such gate"
    raise UsageError(f"--without {name[:40]!r}: {why}; expected {_listed(known)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}"
