"""The student that learns from people's answers alone, by the same recipe: whether the teacher's rows are worth their price.

    gold_student/train.jsonl      the lines of train.jsonl whose answer is a known one
    gold_student/adapter.gguf     as the student's own, or adapter/, model/
    gold_student/trained.json     what it was trained on: it is trained again only where that is another

It is one more training where the student is a language model; a classifier is trained along with the other arms. Preference pairs and
replayed rows are left out: they are no known answers.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from distill import reads
from distill.atomic_write import write_atomic, write_json
from distill.records import GOLD, Json, content_id
from distill.rundir import file_hash
from distill.student import adapter
from distill.student.preflight.target import LEAST_ROWS
from distill.student.trainers.linear import FEWEST_ROWS
from distill.tables.outcome import ordered
from distill.task.run import ActiveRun
from distill.teacher.endpoint.address import Address

if TYPE_CHECKING:
    import polars as pl

ARM = "gold_student"
_DONE = "trained.json"


def why_not(run: ActiveRun) -> str:
    """Why there is no such arm; empty where there is one, or none was asked for."""
    train = run.task.spec.student.train
    if ARM not in run.task.spec.arms:
        return ""
    if not (train.local or train.classifier):
        what = "is a job of its own at a host, with a bill of its own" if train.with_ == "hosted" else "trains nothing"
        return f"`with: {train.with_}` {what}"
    rows = _rows(run)
    gold, least = int((rows["teacher"] == GOLD).sum()), FEWEST_ROWS if train.classifier else LEAST_ROWS
    if gold == 0:
        return "no known answer trains (seeds.gold, with seeds.gold_rows: train)"
    if gold == rows.height:
        return "all rows that train are known answers, so it would be the student itself"
    return f"{gold} known answers train, and {least} are the least" if gold < least else ""


def left_out(run: ActiveRun) -> list[str]:
    """What is said where the arm is asked for and cannot be."""
    reason = why_not(run)
    return [f"the student of the known answers alone (gold_student) is left out: {reason}"] if reason else []


async def trained(run: ActiveRun) -> Address | None:
    """Where it answers, trained where it is not there; None where there is none, or it is no language model."""
    if ARM not in run.task.spec.arms or not run.task.spec.student.train.local or why_not(run):
        return None
    out, lines = run.folder.path / ARM, _lines(run)
    key = _key(run, lines)
    done = out / _DONE
    tuned = out / adapter.served(run.task)
    if not (done.exists() and tuned.exists() and done.read_text("utf-8").strip() == f'{{"key": "{key}"}}'):
        run.watch.say(f"  training the student of {len(lines):,} known answers alone")
        out.mkdir(parents=True, exist_ok=True)
        done.unlink(missing_ok=True)
        write_atomic(out / "train.jsonl", b"".join(lines))
        await adapter.train(run, out / "train.jsonl", out)
        write_json(done, {"key": key})
    return adapter.address(run.task.base, tuned, f"{run.folder.task}-{run.folder.number:03}-gold")


def _rows(run: ActiveRun) -> pl.DataFrame:
    """The rows of samples.parquet that train, in the order of train.jsonl."""
    samples = run.scan("samples.parquet").collect()
    return ordered(samples.filter(samples["fate"] == "train"))


def _lines(run: ActiveRun) -> list[bytes]:
    reads.note_file(run.folder / "train.jsonl")
    lines = (run.folder / "train.jsonl").read_bytes().splitlines(keepends=True)
    of_people = (_rows(run)["teacher"] == GOLD).to_list()
    return [line for line, gold in zip(lines, of_people, strict=True) if gold]


def _key(run: ActiveRun, lines: list[bytes]) -> str:
    """Equal for trainings that are the same."""
    from distill.student.trainers.fine_tuning import TuningSettings

    train, weights = run.task.spec.student.train, run.task.base_weights
    settings: dict[str, Json] = {
        one.name: getattr(train, one.name)
        for one in fields(TuningSettings)
        if one.name not in ("max_tokens", "full", "begin")
    }
    base = weights.identity if weights else ""
    valid = file_hash(run.folder / "valid.jsonl")
    return content_id([line.decode() for line in lines], valid, settings, train.with_, train.context, base)
