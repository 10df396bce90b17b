"""What a person reads of a tune that is adopted, step by step, and of an organisation's tunes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

from distill.money import shown

if TYPE_CHECKING:
    from distill.adopt.answers import AnswersPrice, RecordedAnswers
    from distill.adopt.files import AdoptedFiles
    from distill.adopt.host.files import TuneFile
    from distill.adopt.host.inventory import Inventory, TuneEntry
    from distill.records import Json

_HYPER = ("n_epochs", "batch_size", "learning_rate_multiplier", "beta")
_SIZES = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def files_lines(found: AdoptedFiles, today: date) -> list[str]:
    """The tune, each of its files, and the task."""
    tune, adoption = found.adoption.tune, found.adoption
    settings = ", ".join(
        f"{name} {tune.hyperparameters[name]}" for name in _HYPER if tune.hyperparameters.get(name) is not None
    )
    tokens = f", {tune.trained_tokens:,} trained tokens" if tune.trained_tokens else ""
    lines = [
        f"{tune.model} of {adoption.host}: {tune.method}, base {tune.base}{tokens}{f' ({settings})' if settings else ''}",
        f"  {_ending(adoption.last_day, today, dark=adoption.dark)}",
        *(f"  {_file(one)}" for one in found.files),
    ]
    if found.task is None:
        return [*lines, f"task: {found.spec}, as it stands"]
    test = "a part of them" if found.task.tests is None else f"{found.task.tests:,} rows of the validation file"
    return [
        *lines,
        f"task: {found.spec}: {found.task.rows:,} rows, {test} held out",
        *(f"  {one}" for one in found.task.notes),
    ]


def files_json(found: AdoptedFiles) -> dict[str, Json]:
    """The same for scripts."""
    task = found.task
    told = (
        {}
        if task is None
        else {"rows": task.rows, "refused": task.refused, "tests": task.tests, "notes": list(task.notes)}
    )
    return {"folder": str(found.folder), "spec": str(found.spec), **asdict(found.adoption), **told}


def price_lines(price: AnswersPrice, model: str) -> list[str]:
    """What the tune is still to be asked."""
    if not price.to_send:
        return [f"answers: all {price.requests:,} of {model} are in the store"]
    most = "at a price that is not known" if price.usd_at_most is None else f"${price.usd_at_most:.4f} at most"
    return [f"answers: {price.to_send:,} to ask of {model}, {price.in_store:,} in the store; {most}"]


def answers_lines(found: RecordedAnswers, files: AdoptedFiles) -> list[str]:
    """What it has answered."""
    model = files.adoption.tune.model
    if found.dark:
        return [
            f"{model} answers no more: its host does not know it. What was saved stays, and a student can still learn from its rows",
        ]
    left = found.rows - found.answered - found.refused
    parts = [f"{found.refused:,} refused" if found.refused else "", f"{left:,} pending, run it again" if left else ""]
    more = "".join(f", {part}" for part in parts if part)
    return [
        f"recorded: {found.answered:,} of {found.rows:,} held-out rows{more}; {shown(found.usd)} spent in run {found.run}"
    ]


def inventory_lines(found: Inventory, adopt: str) -> list[str]:
    """A line a tune, those that end first on top; then what to do with the first, by the command `adopt`."""
    if not found.tunes:
        return [f"no tunes at {found.host} for this key's organisation and project{_others(found)}"]
    rows = [("days", "last day", "made", "trained", "files", "model", "job"), *map(_row, found.tunes)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    ]
    closes = [f"{found.host} takes no new tuning job after {found.closes}"] if found.closes else []
    first = next((one for one in found.tunes if one.answers and (one.days or 0) >= 0), None)
    step = (
        [f"next: {adopt} {first.job_id or first.model}"]
        if first
        else ["none of them answers any more; `distill adopt` still saves the files that are there"]
    )
    return [f"{len(found.tunes):,} tunes at {found.host}{_others(found)}", *lines, *closes, *step]


def _others(found: Inventory) -> str:
    count = found.without_model
    return f"; {count:,} job{'s' if count != 1 else ''} made no model" if count else ""


def _row(one: TuneEntry) -> tuple[str, ...]:
    days = "dark" if not one.answers else "?" if one.days is None else "ended" if one.days < 0 else str(one.days)
    tokens = f"{one.trained_tokens:,} tokens" if one.trained_tokens is not None else "?"
    kept = one.training if one.training != "there" or one.training_bytes is None else size(one.training_bytes)
    files = kept if one.validation == "none" else f"{kept} + {one.validation}"
    return days, one.last_day or "?", one.made or "?", tokens, files, one.model, one.job_id or "-"


def _ending(last_day: str | None, today: date, *, dark: bool) -> str:
    if dark:
        return "it answers no more: its host does not know it"
    if last_day is None:
        return "its last day is not known"
    left = (date.fromisoformat(last_day) - today).days
    return f"it answers until {last_day}: {left:,} days left" if left >= 0 else f"it should have ended on {last_day}"


def _file(one: TuneFile) -> str:
    if one.state == "given":
        return f"{one.name}: {size(one.bytes)}, your own copy"
    if one.state == "saved":
        return f"{one.name}: {size(one.bytes)} saved ({one.file_id})"
    word = "the host has it no more" if one.state == "gone" else "the host does not give it"
    return f"{one.name}: {word} ({one.file_id}: {one.why})"


def size(count: int) -> str:
    """Bytes as a person reads them."""
    return next((f"{count / unit:.1f} {name}" for unit, name in _SIZES if count >= unit), f"{count} B")
