"""The whole preflight of a dataset: its rows one by one, its rows together, what is held out, and where it is to train.

It reads, and neither changes nor sends anything. The same files and settings give the same findings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from statistics import median

from distill.errors import UsageError
from distill.records import Json
from distill.student.preflight import cost, hosts
from distill.student.preflight.advice import TrainingAdvice, advise
from distill.student.preflight.cost import Here, There, TrainingSettings
from distill.student.preflight.data import held_out, json_lines, rows, together
from distill.student.preflight.data.rows import Row
from distill.student.preflight.findings import Finding, Findings
from distill.student.preflight.gpus import fit as gpu_fit
from distill.student.preflight.gpus.cards import GIB, Gpus
from distill.student.preflight.gpus.fit import GpuFit
from distill.student.preflight.hosts import TuningHostFacts
from distill.student.preflight.shape import Shape
from distill.student.preflight.speed import Speed
from distill.student.preflight.tokens import TokenCounter

STOPPED = 4
"""The exit code where anything is a stop, as of every gate that is not met."""
_FEW_ROWS = 50


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """The files of a dataset; only the first has to be there."""

    train: Path
    valid: Path | None = None
    test: Path | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine for a base: the precision it trains in, its free memory, its speed."""

    shape: Shape
    dtype: str
    itemsize: int
    free_bytes: int | None = None
    speed: Speed | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """How the rows are to train: on `machine` or on `gpus` elsewhere, or by `base` at a `host`, or nobody knows yet. `epochs` None: as advised."""

    base: str = ""
    host: TuningHostFacts | None = None
    machine: Machine | None = None
    settings: TrainingSettings = field(default_factory=TrainingSettings)
    epochs: float | None = None
    usd_per_million: float | None = None
    least_rows: int = 1
    gpus: Gpus | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of the training rows. `answers` train, each read with the turns before it, in all `total` tokens, of which `learnt` carry loss;
    `context` is how many a row may have, None where nobody knows.
    """

    answers: int
    total: int
    learnt: int
    median: float
    longest: int
    longest_line: int
    by: str
    exact: bool
    context: int | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """General rows that train along: how many the file holds, and how many of them are drawn."""

    file: str
    rows: int
    drawn: int


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """What a preflight found.

    report = distill.preflight("train.jsonl", base="Qwen/Qwen3-0.6B")
    report.ok, report.findings, report.tokens.longest, report.advice.epochs
    """

    file: str
    rows: int
    valid_rows: int | None
    test_rows: int | None
    base: str
    host: str
    tokens: Tokens
    findings: tuple[Finding, ...]
    here: Here | None
    there: There | None
    advice: TrainingAdvice
    replay: Replayed | None = None
    on_gpus: GpuFit | None = None
    """On the GPUs that were named; what it takes here is then no matter."""

    @property
    def stops(self) -> list[Finding]:
        return [one for one in self.findings if one.grade == "stop"]

    @property
    def ok(self) -> bool:
        """Whether it may train."""
        return not self.stops

    def as_json(self) -> dict[str, Json]:
        return {"ok": self.ok, **asdict(self)}


def check(files: DatasetFiles, counter: TokenCounter, way: Way, *, today: date) -> PreflightReport:
    """Everything that is wrong with a dataset, or worth knowing of it; UsageError where a file is not there."""
    for path in (files.train, files.valid, files.test):
        if path is not None:
            json_lines.check_path(path)
    found, name = Findings(), files.train.name
    train = rows.read(files.train, counter, found)
    together.check(train, found, file=name)
    valid = rows.read(files.valid, counter, found) if files.valid else []
    tests = held_out.test_rows(files.test) if files.test else []
    if files.valid is not None:
        held_out.share(len(train), len(valid), found, file=files.valid.name)
        held_out.apart(train, valid, "valid", found, file=files.valid.name)
    if files.test is not None:
        held_out.apart(train, tests, "test", found, file=files.test.name)
    advice = advise(
        sum(row.tokens.answers for row in train), params=way.machine.shape.params if way.machine else None, hosted=way.host is not None,
        full=way.settings.full,
    )  # fmt: skip
    here, there, on_gpus = _here(train, way, advice), _there(train, way, advice), _on_gpus(train, way, advice)
    _where(files.train, train, way, here, found, today)
    if on_gpus is not None and not on_gpus.fits:
        found.add("memory_short", said=_short(on_gpus), file=name)
    return PreflightReport(
        file=str(files.train), rows=len(train), valid_rows=len(valid) if files.valid else None, test_rows=len(tests) if files.test else None,
        base=way.base, host=way.host.name if way.host else "", tokens=_tokens(train, counter), findings=found.sorted(), here=here, there=there,
        advice=advice, on_gpus=on_gpus,
    )  # fmt: skip


def _tokens(train: Sequence[Row], counter: TokenCounter) -> Tokens:
    sizes = [row.tokens.whole for row in train]
    longest = max(train, key=lambda row: row.tokens.whole, default=None)
    return Tokens(
        answers=sum(row.tokens.answers for row in train), total=sum(row.tokens.read for row in train),
        learnt=sum(row.tokens.learnt for row in train), median=median(sizes) if sizes else 0.0,
        longest=longest.tokens.whole if longest else 0, longest_line=longest.line if longest else 0, by=counter.by, exact=counter.exact,
        context=counter.context,
    )  # fmt: skip


def _here(train: Sequence[Row], way: Way, advice: TrainingAdvice) -> Here | None:
    machine = way.machine
    if machine is None or way.gpus is not None or not train:
        return None
    settings = replace(way.settings, epochs=way.epochs or advice.epochs)
    return cost.here(
        machine.shape, settings, [row.tokens for row in train], dtype=machine.dtype, itemsize=machine.itemsize,
        free_bytes=machine.free_bytes, speed=machine.speed,
    )  # fmt: skip


def _on_gpus(train: Sequence[Row], way: Way, advice: TrainingAdvice) -> GpuFit | None:
    if way.gpus is None or not train:
        return None
    if way.machine is None:
        raise UsageError(
            "what would train on these GPUs? A base whose size is known is needed: for a file --base, for a task `with: lora` or `full`"
        )
    settings = replace(way.settings, epochs=way.epochs or advice.epochs)
    return gpu_fit.fit(way.machine.shape, settings, [row.tokens for row in train], way.gpus)


def _short(found: GpuFit) -> str:
    return f"about {found.memory_bytes / GIB:.1f} GiB of the {found.gpus.memory_bytes / GIB:.0f} GiB that each GPU has"


def _there(train: Sequence[Row], way: Way, advice: TrainingAdvice) -> There | None:
    host = way.host
    if host is None:
        return None
    known = hosts.base_of(host, way.base)
    usd = known.usd if way.usd_per_million is None and known else way.usd_per_million
    says = f"the price of {hosts.AS_OF}" if way.usd_per_million is None else "the price that was given"
    if usd is None:
        says = f"no price is known here; see {host.prices_at}"
    tokens = sum(row.tokens.whole for row in train)
    return cost.there(
        host.name, way.base, tokens, way.epochs or advice.epochs, usd_per_million=usd, bills=host.bills, says=says
    )


def _where(path: Path, train: Sequence[Row], way: Way, here: Here | None, found: Findings, today: date) -> None:
    """Note what does not fit where the rows are to train; a file without any has its fault already."""
    if not train:
        return
    if way.host is not None:
        hosts.check(
            way.host, way.base, rows=len(train), size=path.stat().st_size, today=today, found=found, file=path.name
        )
    elif len(train) < way.least_rows:
        found.add("too_few_rows", said=f"{len(train)} rows, at least {way.least_rows} are needed", file=path.name)
    if max(way.least_rows, way.host.least_rows if way.host else 1) <= len(train) < _FEW_ROWS:
        found.add("few_rows", said=f"{len(train)} rows", file=path.name)
    if here is not None and here.free_bytes is not None and here.memory_bytes > here.free_bytes:
        said = (
            f"about {here.memory_bytes / 2**30:.1f} GiB of {here.free_bytes / 2**30:.1f} GiB that are free; a smaller batch_size with accumulate, "
            "recompute: true or fewer layers take less"
        )
        found.add("memory_short", said=said, file=path.name)
