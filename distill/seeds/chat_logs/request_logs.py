"""Rows of request logs: a request and its response, each an object or a text of JSON → the request with its answer."""

from __future__ import annotations

from collections.abc import Mapping

from distill.records import Json
from distill.seeds.chat_logs import keys
from distill.seeds.formats.file_format import RawRow
from distill.text.normalise import strict_json


def request_and_answer(row: Mapping[str, Json]) -> RawRow:
    """A row of a request log as the request with its answer; any other row as it is."""
    found = _read(row)
    for key in ("request", "request_body", "body", "inputs", "input"):
        inside = _object(found.get(key))
        if inside is not None and not any(name in found for name in keys.HELD):
            inside = _object(inside.get("body")) or inside
            asks = any(name in inside for name in (*keys.HELD, "input", "prompt"))
            if asks:
                kept = (*keys.HELD, *keys.SYSTEM, *keys.REQUEST, "input", "instructions", "prompt")
                found = {k: v for k, v in found.items() if k != key} | {k: v for k, v in inside.items() if k in kept}
                if not isinstance(inside.get("n"), int | None) or (inside.get("n") or 1) > 1:
                    raise ValueError("`n` asks for several answers, expected one")
    for key in ("response", "response_body", "outputs"):
        answer = _object(found.get(key))
        answer = _object(answer.get("body")) or answer if answer is not None else None
        if answer is not None and any(
            name in answer for name in ("choices", "output", "content", "messages", "candidates", "generations")
        ):
            del found[key]
            found |= _answered(answer)
    return found


def _read(row: Mapping[str, Json]) -> RawRow:
    """A row whose `input` and `output` are turns and no texts of them, where they are texts of turns."""
    found = dict(row)
    for key in ("input", "output"):
        value = row.get(key)
        if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
            try:
                spelt = strict_json(value)
            except ValueError:
                continue
            turns = spelt if isinstance(spelt, list) else [spelt]
            if turns and all(isinstance(turn, Mapping) and "role" in turn and "content" in turn for turn in turns):
                found[key] = spelt
    return found


def _object(value: Json) -> Mapping[str, Json] | None:
    """An object, also one in a text of JSON."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = strict_json(value)
        except ValueError:
            return None
    return value if isinstance(value, Mapping) else None


def _answered(answer: Mapping[str, Json]) -> RawRow:
    """What a log's answer adds to its request."""
    if "choices" in answer or "output" in answer:
        return {name: answer[name] for name in ("choices", "output") if name in answer}
    for name in ("candidates", "generations"):
        several = answer.get(name)
        if isinstance(several, list) and several:
            several = several[0] if isinstance(several[0], list) and len(several) == 1 else several
            if len(several) != 1:
                raise ValueError(f"`{name}` holds {len(several)} answers, expected one")
            return {"completion": [_candidate(several[0])]}
    if "content" in answer:
        return {
            "completion": {"role": "assistant", "stop_reason": answer.get("stop_reason"), "content": answer["content"]}
        }
    return {"completion": answer.get("messages", [])}


def _candidate(one: Json) -> Json:
    """An answer of Gemini's, or of a model's that LangChain has called, as a turn."""
    if not isinstance(one, Mapping):
        return one
    turn = one.get("content") or one.get("message") or {"content": one.get("text")}
    return (
        {"role": "assistant", "finishReason": one.get("finishReason"), **turn}
        if "kwargs" not in turn and isinstance(turn, Mapping)
        else turn
    )
