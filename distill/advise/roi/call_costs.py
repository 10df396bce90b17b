"""Dollars a call of teacher, cheap rival and student, and dollars that were paid once: each measured, given, a default or unknown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from distill.advise.quantity import Quantity, mean_of, unknown
from distill.advise.roi.run_figures import ArmCalls, RunFigures
from distill.evaluate.comparison import ARMS
from distill.money import LOCAL, Price, price_of
from distill.records import Usage
from distill.teacher.store.queries import SpenderTotals
from distill.teacher.store.training import SPENDER as TRAINING

_CALL = "$ a call"
PARTS = ("data", "judging", "training", "evaluation")
"""What is paid once, by the run's ledger."""


@dataclass(frozen=True, slots=True)
class GivenPrices:
    """What a user gives instead of what was measured: prices of tokens, and dollars that were paid once by PARTS."""

    teacher: Price | None = None
    student: Price | None = None
    cheap: Price | None = None
    once: Mapping[str, float | None] = field(default_factory=dict)


def teacher_call(run: RunFigures, prices: GivenPrices) -> Quantity:
    """The prompted teacher's price of a call."""
    arm = run.arms.get("teacher")
    here = f"{run.teacher} runs here, so its machine is paid by the hour; --teacher-price tells what another would cost"
    note = here if run.teacher.startswith(LOCAL) else run.teacher
    return _call("prompted teacher", arm, prices.teacher, note, "--teacher-price")


def cheap_call(run: RunFigures, prices: GivenPrices) -> Quantity:
    """The rival arm with the least price of a call; else a given price for the tokens of the teacher's calls."""
    rivals = {name: arm for name, arm in run.arms.items() if name not in ARMS}
    priced = [_call("prompted cheap model", arm, prices.cheap, name, "--cheap-price") for name, arm in rivals.items()]
    if priced:
        return min(priced, key=lambda one: math.inf if one.value is None else one.value)
    none = "the run has no rival arm; give --cheap-price"
    if prices.cheap is None:
        return unknown("prompted cheap model", _CALL, none)
    return _call(
        "prompted cheap model", run.arms.get("teacher"), prices.cheap, "for the tokens of the teacher's calls", ""
    )


def served_here(run: RunFigures, prices: GivenPrices) -> bool:
    """Whether the student runs on a machine that is paid by the hour, and not at a host that charges tokens."""
    return run.trained_with != "hosted" and prices.student is None


def student_call(run: RunFigures, prices: GivenPrices, *, shorter: Quantity, factor: Quantity) -> Quantity:
    """The student's price of a call; of one's own machine 0, since that is paid by the hour."""
    if served_here(run, prices):
        note = "its machine is paid by the hour, see hosting"
        return Quantity("student", 0.0, _CALL, "given" if "student" not in run.arms else "measured in this run", note)
    arm, note = run.arms.get("student"), "its own tokens"
    if arm is None and (teacher := run.arms.get("teacher")):
        note = f"the teacher's tokens, with a prompt {(shorter.value or 0) * 100:.0f} % shorter"
        kept = 1 - (shorter.value or 0.0)
        arm = ArmCalls([kept * one for one in teacher.prompt_tokens], teacher.completion_tokens, [], teacher.seconds)
    found = _call("student", arm, prices.student, note, "--student-price")
    base = price_of(run.base)
    if found.value is not None or arm is None or base is None:
        return found
    each = [(factor.value or 1.0) * one for one in _priced(arm, base)]
    made = mean_of("student", each, _CALL, f"{note}, at {factor.value:g} × the price of {run.base}")
    return replace(made, source="default")


def paid_once(run: RunFigures, prices: GivenPrices, machine_hour: Quantity) -> list[Quantity]:
    """A line a part. What another run or a plan had paid for already is not in this run's ledger."""
    kinds = {name: [row for row in run.ledger if _part(row.spender, run) == name] for name in PARTS}
    found = [_paid(name, kinds[name], prices.once.get(name)) for name in PARTS]
    if prices.once.get("training") is None and not kinds["training"]:
        found[PARTS.index("training")] = _own_training(run, machine_hour)
    return found


def _own_training(run: RunFigures, machine_hour: Quantity) -> Quantity:
    """A training on this machine, at the price of a machine's hour."""
    if run.train_seconds is None or run.trained_with == "none":
        return unknown("training", "$", "nothing was trained yet; give --input training_usd=…")
    if run.trained_with == "hosted":
        return unknown("training", "$", "the ledger has no training; give --input training_usd=…")
    usd = run.train_seconds / 3600 * (machine_hour.value or 0.0)
    note = (
        f"{run.train_seconds:.0f} s measured, at ${machine_hour.value:g} an hour of a machine ({machine_hour.source})"
    )
    return Quantity("training", usd, "$", machine_hour.source if machine_hour.source == "given" else "default", note)


def _part(spender: str, run: RunFigures) -> str:
    if spender == TRAINING:
        return "training"
    if spender.startswith("judge "):
        return "judging"
    return "evaluation" if (spender in run.arms or spender in ARMS) and spender != "teacher" else "data"


def _paid(name: str, rows: Sequence[SpenderTotals], given: float | None) -> Quantity:
    if given is not None:
        return Quantity(name, given, "$", "given")
    unpriced, sends = sum(row.unpriced for row in rows), sum(row.sends for row in rows)
    if unpriced:
        return unknown(name, "$", f"{unpriced:,} of {sends:,} calls have no known price; give --input {name}_usd=…")
    note = f"{sends:,} call{'s' if sends != 1 else ''} in the run's ledger"
    return Quantity(name, math.fsum(row.usd for row in rows), "$", "measured in this run", note)


def _call(name: str, arm: ArmCalls | None, price: Price | None, note: str, option: str) -> Quantity:
    """The mean of an arm's calls: by a given price of their tokens, or as they were paid."""
    if arm is None or not arm.prompt_tokens:
        return unknown(name, _CALL, "it answered no test row in this run, so its tokens are not known")
    if price is not None:
        said = f"{note}; the price is given, the tokens are measured"
        return replace(mean_of(name, _priced(arm, price), _CALL, said), source="given")
    paid = [one for one in arm.usd if one is not None]
    if len(paid) < len(arm.prompt_tokens):
        return unknown(name, _CALL, f"{note}: its price is not known; give {option}")
    return mean_of(name, paid, _CALL, note)


def _priced(arm: ArmCalls, price: Price) -> list[float]:
    pairs = zip(arm.prompt_tokens, arm.completion_tokens, strict=True)
    return [price(Usage(round(prompt), round(said))) for prompt, said in pairs]
