"""Each figure that `evaluate.gate` asks for beside what the comparison measured.

    points      student minus teacher by the metric of the verdict, at the low end of its 95 % interval
    strata      the same in the worst value of any label, of those with 20 rows or more; measured values
    schema      share of the student's answers that keep to the schema; measured value
    coverage    `selective.coverage` of comparison.json
    forgetting  points that training lost, `probes` of comparison.json

A part that is asked for and that comparison.json does not hold is "not measured", and that is not met.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from distill.evaluate.comparison import Comparison
from distill.records import Json
from distill.rundir import RunDir, read_json, read_result
from distill.spec.evaluation.evaluate import Evaluate
from distill.spec.evaluation.gate import EvaluationGate
from distill.stats import FEW
from distill.text.percentages import percent, signed

GateState = Literal["met", "not met", "not measured"]
_FILE = "comparison.json"


@dataclass(frozen=True, slots=True)
class GateCheck:
    """One demand: its setting, what was wanted and found (in the unit of the setting), and both as a sentence."""

    name: str
    state: GateState
    wanted: float | str
    found: float | str | None
    sentence: str

    @property
    def met(self) -> bool:
        return self.state == "met"


def checks_of(folder: RunDir, evaluate: Evaluate) -> list[GateCheck]:
    """Every demand of the spec against the run's comparison.json; all are "not measured" where there is none."""
    there = (folder / _FILE).exists()
    compared = read_result(folder / _FILE, Comparison) if there else None
    parts = read_json(folder / _FILE, dict) if there else {}
    return checks(compared, parts, gate=evaluate.gate, require=evaluate.require)


def checks(
    compared: Comparison | None,
    parts: Mapping[str, Json],
    *,
    gate: EvaluationGate | None,
    require: str | None = None,
) -> list[GateCheck]:
    """`parts` is comparison.json as it is: it may hold `selective` and `probes`."""
    word = compared.verdict.word if compared else None
    found = [_word(word, require)] if require else []
    if gate is None:
        return found
    if gate.points is not None:
        found.append(_points("points", gate.points, _low_end(compared), "at the low end of the interval"))
    if gate.strata is not None:
        value, where = _worst_stratum(compared)
        found.append(_points("strata", gate.strata, value, where))
    if gate.schema_ is not None:
        found.append(_share("schema", gate.schema_, _schema(compared), "of the student's answers keep to the schema"))
    if gate.coverage is not None:
        covered = number_of(parts.get("selective"), "coverage")
        found.append(_share("coverage", gate.coverage, covered, "of the rows are answered by the student itself"))
    if gate.forgetting is not None:
        found.append(_forgetting(gate.forgetting, number_of(parts.get("probes"), "forgetting")))
    return found


def number_of(part: Json, name: str) -> float | None:
    """A figure of a part of comparison.json, which is {name: number}, {name: {value: number}} or [{name: …, value: number}]."""
    if isinstance(part, list):
        part = {str(one.get("name")): one for one in part if isinstance(one, dict)}
    value = part.get(name) if isinstance(part, dict) else None
    if isinstance(value, dict):
        value = value.get("value", value.get("mean"))
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _word(word: str | None, wanted: str) -> GateCheck:
    if word is None:
        return GateCheck(
            "require", "not measured", wanted, None, f"nothing was compared; the verdict must be “{wanted}”"
        )
    state: GateState = "met" if word == wanted else "not met"
    return GateCheck("require", state, wanted, word, f"the verdict is “{word}”; it must be “{wanted}”")


def _points(name: str, wanted: float, found: float | None, where: str) -> GateCheck:
    least = f"at least {signed(wanted / 100)} wanted"
    if found is None:
        return GateCheck(
            name, "not measured", wanted, None, f"{where or 'student and teacher were not compared'}; {least}"
        )
    return GateCheck(
        name, _state(found >= wanted), wanted, found,
        f"{signed(found / 100)} points against the teacher, {where}; {least}",
    )  # fmt: skip


def _share(name: str, wanted: float, found: float | None, what: str) -> GateCheck:
    least = f"at least {percent(wanted)} wanted"
    if found is None:
        return GateCheck(name, "not measured", wanted, None, f"not measured what share {what}; {least}")
    return GateCheck(name, _state(found >= wanted), wanted, found, f"{percent(found)} {what}; {least}")


def _forgetting(wanted: float, found: float | None) -> GateCheck:
    most = f"at most {wanted:g} wanted"
    if found is None:
        said = f"not measured how many points training lost on a general set; {most}"
        return GateCheck("forgetting", "not measured", wanted, None, said)
    said = f"training lost {found:.1f} points on the general set; {most}"
    return GateCheck("forgetting", _state(found <= wanted), wanted, found, said)


def _state(holds: bool) -> GateState:
    return "met" if holds else "not met"


def _low_end(compared: Comparison | None) -> float | None:
    """Points; None where the metric of the verdict has no row that both answered."""
    gaps = compared.differences if compared else []
    metric = compared.metric if compared else ""
    return next((gap.low * 100 for gap in gaps if (gap.metric, gap.b) == (metric, "teacher")), None)


def _worst_stratum(compared: Comparison | None) -> tuple[float | None, str]:
    """Points in the worst stratum, and which; strata with too few rows tell nothing, and their number is said."""
    cells = [(label, cell) for label, found in (compared.by_label if compared else {}).items() for cell in found]
    scored = [
        ((cell.student.mean - cell.teacher.mean) * 100, f"{label} = {cell.value}", cell.student.n)
        for label, cell in cells
        if cell.student and cell.teacher and min(cell.student.n, cell.teacher.n) >= FEW
    ]
    few = len(cells) - len(scored)
    left = f"; {few} of {len(cells)} strata have under {FEW} rows and are left out" if few else ""
    if not scored:
        return None, f"no stratum has {FEW} test rows that both answered"
    value, name, n = min(scored)
    return value, f"in {name} (n = {n}), the worst of {len(scored)}{left}"


def _schema(compared: Comparison | None) -> float | None:
    student = compared.arms.get("student") if compared else None
    found = student.metrics.get("schema") if student else None
    return found.mean if found else None
