"""What is wrong with the curation part of a spec, found before anything is sent: gates, their judges, several draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from distill.chat import conversation
from distill.curate.gates.judge.requests import dimensions, judged_gates
from distill.curate.gates.verify import function
from distill.errors import Fault
from distill.records import Seed
from distill.spec import Judge, Places, TaskSpec
from distill.text.normalise import did_you_mean

_FILES = {
    "schema": ("output", "output; name a JSON Schema file"),
    "tools": ("tools", "tools; name a file of tools"),
}
"""Gate → the setting of the teacher that names its file, and what to do about it."""


def curation_faults(
    spec: TaskSpec, file: Path, places: Places, rubric: str | None, seeds: Sequence[Seed]
) -> list[Fault]:
    """Every fault of gates, judges and draws; `rubric` is the text of the file in `judge.prompt`, None if it was not read."""
    judge = _judge(spec, spec.judge, rubric, file) if spec.judge is not None else []
    return [
        *(_group(spec, file) or [*judge, *_limits(spec, file)]),
        *_gates(spec, file, places, seeds),
        *_draws(spec, file),
    ]


def _gates(spec: TaskSpec, file: Path, places: Places, seeds: Sequence[Seed]) -> list[Fault]:
    """Gates and settings that are not known, and gates without the file that they check against; seeds may bring tools."""
    from distill.curate.gates import registry

    gates = spec.gate_settings()
    found = registry.faults(gates)
    for number, (name, _) in enumerate(gates):
        setting, advice = _FILES.get(name, ("", ""))
        if not setting or getattr(spec.teacher, setting) is not None or not places.sound(("teacher", setting)):
            continue
        if name == "tools" and any(conversation.REQUEST in seed.fields for seed in seeds):
            continue
        said = f"the gate `{name}` needs teacher.{advice} there or take the gate out"
        found.append(Fault(f"gates[{number}]", said))
    return [Fault(f"{file}: {fault.where}", fault.message) for fault in found] + function.faults(spec, file)


def _group(spec: TaskSpec, file: Path) -> list[Fault]:
    """A gate `judge` without the group `judge:`, or the group without a gate that asks."""
    gates = judged_gates(spec)
    if spec.judge is None and "judge" in gates:
        said = "the gate `judge` needs a group `judge:` with a rubric and dimensions; add it or take the gate out"
        return [Fault(f"{file}: gates", said)]
    if spec.judge is not None and not gates:
        said = "no gate asks it; add `judge`, `toxicity` or `refusal: {judge: true}` to `gates`, or take the group out"
        return [Fault(f"{file}: judge", said)]
    return []


def _judge(spec: TaskSpec, judge: Judge, rubric: str | None, file: Path) -> list[Fault]:
    """What is wrong inside the group `judge:`."""
    found = []
    if judge.gold is not None and not (file.parent / judge.gold).is_file():
        said = f"no file {judge.gold!r} next to the spec; write answers labelled by people there, or take it out"
        found.append(Fault(f"{file}: judge.gold", said))
    if "judge" in judged_gates(spec) and not judge.dimensions:
        found.append(Fault(f"{file}: judge.dimensions", 'none is named; expected, say, {correct: "The ticket fits."}'))
    return found + _rubric(rubric, file.parent / judge.prompt)


def _rubric(text: str | None, file: Path) -> list[Fault]:
    found = []
    if text is not None and not text.strip():
        found.append(Fault(str(file), "it is empty; say in it what a good answer is"))
    if text is not None and "{{" in text:
        line = text.count("\n", 0, text.index("{{")) + 1
        said = "the rubric takes no variables; the input and the answer are put in by distill"
        found.append(Fault(f"{file}:{line}", said))
    return found


def _limits(spec: TaskSpec, file: Path) -> list[Fault]:
    """Lowest scores for dimensions that the gate's rubric does not name."""
    known = dimensions(spec)
    return [
        Fault(f"{file}: gates[{number}].{name}.at_least", f"no dimension {one!r}{did_you_mean(one, known[name])}")
        for number, (name, settings) in enumerate(spec.gate_settings())
        if name in known and isinstance(settings.get("at_least"), dict)
        for one in settings["at_least"]
        if one not in known[name]
    ]


def _draws(spec: TaskSpec, file: Path) -> list[Fault]:
    """Several draws of a model that is asked for one thing."""
    once = "a judge gives one verdict; name more judges"
    asked = [(f"judge.models[{n}]", model, once) for n, model in enumerate(spec.judge.models if spec.judge else [])]
    once = "a label has one value; expected 1 (an answer that is no value is asked for once more as it is)"
    asked += [(f"strata.labels.{n}.model", label.model, once) for n, label in spec.strata.asked.items() if label.model]
    if spec.seeds.expand and spec.seeds.expand.model:
        once = "each new seed is asked for on its own; expected 1, and seeds.expand.per_row says how many there are of a row"
        asked.append(("seeds.expand.model", spec.seeds.expand.model, once))
    return [
        Fault(f"{file}: {where}.sampling.draws", f"{model.sampling.draws}: {said}")
        for where, model, said in asked
        if model.sampling and model.sampling.draws > 1
    ]
