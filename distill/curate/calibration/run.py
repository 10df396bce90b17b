"""`distill calibrate`: what the gates and the judges of a spec decide, beside what people said of the same answers.

Each gate looks at every labelled answer by itself, so that its own mistakes are seen. Only judges are asked, live and
within the budget; what the store holds of them is not asked again. Trying thresholds costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from distill.curate import steps
from distill.curate.calibration import labelled, stats
from distill.curate.gates.judge.lookup import VerdictLookup
from distill.curate.gates.judge.requests import asks_model, judge_warnings
from distill.curate.gates.judge.send import JudgeCalls
from distill.errors import RowsOwed, UsageError
from distill.money import Budget, known_usd
from distill.task import event_loop, stores
from distill.task.interrupt import interruptible
from distill.task.requirements import need_price
from distill.teacher.progress import Watcher
from distill.teacher.send import Sender

if TYPE_CHECKING:
    import polars as pl

    from distill.curate.gates.judge.gate import RowVerdicts
    from distill.tables.outcome import Outcome
    from distill.task.task import Task

_NOT_ALONE = {"agreement": "needs several answers to one row"}
"""Gates that cannot look at a single answer."""
_MARK = 4.0


def calibrate(task: Task, gold: Path | None, *, watch: Watcher) -> dict[str, Any]:
    """Per gate: agreement with people, false drops and keeps; for judges also how they agree, and the best threshold."""
    need_price(task)
    path = _path(task, gold)
    rows = labelled.read(task, path)
    return event_loop.run(_calibrate(task, path, rows, watch))


def _path(task: Task, gold: Path | None) -> Path:
    if gold is not None:
        return gold
    if task.spec.judge is None or task.spec.judge.gold is None:
        raise UsageError("no labelled answers to compare with; give --gold FILE, or name the file as judge.gold")
    return task.path.parent / task.spec.judge.gold


async def _calibrate(task: Task, path: Path, rows: labelled.Labelled, watch: Watcher) -> dict[str, Any]:
    run = f"{task.spec.task}/calibrate"
    with stores.opened(task.home) as store:
        sender = Sender(store=store, run=run, budget=Budget(task.spec.budget.usd, store.spent(run)), watch=watch)
        calls = JudgeCalls(task, sender, live=True)
        with interruptible(sender):
            while True:
                verdicts = VerdictLookup(task, store, rows.gold)
                gates = steps.gates(task, rows.seeds, verdicts)
                heard = [_heard(verdicts, name, settings, rows) for name, settings in gates]
                if not await calls.send(verdicts.unanswered):
                    break
        found = [_gate(name, settings, rows, said) for (name, settings), said in zip(gates, heard, strict=True)]
        unpriced = store.unpriced(run)
        usd = known_usd(store.spent(run), unpriced)
    labels = list(rows.good.values())
    return {
        "task": task.spec.task,
        "gold": str(path),
        "rows": len(labels),
        "good": sum(labels),
        "gates": found,
        "together": stats.compare(_together(rows, found)),
        "requests_sent": sender.sends,
        "usd": usd,
        "unpriced_calls": unpriced,
        "owed": len(verdicts.pending),
        "warnings": [*judge_warnings(task), *_warnings(labels, found)],
        "exit": RowsOwed.exit_code if verdicts.pending else 0,
    } | {"gates": [{name: value for name, value in one.items() if name != "passed"} for one in found]}


def _heard(
    verdicts: VerdictLookup, name: str, settings: Mapping[str, Any], rows: labelled.Labelled
) -> dict[str, RowVerdicts] | None:
    """Request id → what each judge said, of the answers that the gate asks about; None where it asks nobody."""
    if not asks_model(name, settings):
        return None
    heard: dict[str, RowVerdicts] = {}

    def look(frame: pl.DataFrame) -> Sequence[RowVerdicts]:
        said = verdicts.look_up(name, frame)
        heard.update(zip(frame["request_id"], said, strict=True))
        return said

    _run(name, {**settings, "verdicts": look}, rows)
    return heard


def _gate(
    name: str, settings: Mapping[str, Any], rows: labelled.Labelled, said: Mapping[str, RowVerdicts] | None
) -> dict[str, Any]:
    """One gate's decisions beside the labels; `passed` is by request id, None where it could not say.

    What is said of its judges, and of thresholds, is over the answers that they were asked about.
    """
    if name in _NOT_ALONE:
        return {"gate": name, "left_out": _NOT_ALONE[name], "passed": {}}
    passed = _passed(name, settings, rows)
    found = {"gate": name, "passed": passed, **stats.compare(_rows(rows, passed))}
    if said is None:
        return found
    mark = settings.get("at_least", _MARK)
    swept = stats.sweep(_scored(rows, said))
    return found | {
        "at_least": mark,
        "sweep": swept,
        "best": stats.best(swept, mark if isinstance(mark, int | float) else _MARK),
        "judges": _judges(name, settings, rows, said),
        "disagree": _disagree(rows, {request: passed[request] for request in said}),
    }


def _passed(name: str, settings: Mapping[str, Any], rows: labelled.Labelled) -> dict[str, bool | None]:
    import polars as pl

    out = _run(name, settings, rows)
    unscored = out.dropped.filter(pl.col("reason") == "unscored")["request_id"].to_list()
    passed: dict[str, bool | None] = dict.fromkeys(out.kept["request_id"], True)
    silent = f"score_{name}"
    if asks_model(name, settings):  # `unscored: keep` lets them pass, and yet nobody judged
        unscored += out.kept.filter(pl.col(silent).is_null())["request_id"].to_list()
    return passed | dict.fromkeys(out.rejected["request_id"], False) | dict.fromkeys(unscored)


def _run(name: str, settings: Mapping[str, Any], rows: labelled.Labelled) -> Outcome:
    from distill.curate.gates.registry import GATES

    return GATES[name].apply(rows.samples, settings)


def _rows(rows: labelled.Labelled, passed: Mapping[str, bool | None]) -> list[stats.Row]:
    columns = rows.samples.select("request_id", "stratum").iter_rows()
    return [(stratum, rows.good[request], passed[request]) for request, stratum in columns if request in passed]


def _together(rows: labelled.Labelled, found: Sequence[Mapping[str, Any]]) -> list[stats.Row]:
    """An answer passes where no gate drops it; where one could not say and none dropped it, nobody knows."""
    passed: dict[str, bool | None] = {}
    for request in rows.good:
        said = [one["passed"][request] for one in found if one["passed"]]
        passed[request] = False if False in said else None if None in said else True
    return _rows(rows, passed)


def _scored(rows: labelled.Labelled, said: Mapping[str, RowVerdicts]) -> list[tuple[bool, float]]:
    """(good, mean score) of the rows that have a verdict."""
    from distill.curate.gates.judge.gate import means

    return [(rows.good[request], fmean(found.values())) for request, row in said.items() if (found := means(row))]


def _judges(
    name: str, settings: Mapping[str, Any], rows: labelled.Labelled, said: Mapping[str, RowVerdicts]
) -> dict[str, Any]:
    """Each judge alone, and how far every two of them decide alike."""
    first = next(iter(said.values()), ())

    def only(n: int) -> dict[str, bool | None]:
        own = {**settings, "verdicts": lambda frame: [[said[request][n]] for request in frame["request_id"]]}
        passed = _passed(name, own, rows)
        return {request: passed[request] for request in said}

    alone = [only(n) for n in range(len(first))]
    kept = ("n", "unscored", "agreement", "kappa", "ac1", "false_drops", "false_keeps")
    each = [
        {"judge": first[n].judge}
        | {key: value for key, value in stats.compare(_rows(rows, passed)).items() if key in kept}
        for n, passed in enumerate(alone)
    ]
    pairs = []
    for one, other in combinations(range(len(first)), 2):
        both = [(a, b) for a, b in ((alone[one][r], alone[other][r]) for r in said) if a is not None and b is not None]
        share = sum(a == b for a, b in both) / len(both) if both else None
        pairs.append(
            {
                "judges": [each[one]["judge"], each[other]["judge"]],
                "n": len(both),
                "same": share,
                "ac1": stats.ac1(both),
            }
        )
    return {"each": each, "pairs": pairs}


def _disagree(rows: labelled.Labelled, passed: Mapping[str, bool | None]) -> list[dict[str, Any]]:
    """Answers on which the judges and people differ, for a person to look at."""
    wrong = {request for request, one in passed.items() if one is not None and one != rows.good[request]}
    shown = rows.samples.select("request_id", "input", "answer").iter_rows()
    return [
        {"input": given, "answer": answer, "good": rows.good[request], "why": rows.why[request]}
        for request, given, answer in shown
        if request in wrong
    ]


def _warnings(labels: Sequence[bool], found: Sequence[Mapping[str, Any]]) -> list[str]:
    said = []
    if len(set(labels)) < 2:
        only = "good" if labels[0] else "bad"
        said.append(
            f"All {len(labels)} answers are labelled {only}: this shows nothing about the {'bad' if labels[0] else 'good'} ones; add some."
        )
    shares = [(one["agreement"]["mean"], one["n"]) for one in found if one.get("agreement") and "sweep" in one]
    shares = shares or [(one["agreement"]["mean"], one["n"]) for one in found if one.get("agreement")]
    need = max((stats.rows_for(share) for share, n in shares if stats.wide(share, n)), default=0)
    if need:
        said.append(f"{len(labels)} labelled answers are few: agreement within 5 points needs about {need:,}.")
    return said
