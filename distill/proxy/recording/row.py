"""An answered call → a line of the log, in the shape of OpenAI's API that `distill.lifecycle.logs` and `seeds.from` read.

    {"time": "2026-11-30T12:00:00.123Z", "latency_s": 0.412, "answered_by": "teacher", "request": {…}, "response": {…}}

What names a person, or is a credential, is masked as harvested seeds are; headers never come here. What tells whose call it was (`user` and
the like) and pictures, sounds and files are left out. A call whose metadata are marked private is no row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl

from distill.curate.gates import credentials, private
from distill.lifecycle.harvest.masking import CannotMask, masked_fields
from distill.lifecycle.logs.objects import parsed
from distill.lifecycle.logs.shapes.lookup import is_marked
from distill.proxy.recording.answered_call import AnsweredCall, NotRecorded
from distill.proxy.recording.sse import completion
from distill.records import Json, too_deep

_OF_A_CALLER = ("user", "safety_identifier", "prompt_cache_key")
_LEFT_OUT = "[left out]"
_BLOBS = ("data", "file_data", "b64_json")
_LONG = 200
"""Characters from which a value that may be a picture, a sound or a file is left out."""
_HINT = f"{credentials.HINT}|(?:{private.PII_HINT})|[0-9A-Fa-f]{{3,4}}:"
"""What every text has in which something is masked: one fast look at all texts of a call spares most of them some fifty slow ones."""


def line_of(call: AnsweredCall) -> bytes:
    """The line, with its end. NotRecorded says why there is none."""
    request = _object(call.request, "no_json")
    if not isinstance(request.get("messages"), list):
        raise NotRecorded("no_json")
    if is_marked(_mapping(request.get("metadata")).get("private")):
        raise NotRecorded("private")
    response = completion(call.answer) if call.streamed else _object(call.answer, "failed_call")
    if not response.get("choices"):
        raise NotRecorded("failed_call")
    kept = {name: value for name, value in request.items() if name not in _OF_A_CALLER}
    moment = datetime.fromtimestamp(call.began, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    row = {"time": moment, "latency_s": round(call.seconds, 4), "answered_by": call.by, "streamed": call.streamed}
    told = {**call.beside, "request": kept, "response": response}
    return orjson.dumps({**row, **_masked(told)}, option=orjson.OPT_APPEND_NEWLINE)


def _object(text: bytes, reason: str) -> dict[str, Any]:
    value = parsed(text)
    if not isinstance(value, dict):
        raise NotRecorded(reason)
    return value


def _masked(told: Mapping[str, Json]) -> dict[str, Json]:
    if too_deep(told):
        raise NotRecorded("no_json", "nested too deep")
    suspect = _suspect(dict.fromkeys(_texts(told)))
    try:
        return {name: _walked(value, suspect) for name, value in told.items()}
    except CannotMask as error:
        raise NotRecorded("cannot_mask", str(error)) from None


def _texts(value: Json) -> Iterator[str]:
    """Every text in a value that is kept, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if not _is_blob(name, one):
                yield from _texts(one)


def _suspect(texts: Collection[str]) -> frozenset[str]:
    """The texts in which something may have to be masked."""
    series = pl.Series(list(texts), dtype=pl.String)
    return frozenset(series.filter(series.str.contains(_HINT)))


def _walked(value: Json, suspect: frozenset[str]) -> Json:
    if isinstance(value, str):
        return masked_fields({"": value})[""] if value in suspect else value
    if isinstance(value, list):
        return [_walked(one, suspect) for one in value]
    if isinstance(value, dict):
        return {name: _LEFT_OUT if _is_blob(name, one) else _walked(one, suspect) for name, one in value.items()}
    return value


def _is_blob(name: str, value: Json) -> bool:
    """Whether a value is the bytes of a picture, a sound or a file."""
    return (
        isinstance(value, str)
        and len(value) > _LONG
        and (name in _BLOBS or (name == "url" and value.startswith("data:")))
    )


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}
