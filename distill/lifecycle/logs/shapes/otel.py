"""Spans of OpenTelemetry's gen_ai conventions, as exporters write them to files.

    {"resourceSpans": [{"scopeSpans": [{"spans": […]}]}]}       OTLP as JSON: a line of many spans
    {"resourceLogs": [{"scopeLogs": [{"logRecords": […]}]}]}    the event gen_ai.client.inference.operation.details
    {"name": …, "attributes": {…}, "start_time": …}             one span, as the SDK's console exporter and others write it

Only inference spans are calls. What was said may stand in attributes of the span or of its events, in today's spelling or in those before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from distill.lifecycle.logs.call import LoggedCall, LoggedScore, NoCall
from distill.lifecycle.logs.shapes import otel_messages
from distill.lifecycle.logs.shapes.lookup import calls_of, first, mapping, number, scores_of, text_of, word
from distill.lifecycle.logs.shapes.otlp_values import attributes
from distill.records import Json
from distill.text.times import micros

_DETAILS = "gen_ai.client.inference.operation.details"
_SCORE = "gen_ai.evaluation.result"
_INFERENCE = ("chat", "generate_content", "text_completion", "generation", "completion")
_SAID = (
    "gen_ai.output.messages", "langfuse.observation.output", "gen_ai.completion.0.content", "gen_ai.completion", "gen_ai.input.messages",
    "gen_ai.prompt.0.content",
)  # fmt: skip
_METADATA = ("langfuse.observation.metadata.", "langfuse.trace.metadata.", "metadata.")
Events = Sequence[tuple[str, Mapping[str, Json]]]
Found = LoggedCall | LoggedScore | NoCall


def is_otel(row: Mapping[str, Json]) -> bool:
    """Whether a line is of OpenTelemetry."""
    if "resourceSpans" in row or "resourceLogs" in row:
        return True
    given = row.get("attributes")
    if isinstance(given, dict | list) and any(
        name in row for name in ("spanId", "span_id", "context", "traceId", "trace_id", "startTimeUnixNano")
    ):
        return True
    return any(name.startswith("gen_ai.") for name in row)


def read(row: Mapping[str, Json]) -> Iterator[Found]:
    """The calls and scores of a line, and of every other span why it is no call."""
    found = False
    for span, resource in _spans(row):
        found = True
        yield from _of_span(span, resource)
    for record, resource in _records(row):
        found = True
        yield from _of_record(record, resource)
    if not found:
        yield NoCall("not_a_call", "no span stands in it")


def _spans(row: Mapping[str, Json]) -> Iterator[tuple[Mapping[str, Json], Mapping[str, Json]]]:
    if "resourceSpans" not in row and "resourceLogs" not in row:
        yield row, {}
    for around in _objects(row.get("resourceSpans")):
        resource = attributes(mapping(around.get("resource")).get("attributes"))
        for scope in _objects(around.get("scopeSpans") or around.get("instrumentationLibrarySpans")):
            for span in _objects(scope.get("spans")):
                yield span, resource


def _records(row: Mapping[str, Json]) -> Iterator[tuple[Mapping[str, Json], Mapping[str, Json]]]:
    for around in _objects(row.get("resourceLogs")):
        resource = attributes(mapping(around.get("resource")).get("attributes"))
        for scope in _objects(around.get("scopeLogs")):
            for record in _objects(scope.get("logRecords")):
                yield record, resource


def _objects(value: Json) -> Iterator[Mapping[str, Json]]:
    """The objects of a list; one that is none becomes an empty one, so that it is counted."""
    for one in value if isinstance(value, list) else ():
        yield one if isinstance(one, dict) else {}


def _of_span(span: Mapping[str, Json], resource: Mapping[str, Json]) -> Iterator[Found]:
    own = attributes(span.get("attributes"))
    if not own and any(name.startswith("gen_ai.") for name in span):
        own = dict(span)  # an export with a column for each attribute
    events: Events = [(str(one.get("name")), attributes(one.get("attributes"))) for one in _objects(span.get("events"))]
    details = next((one for name, one in events if name == _DETAILS), None)
    if details is not None:
        own = {**own, **details}
    yield _tried(span, own, events, resource)


def _of_record(record: Mapping[str, Json], resource: Mapping[str, Json]) -> Iterator[Found]:
    own = attributes(record.get("attributes"))
    name = first(record, "eventName", "event_name") or own.get("event.name")
    if name == _SCORE:
        of = word(own.get("gen_ai.response.id")) or _hex(first(record, "spanId", "span_id"))
        yield LoggedScore((of,) if of else (), *_score(own))
    elif name == _DETAILS:
        yield _tried(record, own, (), resource)
    else:
        yield NoCall("not_a_call", f"an event {str(name)[:60]!r}")


def _tried(span: Mapping[str, Json], own: Mapping[str, Json], events: Events, resource: Mapping[str, Json]) -> Found:
    kind = own.get("gen_ai.operation.name") or own.get("langfuse.observation.type")
    named = isinstance(kind, str)
    if named and str(kind).lower() not in _INFERENCE:
        return NoCall("not_a_call", f"a span of the operation {str(kind)[:40]!r}")
    said = any(name in own for name in _SAID) or any(
        name.startswith("gen_ai.") and name != _SCORE for name, _ in events
    )
    if not named and not said:
        return NoCall("not_a_call", f"a span {str(span.get('name'))[:60]!r}")
    status = mapping(span.get("status"))
    failed = own.get("error.type") or str(first(status, "code", "status_code")) in ("2", "ERROR", "STATUS_CODE_ERROR")
    if failed and not any(name in own for name in _SAID[:4]):
        return NoCall(
            "failed_call", f"it ended with {str(own.get('error.type') or status.get('message') or 'an error')[:120]}"
        )
    if not said:
        return NoCall("no_content", "the span has no messages: the exporter's content capturing is off")
    try:
        return _call(span, own, events, resource)
    except NoCall as none:
        return none


def _call(
    span: Mapping[str, Json], own: Mapping[str, Json], events: Events, resource: Mapping[str, Json]
) -> LoggedCall:
    asked, message = otel_messages.asked(own, events), otel_messages.answered(own, events)
    reasons = own.get("gen_ai.response.finish_reasons")
    ended = message.get("finish_reason") or (reasons[0] if isinstance(reasons, list) and reasons else reasons)
    usage, context = mapping(own.get("langfuse.observation.usage_details")), mapping(span.get("context"))
    metadata = {name[len(head) :]: value for name, value in own.items() for head in _METADATA if name.startswith(head)}
    start = first(
        span, "startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime", "timeUnixNano", "timestamp"
    )
    given = dict(_score(one) for name, one in events if name == _SCORE)
    response, span_id = (
        word(own.get("gen_ai.response.id")),
        _hex(first(span, "spanId", "span_id") or context.get("span_id")),
    )
    return LoggedCall(
        "otel", asked, text_of(message), (own, metadata, resource), tool_calls=calls_of(message),
        refusal=word(message.get("refusal")) or "", finish_reason=word(ended),
        model=word(first(own, "gen_ai.response.model", "gen_ai.request.model", "langfuse.observation.model.name")), time=start,
        id=response or span_id, span=span_id if response else None,
        trace=_hex(first(span, "traceId", "trace_id") or context.get("trace_id")), scores=scores_of(own, metadata) | given,
        latency_s=_latency(span, start), prompt_tokens=number(first(own, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens") or usage.get("input")),
        completion_tokens=number(first(own, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens") or usage.get("output")),
    )  # fmt: skip


def _score(own: Mapping[str, Json]) -> tuple[str, Json]:
    """(name, value) of an evaluation's result."""
    return str(own.get("gen_ai.evaluation.name")), first(
        own, "gen_ai.evaluation.score.label", "gen_ai.evaluation.score.value"
    )


def _hex(value: Json) -> str | None:
    """An id without the mark that the console exporter puts before it."""
    return value.removeprefix("0x") if isinstance(value, str) and value else None


def _latency(span: Mapping[str, Json], start: Json) -> float | None:
    end = first(span, "endTimeUnixNano", "end_time_unix_nano", "end_time", "endTime")
    try:
        began, ended = micros(start), micros(end)
    except (ValueError, OverflowError):
        return None
    return (ended - began) / 1e6 if began is not None and ended is not None and ended >= began else None
