"""Two runs side by side, in lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from distill.money import shown as dollars
from distill.secrets.withheld import masked
from distill.text.percentages import percent

if TYPE_CHECKING:
    from distill.records import Json
    from distill.report.diff.rows import ChangedRow, RowChanges, StratumRows
    from distill.report.diff.run_diff import RunDiff
    from distill.report.diff.scores import ScoreChange
    from distill.stats import Estimate

_SHOWN = 100
_STRATA = 12


def diff_lines(found: RunDiff) -> list[str]:
    """What differs; what is the same is not told."""
    a, b = found.a, found.b
    return [
        f"{a.run} ({a.began[:10]}) -> {b.run} ({b.began[:10]})",
        *_pair("teacher", a.teacher, b.teacher),
        *_pair("base", a.base, b.base),
        *_pair("verdict", a.verdict, b.verdict),
        f"  spend: {dollars(a.usd)} in {a.sends:,} sends -> {dollars(b.usd)} in {b.sends:,}",
        *_rows(found.rows),
        f"test rows: {found.tests.before:,} -> {found.tests.after:,}, {found.tests.same:,} the same"
        + (f", {found.tests.regraded:,} with another known answer" if found.tests.regraded else ""),
        *_gates(found),
        *_settings(found),
        *_scores(found.scores),
    ]


def _pair(what: str, before: str, after: str) -> list[str]:
    return [] if before == after else [f"  {what}: {before or 'none'} -> {after or 'none'}"]


def _rows(rows: RowChanges) -> Iterator[str]:
    yield (
        f"rows: {rows.before:,} -> {rows.after:,}; {rows.added:,} added, {rows.gone:,} gone, {rows.relabelled:,} relabelled, "
        f"{rows.same:,} the same"
    )
    yield from _why("added, in the earlier run", rows.why_added)
    yield from _why("gone, in the later run", rows.why_gone)
    for kind in ("relabelled", "added", "gone"):
        for one in rows.examples[kind]:
            yield from _example(kind, one)
    changed = [one for one in rows.strata if one.before != one.after or one.relabelled]
    changed.sort(key=lambda one: (-abs(one.after - one.before) - one.relabelled, one.stratum))
    yield from map(_stratum, changed[:_STRATA])
    if len(changed) > _STRATA:
        yield f"  and {len(changed) - _STRATA} more strata; --json has all"


def _why(what: str, counts: Mapping[str, int]) -> list[str]:
    return [f"  {what}: " + ", ".join(f"{why} ({count:,})" for why, count in counts.items())] if counts else []


def _example(kind: str, one: ChangedRow) -> Iterator[str]:
    yield f"  {kind} {one.seed_id} [{one.stratum}] {_clipped(one.input)}"
    if one.before is not None:
        yield f"    before: {_clipped(one.before)}"
    yield f"    after:  {_clipped(one.after) if one.after is not None else one.why}"


def _stratum(one: StratumRows) -> str:
    relabelled = f", {one.relabelled:,} relabelled" if one.relabelled else ""
    return f"  stratum {one.stratum or '(none)'}: {one.before:,} -> {one.after:,}{relabelled}"


def _gates(found: RunDiff) -> list[str]:
    return [f"gate {one.stage}: {one.reason} {one.before:,} -> {one.after:,} dropped" for one in found.gates]


def _settings(found: RunDiff) -> list[str]:
    if found.settings is None:
        return ["settings: a run kept no spec that can be read, so nothing says what changed"]
    return [f"setting {one.name}: {_plain(one.before)} -> {_plain(one.after)}" for one in found.settings]


def _plain(value: Json) -> str:
    if value is None:
        return "not set"
    return masked(_clipped(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))


def _scores(scores: Sequence[ScoreChange]) -> Iterator[str]:
    for one in scores:
        left = f"; {one.left_out} rows are held against something else and left out" if one.left_out else ""
        if one.before is None or one.after is None or one.difference is None:
            yield f"score {one.arm} {one.metric}: no row to compare{left}"
            continue
        yield f"score {one.arm} {one.metric}: {percent(one.before.mean)} -> {percent(one.after.mean)}, {_gap(one.difference)}{left}"


def _gap(gap: Estimate) -> str:
    word = "better" if gap.low > 0 else "worse" if gap.high < 0 else "not clearly different"
    return f"{gap.mean * 100:+.1f} points ({gap.low * 100:+.1f} to {gap.high * 100:+.1f}, n = {gap.n}): {word}"


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
