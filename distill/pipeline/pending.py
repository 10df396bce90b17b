"""Rows of a run that still lack an answer, or a verdict: how many, and why a command stops for them."""

from __future__ import annotations

from collections import Counter

from distill.errors import RowsOwed
from distill.task.run import ActiveRun
from distill.teacher.stored_answers import why_pending

_CAUSE, _CAUSES, _LOOKED_AT = 300, 100, 20_000
"""Characters of a cause that are reported, rows among which the commonest is looked for, and questions looked at for them."""


def no_rows(run: ActiveRun, partial: bool) -> None:
    """Raise where rows lack an answer, unless that is `partial`'s wish."""
    rows = run.pending("generate")
    if rows and not partial:
        none, cause = _unanswered(run)
        again = "Run again to ask only for those"
        if run.task.spec.teacher.mode != "live":
            again += " (a row that was refused, or failed too often, in a batch is given up in this run)"
        raise RowsOwed(
            f"{rows} rows could not be answered{cause}; {'no other was either' if none else 'the others are kept'}. {again}, "
            "or add --partial to go on without them. `distill explain` shows each one's sends."
        )


def _unanswered(run: ActiveRun) -> tuple[bool, str]:
    """(whether no question at all has an answer, what most often came instead), of the first questions that were asked."""
    ids = run.table("asked.parquet", ["request_id"])["request_id"].unique(maintain_order=True).to_list()[:_LOOKED_AT]
    held = {one for start in range(0, len(ids), 500) for one in run.store.held(ids[start : start + 500])}
    lacking = [one for one in ids if one not in held]
    causes = Counter(why_pending(run.store, one)[:_CAUSE] for one in lacking[:_CAUSES])
    cause = f" ({causes.most_common(1)[0][0]})" if causes else ""
    return not held, cause


def no_verdicts(run: ActiveRun, partial: bool) -> None:
    """Curation may have asked for more than was generated: then a dataset would lack rows that nobody has refused."""
    if (rows := run.pending("curate")) and not partial:
        raise RowsOwed(
            f"{rows} rows wait for a verdict; run `distill generate` to ask for what is missing, or add --partial to go on without them"
        )


def count(run: ActiveRun) -> int:
    """Rows without an answer, or without a verdict: curation may lack those that other gates asked for."""
    return max(map(run.pending, ("generate", "curate")))
