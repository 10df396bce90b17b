"""Gates that need no model: is the answer whole, of the right form, of the right length, and no refusal.

Each gate first writes its score (1 or 0) for every row to `score_<gate>`, then decides. `run_gates` runs them
in the spec's order and reports what entered and left each one. Patterns look at text only; nothing of it is
executed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from distill.curate.outcome import Outcome, ordered, partition, rescored, summary
from distill.errors import Fault, SpecError
from distill.records import Json
from distill.text import did_you_mean, normalise, strict_json

Fail = tuple[str, str] | None
"""(reason, detail) of a row that fails a gate, None of one that passes."""

# What assistants say when they decline, at the start of an answer or of a text inside it. Written against
# normalised text. A customer's "I can't log in" must pass: each names what a model is asked, or what it is.
_DECLINE = "help|assist|comply|fulfil|provide|answer|do that|process|continue|engage|respond|share|create"
REFUSALS = re.compile(
    "|".join(
        [
            rf"(i['’]?m|i am) (very |so )?sorry,? but (i|as an|that)\b.{{0,40}}\b(can|able|{_DECLINE})",
            rf"(sorry, (but )?)?i (can['’]?t|can ?not|won['’]?t|am unable to|am not able to) ({_DECLINE})\b",
            rf"(i['’]m|i am) (unable|not able) to ({_DECLINE})\b",
            r"as an ai\b",
            r"i must (decline|refuse)\b",
            r"(es )?tut mir (sehr )?leid,? (aber )?.{0,30}\bkann\b.{0,40}\bnicht\b",
            r"als (ki|ai)\b.{0,30}(modell|assistent)",
            r"(je suis |désolée?,? ).{0,20}(mais )?je ne peux pas",
            r"en tant qu['’](ia|intelligence|assistant)",
            r"(lo siento|perdón),? (pero )?no puedo",
            r"como (una )?(ia|inteligencia artificial|modelo de lenguaje)\b",
            r"(mi dispiace|spiacente),? (ma )?non posso",
            r"(desculpe|lamento|sinto muito),? (mas )?(eu )?não posso",
            r"(het spijt me|sorry),? (maar )?ik kan .{0,40}\bniet\b",
            r"(przepraszam|przykro mi),? (ale )?nie mogę",
            r"(извините|простите|к сожалению),? .{0,20}я не могу",
            r"(很?抱歉|对不起|對不起).{0,4}我?(无法|不能|無法)",
            r"(申し訳ありません|申し訳ございません|すみません).{0,30}(できません|できかねます)",
            r"죄송(합니다|하지만).{0,40}(없습니다|어렵습니다)",
        ]
    )
)


def schema(frame: pl.DataFrame, *, schema: Mapping[str, Json]) -> Outcome:
    """Keeps answers that are JSON as a whole, not merely contain some, and satisfy the JSON Schema.

    One that calls a tool instead is the `tools` gate's to judge.
    """
    validator = _validator(schema)
    return _gate(frame, "schema", lambda row: None if row["tool_calls"] else _form(validator, row["answer"]))


def tools(frame: pl.DataFrame, *, tools: Sequence[Mapping[str, Json]], required: bool = False) -> Outcome:
    """Keeps answers whose calls name a known tool with arguments that satisfy its schema; `required`: and call one."""
    known = {tool["function"]["name"]: _validator(tool["function"].get("parameters") or {}) for tool in tools}

    def judge(row: Mapping[str, Any]) -> Fail:
        calls = json.loads(row["tool_calls"]) if row["tool_calls"] else []
        if required and not calls:
            return "no_call", "the answer calls no tool"
        for name, arguments in calls:
            if name not in known:
                return "unknown_tool", f"calls {name!r}{did_you_mean(name, known)}"
            if fail := _form(known[name], arguments):
                return "tool_arguments", f"{name}: {'not JSON: ' if fail[0] == 'not_json' else ''}{fail[1]}"
        return None

    return _gate(frame, "tools", judge)


def finish_reason(frame: pl.DataFrame, *, allowed: Sequence[str] = ("stop", "tool_calls")) -> Outcome:
    """Keeps answers that the model ended by itself: one cut off can still be valid JSON, and wrong."""

    def judge(row: Mapping[str, Any]) -> Fail:
        if row["finish_reason"] in allowed:
            return None
        ended = f"ended by {row['finish_reason']!r} after {row['completion_tokens']} tokens"
        return "finish_reason", f"{ended}, expected {' or '.join(allowed)}"

    return _gate(frame, "finish_reason", judge)


def refusal(frame: pl.DataFrame, *, phrases: Sequence[str] = ()) -> Outcome:
    """Drops answers that decline, by the endpoint's own mark or by how they, or a text in their JSON, begin.

    `phrases` are further openings, compared after `normalise`; they are plain text, not patterns.
    """
    openings = tuple(normalise(phrase) for phrase in phrases if phrase.strip())

    def judge(row: Mapping[str, Any]) -> Fail:
        if row["refusal"]:
            return "refusal", f"marked by the endpoint: {row['refusal'][:80]!r}"
        for text in _texts(row["answer"]):
            plain = normalise(text)
            if REFUSALS.match(plain) or plain.startswith(openings):
                return "refusal", f"begins {text.strip()[:80]!r}"
        return None

    return _gate(frame, "refusal", judge)


def length(frame: pl.DataFrame, *, max_tokens: int | None = None, min_chars: int = 1) -> Outcome:
    """Keeps answers of at least `min_chars` characters and at most `max_tokens` of the teacher's tokens."""

    def judge(row: Mapping[str, Any]) -> Fail:
        chars, tokens = len(row["answer"].strip()), row["completion_tokens"]
        if chars < min_chars and not row["tool_calls"]:
            return "too_short", f"{chars} characters, at least {min_chars} asked"
        if max_tokens is not None and tokens > max_tokens:
            return "too_long", f"{tokens} tokens, at most {max_tokens} asked"
        return None

    return _gate(frame, "length", judge)


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate's function, the settings it takes, and those it cannot do without."""

    run: Callable[..., Outcome]
    settings: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()

    def faults(self, settings: Mapping[str, Any], *, where: str) -> list[Fault]:
        """Settings that this gate does not know, or misses."""
        unknown = sorted(set(settings) - self.settings)
        missing = sorted(self.required - set(settings))
        return [Fault(where, f"unknown setting {name!r}{did_you_mean(name, self.settings)}") for name in unknown] + [
            Fault(where, f"the setting {name!r} is missing") for name in missing
        ]


GATES: dict[str, Gate] = {
    "schema": Gate(schema, frozenset({"schema"}), required=frozenset({"schema"})),
    "tools": Gate(tools, frozenset({"tools", "required"}), required=frozenset({"tools"})),
    "finish_reason": Gate(finish_reason, frozenset({"allowed"})),
    "refusal": Gate(refusal, frozenset({"phrases"})),
    "length": Gate(length, frozenset({"max_tokens", "min_chars"})),
}


def faults(gates: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Fault]:
    """Unknown gates and settings, with the nearest known ones."""
    found = []
    for number, (name, settings) in enumerate(gates):
        where = f"gates[{number}]"
        if name in GATES:
            found += GATES[name].faults(settings, where=f"{where}.{name}")
        else:
            found.append(Fault(where, f"unknown gate {name!r}{did_you_mean(name, GATES)}"))
    return found


def run_gates(frame: pl.DataFrame, gates: Sequence[tuple[str, Mapping[str, Any]]]) -> Outcome:
    """All gates in order; a row goes at the first that it fails. `report["steps"]` is a report for each."""
    if wrong := faults(gates):
        raise SpecError("gates", wrong)
    kept = rescored(ordered(frame))
    steps = []
    for name, settings in gates:
        steps.append(GATES[name].run(kept, **settings))
        kept = steps[-1].kept
    none = partition(kept, {}, stage="gates")
    dropped = pl.concat([none.dropped, *(step.dropped for step in steps)])
    rejected = ordered(pl.concat([none.rejected, *(step.rejected for step in steps)], how="diagonal"))
    report = summary("gates", frame.height, dropped) | {"steps": [step.report for step in steps]}
    return Outcome(kept=kept, dropped=dropped, report=report, rejected=rejected)


def _gate(frame: pl.DataFrame, name: str, judge: Callable[[Mapping[str, Any]], Fail]) -> Outcome:
    """Score every row, then drop those that fail."""
    rows = ordered(frame)
    fails = [judge(row) for row in rows.iter_rows(named=True)]
    scores = pl.Series(f"score_{name}", [float(fail is None) for fail in fails], dtype=pl.Float64)
    drops = {i: fail for i, fail in enumerate(fails) if fail is not None}
    return partition(rescored(rows.with_columns(scores)), drops, stage=name)


def _form(validator: Any, answer: str) -> Fail:
    from referencing.exceptions import Unresolvable

    try:
        value = strict_json(answer)
        errors = sorted(validator.iter_errors(value), key=lambda error: (error.json_path, error.message))
    except ValueError as error:
        return "not_json", str(error)
    except Unresolvable as error:
        raise SpecError("schema", [Fault("$ref", f"{error.ref!r} leads nowhere")]) from None
    if not errors:
        return None
    said = [f"{error.json_path}: {error.message[:120]}" for error in errors[:3]]
    return "schema", "; ".join([*said, f"and {len(errors) - 3} more"] if len(errors) > 3 else said)


def _validator(schema: Mapping[str, Json]) -> Any:
    """A validator that never fetches: a `$ref` may only point inside the schema."""
    from jsonschema import Draft202012Validator, SchemaError
    from referencing import Registry

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise SpecError("schema", [Fault(error.json_path, error.message[:200])]) from None
    remote = [ref for ref in _refs(schema) if not ref.startswith("#")]
    if remote:
        raise SpecError("schema", [Fault("$ref", f"{ref!r} is not in the schema; copy it in") for ref in remote])
    return Draft202012Validator(schema, registry=Registry())


def _refs(value: Json) -> list[str]:
    if isinstance(value, list):
        return [ref for child in value for ref in _refs(child)]
    if not isinstance(value, Mapping):
        return []
    own = [value[key] for key in ("$ref", "$dynamicRef") if isinstance(value.get(key), str)]
    return own + [ref for child in value.values() for ref in _refs(child)]


def _texts(answer: str) -> list[str]:
    """The answer, and where it is JSON the texts inside it."""
    try:
        layer = [strict_json(answer)]
    except ValueError:
        return [answer]
    texts = []
    while layer:
        value = layer.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict | list):
            layer.extend(value.values() if isinstance(value, dict) else value)
    return texts
