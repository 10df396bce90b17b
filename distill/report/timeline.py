"""When what was asked in a run with batches, by which way, and what it cost: from the ledger and the journal of batches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from distill.money import shown
from distill.task.run import ActiveRun
from distill.teacher.batch import journal
from distill.teacher.store import queries
from distill.teacher.store.rows import now
from distill.teacher.store.store import Store

_PAUSE = 0.05
"""Live calls further apart than this share of all the batches' time are two parts."""


@dataclass(frozen=True, slots=True)
class TimelinePart:
    """One batch, or live calls of one spender without a pause; `start` and `end` are shares of the whole time."""

    way: str
    """batch or live."""
    name: str
    spender: str
    from_: str
    until: str
    rows: int
    answered: int
    usd: float | None
    ended: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class DeadlineOutcome:
    """Whether the spec's deadline was met, and when the last answer came."""

    at: str
    met: bool
    last: str
    owed: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The parts of a run with batches in the order of their beginning; `usd` and `rows` are sums by way."""

    parts: list[TimelinePart]
    began: str
    over: str
    usd: dict[str, float | None]
    rows: dict[str, int]
    deadline: DeadlineOutcome | None
    sentences: list[str] = field(init=False)
    """The same in a few words."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sentences", _sentences(self))


@dataclass(frozen=True, slots=True)
class _Part:
    way: str
    name: str
    spender: str
    began: datetime
    until: datetime
    rows: int
    answered: int
    usd: float | None
    ended: str = ""


def of_run(run: ActiveRun) -> Timeline | None:
    """The batches and live calls of a run, and its deadline; None without a batch."""
    return timeline(run.store, run.folder.name, run.folder.manifest().get("deadline"), run.pending("generate"))


def timeline(store: Store, run: str, deadline: str | None, owed: int) -> Timeline | None:
    """The parts of a run of this name; None where no batch was in it. `owed` are the rows that are pending."""
    batches = list(_batches(store, run))
    if not batches:
        return None
    pause = _PAUSE * (max(part.until for part in batches) - min(part.began for part in batches))
    parts = sorted([*batches, *_live(store, run, pause)], key=lambda part: (part.began, part.until))
    began, over = min(part.began for part in parts), max(part.until for part in parts)
    last = max((part.until for part in parts if part.answered), default=over)
    by_way = {way: [part for part in parts if part.way == way] for way in ("live", "batch")}
    return Timeline(
        parts=[_placed(part, began, over) for part in parts],
        began=_day(began),
        over=_day(over),
        usd={way: _sum(part.usd for part in found) for way, found in by_way.items()},
        rows={way: sum(part.answered for part in found) for way, found in by_way.items()},
        deadline=None if deadline is None else _outcome(datetime.fromisoformat(deadline), last, owed),
    )


def _batches(store: Store, run: str) -> Iterator[_Part]:
    for batch in journal.of_run(store, run):
        if batch.state == "abandoned":
            continue
        yield _Part(
            way="batch",
            name=batch.batch_id or batch.key,
            spender=batch.spender,
            began=_moment(batch.submitted or batch.made),
            until=_moment(batch.ended or now()),
            rows=batch.requests,
            answered=batch.answered or 0,
            usd=queries.batch_usd(store.reader, batch.key),
            ended=batch.error or ("completed" if batch.ended else batch.state),
        )


def _live(store: Store, run: str, pause: timedelta) -> list[_Part]:
    """Live calls by the second, joined where no pause lies between."""
    parts: list[_Part] = []
    for span in queries.live_spans(store.reader, run):
        began, until = _moment(span.first), _moment(span.last)
        part = _Part("live", "live calls", span.spender, began, until, span.sends, span.answered, span.usd)
        if parts and parts[-1].spender == span.spender and part.began - parts[-1].until <= pause:
            part = _joined(parts.pop(), part)
        parts.append(part)
    return parts


def _joined(before: _Part, after: _Part) -> _Part:
    return replace(
        before,
        until=max(before.until, after.until),
        rows=before.rows + after.rows,
        answered=before.answered + after.answered,
        usd=_sum((before.usd, after.usd)),
    )


def _placed(part: _Part, began: datetime, over: datetime) -> TimelinePart:
    """The part with its place in the whole time."""
    whole = max((over - began).total_seconds(), 1.0)
    return TimelinePart(
        way=part.way,
        name=part.name,
        spender=part.spender,
        from_=part.began.strftime("%H:%M:%S"),
        until=part.until.strftime("%H:%M:%S"),
        rows=part.rows,
        answered=part.answered,
        usd=part.usd,
        ended=part.ended,
        start=(part.began - began).total_seconds() / whole,
        end=(part.until - began).total_seconds() / whole,
    )


def _sentences(found: Timeline) -> list[str]:
    rows, usd, deadline = found.rows, found.usd, found.deadline
    span = (
        f"From {found.began} to {found.over}: {rows['batch']:,} answers by batch for {shown(usd['batch'])}, "
        f"{rows['live']:,} live for {shown(usd['live'])}."
    )
    if deadline is None:
        return [span]
    word, owed = (
        "met" if deadline.met else "missed",
        f", and {deadline.owed:,} rows are pending" if deadline.owed else "",
    )
    return [span, f"The deadline, {deadline.at}, was {word}: the last answer came at {deadline.last}{owed}."]


def _outcome(moment: datetime, last: datetime, owed: int) -> DeadlineOutcome:
    return DeadlineOutcome(at=_day(moment), met=last <= moment and not owed, last=_day(last), owed=owed)


def _sum(dollars: Iterable[float | None]) -> float | None:
    """None where a part of it is not known."""
    amounts = list(dollars)
    return None if None in amounts else math.fsum(usd for usd in amounts if usd is not None)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


def _day(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
