"""Logs in the shape of OpenAI's API and of what stands near it: a request with its answer on one line, or a batch job's two files.

    {"messages": […], "choices": […]}      {"request": {"messages": […]}, "response": {"choices": […]}}
    {"input": […], "output": […]}          {"messages": […, {"role": "assistant", …}]}
    {"custom_id": …, "body": {…}}          {"custom_id": …, "response": {"status_code": 200, "body": {…}}}

The usual line, of texts alone, is read here; any other by what reads logged chats as seeds (`distill.seeds.chat_logs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distill.lifecycle.logs.call import BatchInput, LoggedCall, NoCall
from distill.lifecycle.logs.shapes.lookup import calls_of, first, mapping, number, scores_of, seconds, text_of, word
from distill.records import Json
from distill.seeds.chat_logs import keys
from distill.seeds.chat_logs.chats import turns_of
from distill.seeds.chat_logs.request_logs import request_and_answer
from distill.seeds.chat_logs.turns import read_turns
from distill.text.times import TIMES

_IN_MS = ("latency_ms", "duration_ms", "response_time_ms", "elapsed_ms")
_IN_S = ("latency_s", "latency", "duration_s", "duration", "response_time", "elapsed")
_NONE: Mapping[str, Json] = {}


def is_openai(row: Mapping[str, Json]) -> bool:
    """Whether a line may be of this shape."""
    if any(name in row for name in (*keys.HELD, "request", "response", "choices", "custom_id", "request_body", "body")):
        return True
    return any(asked in row and answered in row for asked, answered in keys.PAIRS)


def read(row: Mapping[str, Json], requests: Mapping[str, Mapping[str, Json]]) -> LoggedCall | BatchInput:
    """The call of a line; `requests` are those of batch jobs that the files before it hold. NoCall says why it is none."""
    if "custom_id" in row:
        if "response" not in row and isinstance(row.get("body"), dict):
            return BatchInput(str(row["custom_id"]), row["body"])
        row = _paired(row, requests)
    response = mapping(first(row, "response", "response_body", "outputs"))
    status = response.get("status_code", row.get("status_code", row.get("status")))
    failed = isinstance(status, int) and status >= 400
    body = mapping(response.get("body")) or response
    if failed or ("choices" not in body and (body.get("error") or row.get("error")) and "choices" not in row):
        raise NoCall("failed_call", f"it ended with {str(status or row.get('error') or body.get('error'))[:120]}")
    request = mapping(first(row, "request", "request_body"))
    request = mapping(request.get("body")) or request
    choice = _choice(body if "choices" in body else row)
    turns = request.get("messages") or row.get("messages")
    if choice is not None and turns is not None and _plain(turns):
        return _call(row, request, body, turns, choice["message"], choice)
    asked, message = _unusual(row)
    return _call(row, request, body, asked, message, choice or message)


def _paired(row: Mapping[str, Json], requests: Mapping[str, Mapping[str, Json]]) -> Mapping[str, Json]:
    """A line of a batch job's output with its request, unless it holds that itself."""
    if any(name in row for name in ("request", "messages", "body")):
        return row
    request = requests.get(str(row["custom_id"]))
    if request is None:
        raise NoCall("unpaired", f"no file holds the request {str(row['custom_id'])[:60]!r} that it answers")
    return {**row, "request": request}


def _choice(holder: Mapping[str, Json]) -> Mapping[str, Json] | None:
    choices = holder.get("choices")
    if not isinstance(choices, list) or not choices:
        return None
    if len(choices) > 1:
        raise NoCall("several_answers", f"`choices` holds {len(choices)} answers")
    return choices[0] if isinstance(choices[0], dict) and isinstance(choices[0].get("message"), dict) else None


def _plain(turns: Json) -> bool:
    """Whether all turns are texts, as they mostly are."""
    if not isinstance(turns, list) or not turns:
        return False
    return all(isinstance(turn, dict) and isinstance(turn.get("content"), str) and "role" in turn for turn in turns)


def _unusual(row: Mapping[str, Json]) -> tuple[Sequence[Mapping[str, Json]], Mapping[str, Json]]:
    """(the turns up to the answer, the answer) of any line that can be read as a logged chat."""
    try:
        found = request_and_answer(row)
        turns, _ = turns_of(found, ())
        said = read_turns(turns).turns
    except ValueError as error:
        text = str(error)
        raise NoCall("no_text" if "text can" in text else "other_shape", text) from None
    if not said or said[-1]["role"] != "assistant":
        raise NoCall("no_content", "no answer was recorded")
    beside = next((row[key] for key in keys.SYSTEM if isinstance(found.get(key), str) and found[key]), None)
    first_turn = [{"role": "system", "content": beside}] if beside else []
    return [*first_turn, *said[:-1]], said[-1]


def _call(
    row: Mapping[str, Json], request: Mapping[str, Json], body: Mapping[str, Json], asked: Sequence[Mapping[str, Json]],
    message: Mapping[str, Json], choice: Mapping[str, Json],
) -> LoggedCall:  # fmt: skip
    usage = body.get("usage") or row.get("usage") or _NONE
    metadata = row.get("metadata") or request.get("metadata") or _NONE
    metadata = metadata if isinstance(metadata, dict) else mapping(metadata)
    logprobs = choice.get("logprobs")
    usage = usage if isinstance(usage, dict) else _NONE
    return LoggedCall(
        "openai", asked, text_of(message), (row, metadata), tool_calls=calls_of(message), refusal=word(message.get("refusal")) or "",
        finish_reason=word(first(choice, "finish_reason", "stop_reason") or first(row, "finish_reason", "stop_reason")),
        model=word(first(body, "model") or first(request, "model") or row.get("model")), time=first(row, *TIMES) or body.get("created"),
        id=word(body.get("id") or row.get("id") or row.get("request_id")), trace=word(first(row, "trace_id", "traceId")),
        scores=scores_of(row, metadata), logprobs=logprobs.get("content") if isinstance(logprobs, dict) else logprobs,
        latency_s=latency(row), prompt_tokens=number(first(usage, "prompt_tokens", "input_tokens")),
        completion_tokens=number(first(usage, "completion_tokens", "output_tokens")),
    )  # fmt: skip


def latency(row: Mapping[str, Json]) -> float | None:
    """How long a call took, by the unit that its name says, else in seconds."""
    for names, unit in ((_IN_MS, 0.001), (_IN_S, 1.0)):
        value = first(row, *names)
        if value is not None:
            return seconds(value, unit)
    return None
