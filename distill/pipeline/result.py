"""What a command did in a run, as a value: the figures that the command line prints, and the run's tables, read when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import polars as pl

from distill.curate.accounting.conservation import RowTotal
from distill.curate.accounting.funnel import FunnelLine, line_of
from distill.curate.accounting.large_losses import LargeLoss, read_losses
from distill.curate.accounting.shortfall import Shortfall, read_shortfall
from distill.errors import GateNotMet, RowsOwed
from distill.evaluate.comparison import Comparison
from distill.evaluate.diagnosis.result import Diagnosis
from distill.evaluate.figures import NO_FIGURES, Figures, figures
from distill.evaluate.gate.checks import GateCheck, checks_of
from distill.evaluate.verdict import ComparisonVerdict
from distill.generate import served_models
from distill.generate.preview import PreviewRow, preview
from distill.generate.served_models import Named
from distill.money import known_usd, shown
from distill.pipeline import pending
from distill.records import Json
from distill.report.warnings import of_money
from distill.rundir import read_json, read_parquet, read_result
from distill.task.run import ActiveRun, endpoints, ledger
from distill.teacher.store.endpoint_totals import EndpointTotals
from distill.teacher.store.queries import SpenderTotals
from distill.text import notebook

_KEYS = {"name": "run", "pending": "owed", "why_empty": "nothing", "exit_code": "exit"}
"""Field → its key in JSON, where that is another word."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """Where the rows went, a line a stage, and their sum: questions + gold = kept + dropped."""

    stages: Sequence[FunnelLine]
    seeds: int
    questions: int
    gold: int
    kept: int
    dropped: int
    conserved: bool = True

    @property
    def total(self) -> RowTotal:
        """The sum alone."""
        return RowTotal(self.seeds, self.questions, self.gold, self.kept, self.dropped)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Run:
    """What a command did in a run; the run's tables are read when they are asked for.

    run.dataset    the kept rows of samples.parquet: seed_id, stratum, input, answer, score, fate (train, valid) …
    run.dropped    dropped.parquet: row, request_id, stratum, stage, reason, detail
    run.spend      a row a spender: spender, sends, answered, prompt_tokens, completion_tokens, usd …
    run.verdict    word, sentences, rows_needed; None where nothing was compared
    """

    name: str
    """`task/001`."""
    folder: Path
    done: Sequence[str]
    """Stages that did their work; those of `skipped` had nothing new to read."""
    skipped: Sequence[str]
    changed: Mapping[str, Sequence[str]]
    """Stage of `done` → why it was not skipped."""
    requests_sent: int
    from_the_store: int
    pending: int
    """Rows without an answer or a verdict; the same command asks for them again."""
    shortfall: Sequence[Shortfall] = ()
    large_losses: Sequence[LargeLoss] = ()
    why_empty: str = ""
    """Why there is no row to train on, or to compare on; empty where there are some."""
    usd: float | None
    """Dollars that the run has cost so far, over all commands; None where no price is known."""
    usd_estimated: float | None
    unpriced_calls: int = 0
    warnings: Sequence[str] = ()
    models: Sequence[Named] = ()
    """Models that answered though another was asked."""
    funnel: Funnel | None = None
    """None where nothing was curated."""
    verdict: ComparisonVerdict | None = None
    diagnosis: Diagnosis | None = None
    """Where the verdict comes from, and the one next step; of a command that came to the comparison."""
    figures: Figures = NO_FIGURES
    """Student, teacher and difference, of a command that came to the report."""
    gate: Sequence[GateCheck] = ()
    """What the spec demands of the comparison, of a command that came to it."""
    preview: Sequence[PreviewRow] = ()
    """Some answers to look at, where only some rows were asked (`dataset.preview`)."""
    report: Path | None = None
    """report.html, where it was written."""
    exit_code: int = 0
    """What the command line ends with: 0, 3 where rows are pending, 4 where a demand of the spec was not met."""
    endpoints: Sequence[EndpointTotals] = ()
    """What each endpoint was sent and gave, where several are one teacher."""
    spenders: Sequence[SpenderTotals] = ()

    @property
    def dataset(self) -> pl.DataFrame:
        """The rows that train or validate, with their scores."""
        samples = self.samples
        return samples.filter(samples["fate"] != "dropped")

    @property
    def samples(self) -> pl.DataFrame:
        """Every whole answer with its scores and its fate, as the gates take them."""
        return self.table("samples.parquet")

    @property
    def dropped(self) -> pl.DataFrame:
        """Every row that is not in the dataset, with its stage, reason and detail."""
        return self.table("dropped.parquet")

    @property
    def spend(self) -> pl.DataFrame:
        """What each spender has sent and cost, over all commands of the run."""
        columns = [one.name for one in fields(SpenderTotals)]
        return pl.DataFrame([asdict(row) for row in self.spenders], schema=None if self.spenders else columns)

    def table(self, name: str) -> pl.DataFrame:
        """A Parquet file of the run's folder, e.g. `seeds.parquet`; UsageError says which command writes it."""
        return read_parquet(self.folder / name)

    def as_json(self) -> dict[str, Json]:
        """The object that `--json` prints."""
        return {
            _KEYS.get(one.name, one.name): _plain(getattr(self, one.name))
            for one in fields(self)
            if one.name != "spenders"
        }

    def __repr__(self) -> str:
        return notebook.line("Run", self._figures())

    def _repr_html_(self) -> str:
        return notebook.table(self._figures(), self.verdict.sentences if self.verdict else ())

    def _figures(self) -> dict[str, object]:
        """What is shown of a run, by its name."""
        found: dict[str, object] = {"name": self.name, "done": ", ".join(self.done) or "nothing new"}
        if self.funnel:
            found |= {"kept": self.funnel.kept, "dropped": self.funnel.dropped}
        found |= {"requests_sent": self.requests_sent, "spent": shown(self.usd, self.unpriced_calls)}
        if self.pending:
            found["pending"] = self.pending
        if self.verdict:
            found["verdict"] = self.verdict.word
        if self.why_empty:
            found["why_empty"] = self.why_empty
        return found | ({"report": str(self.report)} if self.report else {})


def result_of(run: ActiveRun) -> Run:
    """What the command has done, from the run's files and its ledger."""
    paid, open_rows = ledger(run), pending.count(run)
    unpriced = sum(row.unpriced for row in paid)
    counts, verdict = _curated(run), _verdict(run)
    gate = checks_of(run.folder, run.task.spec.evaluate) if _did(run, "evaluate") else []
    missed = verdict is not None and not all(check.met for check in gate)
    page = run.folder.path / "report.html"
    return Run(
        name=run.folder.name, folder=run.folder.path, done=run.done, skipped=run.skipped, changed=run.changed,
        requests_sent=run.sender.sends, from_the_store=run.sender.replayed, pending=open_rows,
        shortfall=read_shortfall(counts), large_losses=read_losses(counts), why_empty=run.nothing,
        usd=known_usd(run.store.spent(run.folder.name), unpriced),
        usd_estimated=known_usd(sum(row.usd_estimated for row in paid), unpriced), unpriced_calls=unpriced,
        warnings=of_money(run), models=served_models.others(run), funnel=_funnel(counts), verdict=verdict,
        diagnosis=_diagnosis(run), figures=_figures(run), gate=gate,
        preview=_preview(run), report=page if page.exists() else None,
        exit_code=_exit(missed=missed, pending=bool(open_rows), nothing=bool(run.nothing)),
        endpoints=endpoints(run), spenders=paid,
    )  # fmt: skip


def _did(run: ActiveRun, stage: str) -> bool:
    """Whether the command came to a stage: what an earlier one left of it is not shown."""
    return stage in (*run.done, *run.skipped)


def _curated(run: ActiveRun) -> Mapping[str, Json]:
    path = run.folder / "funnel.json"
    return read_json(path, dict) if _did(run, "curate") and path.exists() else {}


def _funnel(counts: Mapping[str, Json]) -> Funnel | None:
    """None also where the run was curated before the sum was checked."""
    stages = [line_of(stage) for stage in counts.get("funnel", ())]
    return Funnel(stages, **counts["total"]) if counts.get("conserved") else None


def _verdict(run: ActiveRun) -> ComparisonVerdict | None:
    path = run.folder / "comparison.json"
    return ComparisonVerdict(**read_json(path, dict, needs="verdict")["verdict"]) if path.exists() else None


def _diagnosis(run: ActiveRun) -> Diagnosis | None:
    path = run.folder / "comparison.json"
    there = (_did(run, "evaluate") or _did(run, "report")) and path.exists()
    return read_result(path, Comparison).diagnosis if there else None


def _figures(run: ActiveRun) -> Figures:
    there = _did(run, "report") and (run.folder / "comparison.json").exists()
    return figures(read_result(run.folder / "comparison.json", Comparison)) if there else NO_FIGURES


def _preview(run: ActiveRun) -> list[PreviewRow]:
    if run.task.spec.dataset.preview is None or not _did(run, "generate"):
        return []
    return preview(run, curated=_did(run, "curate"))


def _exit(*, missed: bool, pending: bool, nothing: bool) -> int:
    """A verdict that was missed first; a dataset that is empty since rows are pending may fill yet."""
    if missed or (nothing and not pending):
        return GateNotMet.exit_code
    return RowsOwed.exit_code if pending else 0


def _plain(value: object) -> Json:
    """A field's value as JSON."""
    match value:
        case Path():
            return str(value)
        case Named():
            return value._asdict()
        case FunnelLine() | LargeLoss():
            return value.as_json()
        case Funnel():
            return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        case (
            EndpointTotals() | Shortfall() | ComparisonVerdict() | Diagnosis() | Figures() | GateCheck() | PreviewRow()
        ):
            return asdict(value)
        case list() | tuple():
            return [_plain(one) for one in value]
    return value
