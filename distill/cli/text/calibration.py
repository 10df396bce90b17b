"""A calibration as tables for people and as an object for scripts."""

from __future__ import annotations

from dataclasses import asdict

from distill.curate.calibration.results import Calibration, GateCalibration, GateLeftOut, JudgeCalibration
from distill.curate.calibration.stats import Agreement
from distill.curate.gates.settings import AtLeast
from distill.money import shown
from distill.records import Json

_SHOWN = 5
_HEAD = (
    f"{'':16}{'rows':>6}{'agrees':>8}  {'95 % interval':16}{'kappa':>7}{'AC1':>7}{'false drops':>13}"
    f"{'false keeps':>13}{'unscored':>10}"
)
_OF_ONE_JUDGE = ("n", "unscored", "agreement", "kappa", "ac1", "false_drops", "false_keeps")


def calibration_json(result: Calibration) -> dict[str, Json]:
    """The result as `--json` prints it."""
    whole = asdict(result) | {"gates": [_gate_json(gate) for gate in result.gates], "exit": result.exit_code}
    return whole | {"owed": whole.pop("pending")}


def _gate_json(gate: GateCalibration | GateLeftOut) -> dict[str, Json]:
    if isinstance(gate, GateLeftOut):
        return asdict(gate)
    found = {"gate": gate.gate, **asdict(gate.agreement)}
    if gate.judges is None:
        return found
    judges = asdict(gate.judges)
    each = [{"judge": name} | {key: one[key] for key in _OF_ONE_JUDGE} for name, one in judges["alone"].items()]
    return found | {
        **{key: judges[key] for key in ("at_least", "sweep", "best")},
        "judges": {"each": each, "pairs": judges["pairs"]},
        "disagree": judges["disagree"],
    }


def calibration_lines(result: Calibration) -> list[str]:
    """Each gate beside the labels; what the judges are worth; what is to be looked at."""
    gates = [gate for gate in result.gates if isinstance(gate, GateCalibration)]
    lines = [
        f"{result.task}: {result.rows} labelled answers of {result.gold}, {result.good} of them good",
        _HEAD,
        *(_gate_line(gate) for gate in result.gates),
        _line("all together", result.together),
        *(line for gate in gates for line in _strata_lines(gate)),
        *(line for gate in gates if gate.judges is not None for line in _judge_lines(gate.gate, gate.judges)),
    ]
    if result.pending:
        lines.append(f"{result.pending} verdicts are pending; run again to ask only for those")
    spent = shown(result.usd, result.unpriced_calls)
    lines.append(f"{result.requests_sent} requests sent; {spent} spent on calibrating so far")
    return [*lines, *(f"warning: {warning}" for warning in result.warnings)]


def _gate_line(gate: GateCalibration | GateLeftOut) -> str:
    if isinstance(gate, GateLeftOut):
        return f"{gate.gate:16}left out: {gate.left_out}"
    return _line(gate.gate, gate.agreement)


def _line(name: str, found: Agreement) -> str:
    if found.agreement is None:
        return f"{name:16}{found.n:>6}   none could be compared, {found.unscored} are unscored"
    between = f"{found.agreement.low:.0%} to {found.agreement.high:.0%}"
    return (
        f"{name:16}{found.n:>6}{found.agreement.mean:>8.0%}  {between:16}{_number(found.kappa):>7}{_number(found.ac1):>7}"
        f"{found.false_drops:>13}{found.false_keeps:>13}{found.unscored:>10}"
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 2) + 0.0:.2f}"  # no -0.00


def _strata_lines(gate: GateCalibration) -> list[str]:
    """Where good answers are dropped."""
    return [
        f"  {gate.gate} drops {row.dropped} of {row.good} good answers of {row.stratum}"
        for row in gate.agreement.false_drops_by_stratum
        if row.dropped
    ]


def _judge_lines(gate: str, judges: JudgeCalibration) -> list[str]:
    lines = []
    if best := judges.best:
        lines.append(
            f"  {gate}: at_least {best.at_least:g} would agree best, {best.agreement:.0%}, with {best.false_drops} "
            f"false drops and {best.false_keeps} false keeps; now {_limit(judges.at_least)}"
        )
    if len(judges.alone) > 1:
        lines += [f"  {gate} by {name}: {_alone(found)}" for name, found in judges.alone.items()]
    for pair in judges.pairs:
        if pair.same is not None:
            names = " and ".join(pair.judges)
            lines.append(f"  {gate}: {names} decide alike on {pair.same:.0%} of {pair.n}, AC1 {_number(pair.ac1)}")
    for row in judges.disagree[:_SHOWN]:
        people = f"people say {'good' if row.good else 'bad'}" + (f" ({row.why})" if row.why else "")
        lines.append(f"  {gate} against people: {people}: {' '.join(row.answer.split())[:100]}")
    return lines


def _limit(at_least: AtLeast) -> str:
    if isinstance(at_least, dict):
        return ", ".join(f"{name} {score:g}" for name, score in at_least.items())
    return f"{at_least:g}"


def _alone(found: Agreement) -> str:
    if found.agreement is None:
        return f"{found.unscored} unscored"
    return f"agrees on {found.agreement.mean:.0%} of {found.n}, AC1 {_number(found.ac1)}, {found.unscored} unscored"
