"""The gates by name: function, settings, what each drops and needs; and running them in the spec's order.

A gate is a function `(frame, **settings) → Outcome` that first writes its score for every row to `score_<gate>` and then
decides. Settings are checked before anything is paid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import signature
from itertools import groupby

import polars as pl
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from distill.curate.gates import agreement, language, private, repetition, settings, structure, wording
from distill.curate.gates.judge import gate as judges
from distill.curate.gates.scoring import rescored
from distill.curate.gates.settings import GateSettings, SettingsModel
from distill.curate.gates.verify import gate as verify
from distill.errors import Fault, SpecError
from distill.executors import executor as executors
from distill.executors import frames
from distill.secrets import withheld
from distill.tables.merged import merged
from distill.tables.outcome import Outcome, dropped_frame, ordered, summary
from distill.tables.remaining import RemainingRows
from distill.text.normalise import did_you_mean

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
    """A gate's function and settings, what it drops in a few words, and what it needs."""

    run: Callable[..., Outcome]
    drops: str
    model: type[SettingsModel] = SettingsModel
    needs: str = ""
    cost: str = "free"

    @property
    def given(self) -> set[str]:
        """Arguments of its function that are no settings: they come from the task, never from `gates:` in a spec."""
        return {*list(signature(self.run).parameters)[1:]} - self.model.model_fields.keys()

    @property
    def defaults(self) -> dict[str, object]:
        """Setting → its default, as a spec spells the settings."""
        return {field.alias or name: field.default for name, field in self.model.model_fields.items()}

    @property
    def meanings(self) -> dict[str, str]:
        """Setting → what it means, in the same order."""
        return {field.alias or name: field.description or "" for name, field in self.model.model_fields.items()}

    def apply(self, rows: pl.DataFrame, arguments: Mapping[str, object]) -> Outcome:
        """Run the gate; `arguments` are settings of the spec and what the task gives."""
        given = {name: value for name, value in arguments.items() if name in self.given}
        return self.run(rows, **self.model.model_validate(self.own(arguments)).arguments, **given)

    def own(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """The settings among the arguments."""
        return {name: value for name, value in arguments.items() if name not in self.given}

    def faults(self, given: Mapping[str, object], *, where: str) -> list[Fault]:
        """Settings that this gate does not know, and values of a wrong kind; by name."""
        try:
            self.model.model_validate(dict(given))
        except ValidationError as fault:
            errors: dict[str, list[ErrorDetails]] = {}
            for error in fault.errors():
                errors.setdefault(str(error["loc"][0]), []).append(error)
            return [Fault(where, self._message(name, given[name], errors[name])) for name in sorted(errors)]
        return []

    def _message(self, name: str, value: object, errors: Sequence[ErrorDetails]) -> str:
        if errors[0]["type"] == "extra_forbidden":
            return f"unknown setting {name!r}{did_you_mean(name, self.defaults)}"
        shown = withheld.shown(value, (name,)) or "withheld: it looks like a key"
        return f"`{name}` is {shown}: {_expected(errors)}"


def _expected(errors: Sequence[ErrorDetails]) -> str:
    """What a setting may be: a value of several kinds has an error for each."""
    if own := [error["msg"].removeprefix("Value error, ") for error in errors if error["type"] == "value_error"]:
        return own[0]
    kinds = [error["msg"].removeprefix("Input should be ").removeprefix("a valid ") for error in errors]
    kinds = [f"a number {kind}" if kind.startswith(("less", "greater")) else _WORDS.get(kind, kind) for kind in kinds]
    return f"expected {' or '.join(dict.fromkeys(kinds))}"


_A_CALL = "a call per row and judge"

GATES: dict[str, Gate] = {
    "schema": Gate(structure.schema, "answers that are not one JSON value, or break the schema", needs="teacher.output"),
    "tools": Gate(
        structure.tools, "calls of unknown tools, and arguments that break their schema", settings.ToolsSettings,
        needs="teacher.tools, or rows that bring their own",
    ),
    "finish_reason": Gate(structure.finish_reason, "answers that were truncated", settings.FinishReasonSettings),
    "refusal": Gate(wording.refusal, "refusals", settings.RefusalSettings, cost=f"free; with `judge: true` {_A_CALL}"),
    "length": Gate(
        structure.length, "answers too short, too long, or outliers of their stratum", settings.LengthSettings
    ),
    "boilerplate": Gate(
        wording.boilerplate, "talk of being a model, and placeholders left to fill", settings.BoilerplateSettings
    ),
    "echo": Gate(wording.echo, "answers that repeat the input", settings.EchoSettings),
    "form": Gate(
        wording.form, "answers against your rules: a pattern, texts to contain or to lack, a number of sentences",
        settings.FormSettings,
    ),
    "repetition": Gate(repetition.repetition, "text that loops", settings.RepetitionSettings),
    "language": Gate(
        language.language, "answers in another language than the input's, or than the one set", settings.LanguageSettings
    ),
    "agreement": Gate(
        agreement.agreement, "answers that too few of the row's draws, or of a panel, agree with",
        settings.AgreementSettings, needs="draws or a panel",
    ),
    "verify": Gate(
        verify.gate, "answers that your own function rejects", settings.VerifySettings, needs="verify.py", cost="time"
    ),
    "secrets": Gate(private.secrets, "rows with what looks like a key or a password"),
    "pii": Gate(private.pii, "rows with personal data: reported, masked or dropped", settings.PiiSettings),
    "judge": Gate(
        judges.judge, "answers that models score too low by the task's rubric", settings.JudgeSettings,
        needs="judge", cost=_A_CALL,
    ),
    "toxicity": Gate(judges.toxicity, "answers that models find harmful", settings.ToxicitySettings, cost=_A_CALL),
}  # fmt: skip


def faults(gates: GateSettings) -> list[Fault]:
    """Unknown gates and settings, with the nearest known ones, and values of a wrong kind."""
    found = []
    for number, (name, given) in enumerate(gates):
        where = f"gates[{number}]"
        if name in GATES:
            found += GATES[name].faults(given, where=f"{where}.{name}")
        else:
            found.append(Fault(where, f"unknown gate {name!r}{did_you_mean(name, GATES)}"))
    return found


def _blank(rows: RemainingRows) -> bool:
    """Whether some answer holds neither a text nor a call."""
    return bool(((rows.column("answer").str.strip_chars() == "") & (rows.column("tool_calls") == "")).any())


def gate_rows(rows: RemainingRows, gates: GateSettings) -> None:
    """All gates in order, a step each; a row goes at the first that it fails.

    Where none of them is `length`, it comes last with its defaults if any answer is blank: nothing is no answer to learn.
    """
    if wrong := faults([(name, GATES[name].own(given) if name in GATES else given) for name, given in gates]):
        raise SpecError("gates", wrong)
    rows.put(rescored(ordered(rows.take())))
    for apart, some in groupby(gates, key=looks_apart):
        _run(rows, list(some), in_parts=apart)
    if all(name != "length" for name, _ in gates) and _blank(rows):
        _run(rows, [("length", {})], in_parts=True)


def looks_apart(gate: tuple[str, Mapping[str, object]]) -> bool:
    """Whether a row's fate at a gate depends on its seed's rows alone, and on nothing that only this process has."""
    name, given = gate
    if name in ("verify", "judge", "toxicity") or (name == "refusal" and given.get("judge")):
        return False
    return not (name == "length" and given.get("spread") is not None and given.get("inside") is None)


def _run(rows: RemainingRows, gates: GateSettings, *, in_parts: bool) -> None:
    """Gates one after the other, a step each; where the executor cuts tables, over each part of the rows."""
    executor = executors.current()
    if not in_parts or executor.rows is None:
        for name, arguments in gates:
            rows.run(partial(GATES[name].apply, arguments=arguments))
        return
    parts = frames.cut(rows.take(), executor.rows)
    kept, losses = list[pl.DataFrame](), [list[Outcome]() for _ in gates]
    for left, lost in executor.map("gates", _of_part, parts, tuple(gates)):
        kept.append(left)
        for own, loss in zip(losses, lost, strict=True):
            own.append(loss)
    rows.put(pl.concat(kept), *(merged(own) for own in losses))


def _of_part(part: pl.DataFrame, gates: GateSettings) -> tuple[pl.DataFrame, list[Outcome]]:
    """(what of a part is left, the losses at each gate)."""
    rows = RemainingRows(part)
    _run(rows, gates, in_parts=False)
    return rows.take(), rows.losses


def run_gates(frame: pl.DataFrame, gates: GateSettings) -> Outcome:
    """`gate_rows` as one step; `report["steps"]` is a report for each gate.

    run_gates(run.samples, [("refusal", {}), ("length", {"max_tokens": 50})]).dropped
    """
    rows, entered = RemainingRows(frame), frame.height
    gate_rows(rows, gates)
    kept, steps = rows.take(), rows.losses
    dropped = pl.concat([dropped_frame(), *(step.dropped for step in steps)])
    rejected = ordered(pl.concat([kept.clear(), *(step.rejected for step in steps)], how="diagonal"))
    report = summary("gates", entered, dropped) | {"steps": [step.report for step in steps]}
    return Outcome(kept=kept, dropped=dropped, report=report, rejected=rejected)
