"""What a spec asks for that its parts do not give: found before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.chat import conversation
from distill.curate.gates.judge import requests
from distill.curate.gates.verify import function
from distill.errors import Fault
from distill.spec import Places, TaskSpec
from distill.text.normalise import did_you_mean

if TYPE_CHECKING:
    from distill.records import Seed


def gates(spec: TaskSpec, file: Path, places: Places, seeds: Sequence[Seed] = ()) -> list[Fault]:
    """Gates and settings that are not known, and gates that lack what they check against. `seeds` may bring their tools."""
    from distill.curate.gates.registry import faults

    needs = {"schema": spec.teacher.output, "tools": spec.teacher.tools}
    named = [name for name, _ in spec.gate_settings()]
    blank: dict[str, dict[str, Any]] = {"schema": {"schema": {}}, "tools": {"tools": []}}
    blank |= {name: {"verdicts": len} for name in requests.BY_MODEL}
    settings = [(name, {**blank.get(name, {}), **given}) for name, given in spec.gate_settings()]
    found = faults(settings)
    for name, given in needs.items():
        brought = name == "tools" and any(conversation.REQUEST in s.fields for s in seeds)
        named_wrong = not places.sound(("teacher", "output" if name == "schema" else "tools"))
        if given is None and name in named and not brought and not named_wrong:
            setting = "output; name a JSON Schema file" if name == "schema" else "tools; name a file of tools"
            found.append(
                Fault(
                    f"gates[{named.index(name)}]",
                    f"the gate `{name}` needs teacher.{setting} there or take the gate out",
                )
            )
    return [Fault(f"{file}: {fault.where}", fault.message) for fault in found] + function.faults(spec, file)


def judge(spec: TaskSpec, rubric: str | None, file: Path) -> list[Fault]:
    """A gate without its group or a group without its gate, and what is wrong with the rubric and the marks."""
    group, gates = spec.judge, requests.judged_gates(spec)
    if group is None and "judge" in gates:
        said = "the gate `judge` needs a group `judge:` with a rubric and dimensions; add it or take the gate out"
        return [Fault(f"{file}: gates", said)]
    if group is None:
        return _marks(spec, file)
    if not gates:
        said = "no gate asks it; add `judge`, `toxicity` or `refusal: {judge: true}` to `gates`, or take the group out"
        return [Fault(f"{file}: judge", said)]
    found = []
    if group.gold is not None and not (file.parent / group.gold).is_file():
        said = f"no file {group.gold!r} next to the spec; write answers labelled by people there, or take it out"
        found.append(Fault(f"{file}: judge.gold", said))
    if "judge" in gates and not group.dimensions:
        found.append(Fault(f"{file}: judge.dimensions", 'none is named; expected, say, {correct: "The ticket fits."}'))
    if rubric is not None and not rubric.strip():
        found.append(Fault(str(file.parent / group.prompt), "it is empty; say in it what a good answer is"))
    if rubric is not None and "{{" in rubric:
        at = rubric.count("\n", 0, rubric.index("{{")) + 1
        said = "the rubric takes no variables; the input and the answer are put in by distill"
        found.append(Fault(f"{file.parent / group.prompt}:{at}", said))
    return found + _marks(spec, file)


def draws(spec: TaskSpec, file: Path) -> list[Fault]:
    """Several draws of a model that is asked for one thing."""
    one = "a judge gives one verdict; name more judges"
    asked = [(f"judge.models[{n}]", model, one) for n, model in enumerate(spec.judge.models if spec.judge else [])]
    one = "a label has one value; expected 1 (an answer that is no value is asked for once more as it is)"
    asked += [(f"strata.labels.{n}.model", label.model, one) for n, label in spec.strata.asked.items() if label.model]
    if spec.seeds.expand and spec.seeds.expand.model:
        one = "each new seed is asked for on its own; expected 1, and seeds.expand.per_row says how many there are of a row"
        asked.append(("seeds.expand.model", spec.seeds.expand.model, one))
    return [
        Fault(f"{file}: {where}.sampling.draws", f"{model.sampling.draws}: {said}")
        for where, model, said in asked
        if model.sampling and model.sampling.draws > 1
    ]


def _marks(spec: TaskSpec, file: Path) -> list[Fault]:
    """Marks for dimensions that the gate's rubric does not name."""
    known = requests.dimensions(spec)
    return [
        Fault(f"{file}: gates[{number}].{name}.at_least", f"no dimension {one!r}{did_you_mean(one, known[name])}")
        for number, (name, settings) in enumerate(spec.gate_settings())
        if name in known and isinstance(settings.get("at_least"), dict)
        for one in settings["at_least"]
        if one not in known[name]
    ]
