"""What is wrong with the metrics that a spec names, found before anything is sent."""

from __future__ import annotations

from pathlib import Path

from distill import extras
from distill.curate.gates.verify.source import source_faults
from distill.errors import Fault
from distill.evaluate.metrics import METRICS
from distill.evaluate.metrics.names import AGREEMENT, parts
from distill.evaluate.scoring.choice import verify_settings
from distill.spec import TaskSpec
from distill.text.normalise import did_you_mean
from distill.values.likeness import TEXT_METRICS
from distill.values.rules import Rule

_KNOWN = {*METRICS, *TEXT_METRICS, *(f"{AGREEMENT}_{name}" for name in TEXT_METRICS), "verify"}


def faults(spec: TaskSpec, file: Path) -> list[Fault]:
    """Every fault of `evaluate.metrics`, `decide_by` and of what they need."""
    found = [*_own(spec, file), *_deciding(spec, file), *_packages(spec, file)]
    if "verify" in spec.evaluate.metric_names and verify_settings(spec) is None:
        said = "`verify` is named, and no gate asks a verify.py; add `verify` to gates, or name the file: {python: verify.py:check}"
        found.append(Fault(f"{file}: evaluate.metrics", said))
    return found


def _own(spec: TaskSpec, file: Path) -> list[Fault]:
    """A file that is missing, lies outside the task's folder, or defines no such function; a name that is taken."""
    found = []
    for number, one in enumerate(spec.evaluate.metrics if isinstance(spec.evaluate.metrics, list) else ()):
        if isinstance(one, str):
            continue
        place = f"{file}: evaluate.metrics[{number}].python"
        if one.name in _KNOWN or one.name == "auto":
            said = f"the function is called {one.name!r}, as a metric that is there already; give it another name"
            found.append(Fault(place, said))
        found += [
            Fault(place, fault.message if fault.where == "function" else str(fault))
            for fault in source_faults(one.function, file.parent)
        ]
    return found


def _deciding(spec: TaskSpec, file: Path) -> list[Fault]:
    name = spec.evaluate.decide_by
    known = _KNOWN | {one.name for one in spec.evaluate.own_metrics}
    if name is None or name in known or (parts(name)[2] and name.partition(":")[0] in known):
        return []
    said = f"{name!r} is no metric{did_you_mean(name, known)}; expected one of {', '.join(sorted(known))}, or one of a field: chrf:summary"
    return [Fault(f"{file}: evaluate.decide_by", said)]


def _packages(spec: TaskSpec, file: Path) -> list[Fault]:
    """The embedding, where its vectors are not installed."""
    rules = spec.evaluate.rules
    given = [rules] if isinstance(rules, Rule) else list((rules or {}).values())
    places = ["evaluate.metrics"] if "embedding" in spec.evaluate.metric_names else []
    places += ["evaluate.compare"] if any(rule.kind == "embedding" for rule in given) else []
    gone = extras.missing("meaning") if places else []
    return [
        Fault(
            f"{file}: {place}", f"'embedding' needs {', '.join(gone)}, which is not installed; {extras.hint('meaning')}"
        )
        for place in places
        if gone
    ]
