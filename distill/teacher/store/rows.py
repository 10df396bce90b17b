"""Answers and attempts as rows of the answer store: the statements that write them, and the exact way back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from operator import itemgetter

from distill.finish_reason import canonical as finish_word
from distill.records import Answer, Ended, Json, Request, ToolCall, Usage, canonical
from distill.teacher.endpoint.wire import without_user
from distill.teacher.reply import thinking

_SETTLE = (
    "UPDATE attempts SET settled=?, ended=?, status=?, prompt_tokens=?, completion_tokens=?, usd=?, estimated=?, error=? "
    "WHERE id=? AND settled IS NULL"
)
_LOSE = "INSERT OR IGNORE INTO unreadable (attempt, status, raw, at) VALUES (?,?,?,?)"
_KEEP = f"INSERT INTO answers VALUES ({','.join('?' * 21)}) ON CONFLICT (request_id) DO NOTHING"  # noqa: S608 - only question marks are put in
_RAW_CAP = 64 * 1024
"""Characters of a body that is kept beside its parsed answer; the text itself is never cut."""
READ = (
    "SELECT text, finish_reason, refusal, reasoning, model, prompt_tokens, completion_tokens, cached_tokens, "
    "tokens_measured, usd, latency_s, cache_write_tokens, reasoning_tokens, tool_calls, logprobs "
    "FROM answers WHERE request_id=?"
)

Column = str | int | float | None
"""What a column of the store holds."""
Statement = tuple[str, Sequence[Column]]
RequestKey = tuple[str, str, int, str]
"""What was asked: the request's id, endpoint, draw, and its body in canonical JSON."""
EndedRow = tuple[int, RequestKey, Answer]
"""An attempt by its id, what it asked, and what came of it."""


def now() -> str:
    """The moment, as the store writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def kept(request: Request) -> RequestKey:
    return request.id, without_user(request.endpoint), request.draw, canonical(dict(request.body))


def ending(attempt: int, asked: RequestKey, answer: Answer, at: str) -> list[Statement]:
    """The statements that settle an attempt, and keep its answer if it is one, or the body that could not be read as one."""
    usage = answer.usage
    ended = (
        at, answer.ended.value, answer.status, usage.prompt_tokens, usage.completion_tokens,
        answer.usd, int(not usage.measured), _quote(answer.error[:2000]), attempt,
    )  # fmt: skip
    if answer.ok:
        return [(_SETTLE, ended), (_KEEP, _row(asked, answer, at))]
    if answer.raw:
        return [(_SETTLE, ended), (_LOSE, (attempt, answer.status, _quote(answer.raw[:_RAW_CAP]), at))]
    return [(_SETTLE, ended)]


def endings(ended: Iterable[EndedRow]) -> list[Statement]:
    """The statements of many attempts, those of one kind together, so that they go in one call."""
    at = now()
    return sorted((statement for one in ended for statement in ending(*one, at)), key=itemgetter(0))


def read(request_id: str, row: Sequence[Json]) -> Answer:
    """The answer that a row of `READ` holds."""
    text, finish, refusal, reasoning, model, prompt, completion, cached, measured, usd, latency, *more = row
    written, thought, calls, logprobs = more
    usage = Usage(prompt, completion, cached, written, thought, bool(measured))
    said, thoughts = unquote(text), unquote(reasoning)
    if not thoughts:  # kept by a version that did not take thinking out of the text
        thoughts, said, _ = thinking.apart(said, lambda _tag: True)
    return Answer(
        request_id, Ended.OK, said, finish_word(unquote(finish)), usage, usd, latency,
        unquote(model), unquote(refusal), thoughts,
        tool_calls=tuple(ToolCall(*call) for call in json.loads(calls)) if calls else (),
        logprobs=json.loads(logprobs) if logprobs else None,
    )  # fmt: skip


def _row(asked: RequestKey, answer: Answer, at: str) -> tuple[Column, ...]:
    usage = answer.usage
    return (
        *asked,
        _quote(answer.text), _quote(answer.finish_reason), _quote(answer.refusal), _quote(answer.reasoning), _quote(answer.model),
        usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, int(usage.measured), answer.usd,
        answer.latency_s, _quote(answer.raw[:_RAW_CAP]), at, usage.cache_write_tokens, usage.reasoning_tokens,
        json.dumps([(call.name, call.arguments) for call in answer.tool_calls]) if answer.tool_calls else "",
        "" if answer.logprobs is None else json.dumps(answer.logprobs),
    )  # fmt: skip


def _quote(text: str) -> str:
    """SQLite takes no lone surrogate; they are kept as `\\udXXX` behind a NUL mark, so the way back is exact."""
    if text.isascii() and not text.startswith("\0"):
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "\0" + text.encode("utf-8", "surrogatepass").hex()
    return "\0" + text.encode().hex() if text.startswith("\0") else text


def unquote(text: str) -> str:
    """A text as it was before it was kept."""
    return bytes.fromhex(text[1:]).decode("utf-8", "surrogatepass") if text.startswith("\0") else text
