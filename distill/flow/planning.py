"""What a run would send and may cost, before it does; sends nothing.

The first round of asking is exact; rows that gates will refuse can add to it, up to every training seed, so each
figure has an upper end. Output tokens are what the store saw of the same endpoint, else the spec's ceiling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from distill import tokens
from distill.flow import comparing, curation, seeding
from distill.records import Request, Usage
from distill.teacher.endpoints import Address
from distill.teacher.runner import ceiling
from distill.teacher.store import Store, opened

if TYPE_CHECKING:
    from distill.flow.project import Project


def plan(project: Project) -> dict[str, Any]:
    """Per spender: requests, held by the store, to send, tokens, and dollars from expected to at most."""
    import polars as pl

    table = seeding.aside(project.spec, project.seeds, project.pinned).kept
    tests = table.filter(pl.col("role") == "test")
    train = table.filter(pl.col("role") == "train")
    with opened(project.store_path) as store:
        first = curation.more(
            table,
            [],
            curation.curate(project, table, [], store).short,
            draws=project.spec.teacher.sampling.draws,
        )
        spenders = [_spender("teacher", curation.requests(project, table, first), project.teacher, store)]
        for arm in comparing.arms(project, student=None):
            spenders.append(
                _spender(f"evaluate {arm.name}", comparing.requests(project, arm, tests), arm.address, store)
            )
    known = [s for s in spenders if s["usd_at_most"] is not None]
    return {
        "task": project.spec.task,
        "seeds": {"read": len(project.seeds), "train": train.height, "test": tests.height},
        "rows_wanted": project.spec.dataset.accept,
        "spenders": spenders,
        "student_calls": tests.height if project.spec.student.train.with_ != "none" else 0,
        "usd_at_most": sum(s["usd_at_most"] for s in known) if len(known) == len(spenders) else None,
        "budget_usd": project.spec.budget.usd,
        "note": f"if gates refuse rows, up to {train.height} training seeds may be asked",
    }


def _spender(name: str, requests: Sequence[Request], address: Address, store: Store) -> dict[str, Any]:
    missing = [request for request in requests if store.get(request.id) is None]
    prompt = sum(tokens.count_messages(r.body["messages"], address.model) for r in missing)
    most = sum(ceiling(r).completion_tokens for r in missing)
    price = address.price
    return {
        "spender": name,
        "model": address.model,
        "requests": len(requests),
        "in_store": len(requests) - len(missing),
        "to_send": len(missing),
        "prompt_tokens": prompt,
        "completion_tokens_at_most": most,
        "usd_at_most": price(Usage(prompt, most, measured=False)) if price else None,
    }


def lines(result: dict[str, Any]) -> list[str]:
    """The plan as a table for people."""
    seeds = result["seeds"]
    said = [
        f"{result['task']}: {seeds['read']} seeds, {seeds['train']} to train on, {seeds['test']} test rows; {result['rows_wanted'] or 'all'} rows wanted",
        f"{'':24}{'requests':>9}{'in store':>9}{'to send':>9}{'tokens in':>12}{'out at most':>12}{'$ at most':>11}",
    ]
    for row in result["spenders"]:
        usd = "unknown" if row["usd_at_most"] is None else f"{row['usd_at_most']:.4f}"
        said.append(
            f"{row['spender']:24}{row['requests']:>9,}{row['in_store']:>9,}{row['to_send']:>9,}"
            f"{row['prompt_tokens']:>12,}{row['completion_tokens_at_most']:>12,}{usd:>11}"
        )
    if result["student_calls"]:
        said.append(f"{'evaluate student':24}{result['student_calls']:>9,}   (when it is trained)")
    total = "unknown: give teacher.price" if result["usd_at_most"] is None else f"${result['usd_at_most']:.4f} at most"
    budget = f"; budget ${result['budget_usd']:.2f}" if result["budget_usd"] else "; no budget is set"
    return [*said, f"in all {total}{budget}; {result['note']}"]
