"""The gates by name: what each looks at, the settings it takes, and running them in the spec's order.

A gate is a function `(frame, **settings) → Outcome` that first writes its score for every row to `score_<gate>` and then
decides. Its settings are its keyword arguments; their types are checked before anything is paid.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_type_hints

import polars as pl
from pydantic import ConfigDict, TypeAdapter, ValidationError

from distill import memory
from distill.curate.gates import agreement, language, private, repetition, structure, wording
from distill.curate.gates.judge import gate
from distill.curate.gates.scoring import rescored
from distill.curate.gates.verify import gate as verify
from distill.errors import Fault, SpecError
from distill.secrets import withheld
from distill.tables.outcome import Outcome, dropped_frame, ordered, summary
from distill.text import patterns
from distill.text.normalise import did_you_mean
from distill.values.rules import Rules

_FINITE = ConfigDict(allow_inf_nan=False)
_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dictionary": "a mapping",
}


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate's function, what it drops in a few words, and what it needs."""

    run: Callable[..., Outcome]
    drops: str
    needs: str = ""
    cost: str = "free"
    given: Mapping[str, Any] = field(default_factory=dict)
    """What comes from the task and never from a spec: argument → its type, which no YAML value has."""

    @property
    def settings(self) -> dict[str, tuple[Any, Any]]:
        """Name → (type, default) of each setting; a default of `Parameter.empty` is none."""
        hints = get_type_hints(self.run, include_extras=True)
        parameters = list(inspect.signature(self.run).parameters.values())[1:]
        return {
            one.name.rstrip("_"): (hints[one.name], one.default) for one in parameters if one.name not in self.given
        }

    def arguments(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings as the function's keyword arguments: `is` in a spec is `is_` in Python."""
        names = {one.rstrip("_"): one for one in inspect.signature(self.run).parameters}
        return {names[name]: value for name, value in settings.items()}

    def faults(self, settings: Mapping[str, Any], *, where: str) -> list[Fault]:
        """Settings that this gate does not know or misses, and values of a wrong kind."""
        known, found = self.settings, []
        for name, value in sorted(settings.items()):
            if name in self.given and isinstance(value, self.given[name]):
                continue
            if name not in known:
                found.append(Fault(where, f"unknown setting {name!r}{did_you_mean(name, known)}"))
                continue
            try:
                TypeAdapter(known[name][0], config=_FINITE).validate_python(value, strict=True)
            except ValidationError as error:
                spelt = withheld.shown(value, (name,)) or "withheld: it looks like a key"
                found.append(Fault(where, f"`{name}` is {spelt}: {_expected(error)}"))
        if wrong := patterns.fault(str(settings.get("matches") or "")):
            found.append(Fault(where, f"`matches` is {settings['matches']!r}: no regular expression: {wrong}"))
        elif wrong := patterns.endless(str(settings.get("matches") or ""), whole=True):
            found.append(Fault(where, f"`matches` is {settings['matches']!r}: {wrong}"))
        missing = [name for name, (_, default) in known.items() if default is inspect.Parameter.empty]
        return found + [Fault(where, f"the setting {name!r} is missing") for name in missing if name not in settings]


def _expected(error: ValidationError) -> str:
    """What a setting may be: a value of several kinds has an error for each."""
    said = [str(one["msg"]).removeprefix("Input should be ").removeprefix("a valid ") for one in error.errors()]
    said = [f"a number {one}" if one.startswith(("less", "greater")) else _WORDS.get(one, one) for one in said]
    return f"expected {' or '.join(dict.fromkeys(said))}"


_A_CALL = "a call per row and judge"

GATES: dict[str, Gate] = {
    "schema": Gate(structure.schema, "answers that are not one JSON value, or break the schema", "teacher.output"),
    "tools": Gate(
        structure.tools,
        "calls of unknown tools, and arguments that break their schema",
        "teacher.tools, or rows that bring their own",
        given={"own": structure.RowTools},
    ),
    "finish_reason": Gate(structure.finish_reason, "answers that were truncated"),
    "refusal": Gate(
        wording.refusal,
        "refusals",
        cost=f"free; with `judge: true` {_A_CALL}",
        given={"verdicts": Callable},
    ),
    "length": Gate(structure.length, "answers too short, too long, or outliers of their stratum"),
    "boilerplate": Gate(wording.boilerplate, "talk of being a model, and placeholders left to fill"),
    "echo": Gate(wording.echo, "answers that repeat the input"),
    "form": Gate(
        wording.form, "answers against your rules: a pattern, texts to contain or to lack, a number of sentences"
    ),
    "repetition": Gate(repetition.repetition, "text that loops"),
    "language": Gate(language.language, "answers in another language than the input's, or than the one set"),
    "agreement": Gate(
        agreement.agreement,
        "answers that too few of the row's draws, or of a panel, agree with",
        "draws or a panel",
        given={"rules": Rules},
    ),
    "verify": Gate(
        verify.gate, "answers that your own function rejects", "verify.py", "time", given={"task": verify.TaskFolder}
    ),
    "secrets": Gate(private.secrets, "rows with what looks like a key or a password"),
    "pii": Gate(private.pii, "rows with personal data: reported, masked or dropped"),
    "judge": Gate(gate.judge, "answers that models score too low by the task's rubric", "judge", _A_CALL),
    "toxicity": Gate(gate.toxicity, "answers that models find harmful", cost=_A_CALL),
}


def faults(gates: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Fault]:
    """Unknown gates and settings, with the nearest known ones, and values of a wrong kind."""
    found = []
    for number, (name, settings) in enumerate(gates):
        where = f"gates[{number}]"
        if name in GATES:
            found += GATES[name].faults(settings, where=f"{where}.{name}")
        else:
            found.append(Fault(where, f"unknown gate {name!r}{did_you_mean(name, GATES)}"))
    return found


def _blank(rows: pl.DataFrame) -> bool:
    """Whether some answer holds neither a text nor a call."""
    return bool(rows.select(((pl.col("answer").str.strip_chars() == "") & (pl.col("tool_calls") == "")).any()).item())


def _through(rows: pl.DataFrame, name: str, settings: Mapping[str, Any], steps: list[Outcome]) -> pl.DataFrame:
    """The rows that a gate keeps; its losses go to `steps`."""
    step = GATES[name].run(rows, **GATES[name].arguments(settings))
    kept = step.kept
    steps.append(step.losses)
    del step
    memory.release()
    return kept


def run_gates(frame: pl.DataFrame, gates: Sequence[tuple[str, Mapping[str, Any]]]) -> Outcome:
    """All gates in order; a row goes at the first that it fails. `report["steps"]` is a report for each.

        run_gates(run.samples, [("refusal", {}), ("length", {"max_tokens": 50})]).dropped

    Where none of them is `length`, it comes last with its defaults if any answer is blank: nothing is no answer to learn.
    """
    if wrong := faults(gates):
        raise SpecError("gates", wrong)
    kept, steps, entered = rescored(ordered(frame)), list[Outcome](), frame.height
    del frame  # whoever hands it over for good does not pay for it twice
    for name, settings in gates:
        kept = _through(kept, name, settings, steps)
    if all(name != "length" for name, _ in gates) and _blank(kept):
        kept = _through(kept, "length", {}, steps)
    dropped = pl.concat([dropped_frame(), *(step.dropped for step in steps)])
    rejected = ordered(pl.concat([kept.clear(), *(step.rejected for step in steps)], how="diagonal"))
    report = summary("gates", entered, dropped) | {"steps": [step.report for step in steps]}
    return Outcome(kept=kept, dropped=dropped, report=report, rejected=rejected)
