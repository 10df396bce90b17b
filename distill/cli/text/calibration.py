"""A calibration as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distill.money import shown

_SHOWN = 5


def lines(result: Mapping[str, Any]) -> list[str]:
    """Each gate beside the labels; what the judges are worth; what is to be looked at."""
    said = [
        f"{result['task']}: {result['rows']} labelled answers of {result['gold']}, {result['good']} of them good",
        f"{'':16}{'rows':>6}{'agrees':>8}  {'95 % interval':16}{'kappa':>7}{'AC1':>7}{'false drops':>13}{'false keeps':>13}{'unscored':>10}",
        *(_row(gate["gate"], gate) for gate in result["gates"]),
        _row("all together", result["together"]),
    ]
    said += [line for gate in result["gates"] for line in _strata(gate)]
    said += [line for gate in result["gates"] if "judges" in gate for line in _judge(gate)]
    if result["owed"]:
        said.append(f"{result['owed']} verdicts are pending; run again to ask only for those")
    said.append(
        f"{result['requests_sent']} requests sent; {shown(result['usd'], result['unpriced_calls'])} spent on calibrating so far"
    )
    return [*said, *(f"warning: {one}" for one in result["warnings"])]


def _row(name: str, found: Mapping[str, Any]) -> str:
    if "left_out" in found:
        return f"{name:16}left out: {found['left_out']}"
    agreement = found["agreement"]
    if agreement is None:
        return f"{name:16}{found['n']:>6}   none could be compared, {found['unscored']} are unscored"
    between = f"{agreement['low']:.0%} to {agreement['high']:.0%}"
    return (
        f"{name:16}{found['n']:>6}{agreement['mean']:>8.0%}  {between:16}{_number(found['kappa']):>7}{_number(found['ac1']):>7}"
        f"{found['false_drops']:>13}{found['false_keeps']:>13}{found['unscored']:>10}"
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 2) + 0.0:.2f}"  # no -0.00


def _strata(gate: Mapping[str, Any]) -> list[str]:
    """Where good answers are dropped."""
    return [
        f"  {gate['gate']} drops {row['dropped']} of {row['good']} good answers of {row['stratum']}"
        for row in gate.get("false_drops_by_stratum", ())
        if row["dropped"]
    ]


def _judge(gate: Mapping[str, Any]) -> list[str]:
    name, best = gate["gate"], gate["best"]
    said = []
    if best:
        said.append(
            f"  {name}: at_least {best['at_least']:g} would agree best, {best['agreement']:.0%}, with {best['false_drops']} "
            f"false drops and {best['false_keeps']} false keeps; now {_mark(gate['at_least'])}"
        )
    if len(gate["judges"]["each"]) > 1:
        said += [f"  {name} by {one['judge']}: {_alone(one)}" for one in gate["judges"]["each"]]
    for pair in gate["judges"]["pairs"]:
        if pair["same"] is not None:
            said.append(
                f"  {name}: {' and '.join(pair['judges'])} decide alike on {pair['same']:.0%} of {pair['n']}, AC1 {pair['ac1']:.2f}"
            )
    for row in gate["disagree"][:_SHOWN]:
        people = f"people say {'good' if row['good'] else 'bad'}" + (f" ({row['why']})" if row["why"] else "")
        said.append(f"  {name} against people: {people}: {' '.join(row['answer'].split())[:100]}")
    return said


def _mark(at_least: Any) -> str:
    return (
        f"{at_least:g}" if isinstance(at_least, int | float) else ", ".join(f"{k} {v:g}" for k, v in at_least.items())
    )


def _alone(one: Mapping[str, Any]) -> str:
    if one["agreement"] is None:
        return f"{one['unscored']} unscored"
    return (
        f"agrees on {one['agreement']['mean']:.0%} of {one['n']}, AC1 {_number(one['ac1'])}, {one['unscored']} unscored"
    )
