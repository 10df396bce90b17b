"""What came over the line, read as an Answer: one reading for live answers, batch lines, judges, labels, new seeds and students.

    read_body    a 200's body: an answer, an error under a 200, or neither
    refused      any other status

    parsed       bytes → a value; streams that nobody asked for are joined     stream.py
    natives      vendors' own shapes → a chat completion
    message      a chat completion or a Responses object → what was said       content, calls, thinking, channels
    counts       the tokens
    faults       an error in any shape; refusals: what it means; waits: how long to wait       languages

An answer is kept whole: thinking goes into `reasoning`, `finish_reason` is a word of distill.finish_reason, and an empty text that
ended well is an answer that was paid for (a gate drops it, nobody buys it again). Only a reply that says why it ended counts
as one. All else ends as a failure with a reason, and its body goes with it (`raw`) so that the store can keep it; what a
failed reply says of its tokens is what it cost. Nothing that a body holds raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from distill.money import Price
from distill.records import Answer, Ended, Json, Usage
from distill.teacher.reply import counts, message, natives, parsed
from distill.teacher.reply.errors import faults, refusals, waits
from distill.teacher.reply.wording import Failed, SentRequest, UnreadableReply, Wording

_NOWHERE = re.compile(
    r"(?:404\W*)?(?:the )?(?:page|path|route|url|resource|requested url.*)?\s*(?:was |is )?not (?:found|allowed)|cannot (?:post|get)|method not"
    r"|unexpected endpoint|no route|invalid url|unknown (?:url|path|endpoint|request url)",
    re.IGNORECASE,
)
"""What a server says where nothing is, and no model is in question."""


class _Loss(NamedTuple):
    """Why a reply is no answer, under which status, and how long it asks to wait."""

    ended: Ended
    said: str
    status: int = 200
    wait_s: float | None = None


def read_body(body: bytes, request: SentRequest, *, price: Price | None) -> Answer:
    """A 200's body as an Answer: OK only for a whole answer that says why it ended."""
    try:
        found = parsed.value(body)
    except ValueError as fault:
        return _lost(request, {"usage": parsed.usage(body)}, _malformed(str(fault), body), body, price)
    return read_object(found, request, price=price, raw=body)


def read_object(found: object, request: SentRequest, *, price: Price | None, raw: bytes) -> Answer:
    """The same of a value that was read from JSON already; `raw` is what is kept and shown of it."""
    try:
        if (not isinstance(found, dict) or "error" in found or not found.get("choices")) and faults.is_error(found):
            return _lost(request, found, _failed(found, raw), raw, price)
        found, said = _said(found, request)
        usage = counts.usage_of(found, request, said)
    except Failed as broke:
        return _lost(request, found, _broken_off(broke), raw, price)
    except UnreadableReply as fault:
        return _lost(request, found, _malformed(str(fault), raw), raw, price)
    except Exception as fault:  # noqa: BLE001 - whatever one reply holds, it is a failure of this one attempt and never the run's
        return _lost(request, found, _malformed(type(fault).__name__, raw), raw, price)
    model = found.get("model")
    return Answer(
        request.id, Ended.OK, said.text, said.finish, usage, price(usage) if price else 0.0, status=200,
        model=model if isinstance(model, str) else "", refusal=said.refusal, reasoning=said.reasoning, error=said.left_out,
        tool_calls=said.calls, logprobs=said.logprobs, raw=raw.decode("utf-8", "replace"),
    )  # fmt: skip


def _said(found: object, request: SentRequest) -> tuple[Mapping[str, Json], Wording]:
    if not isinstance(found, dict):
        raise UnreadableReply(f"a JSON {type(found).__name__}, expected an object")
    keep = _kept(request)
    if found.get("object") == "response" or (isinstance(found.get("output"), list) and "choices" not in found):
        return found, message.response(found, keep)
    chat = natives.as_chat(found)
    if "choices" not in chat:
        raise UnreadableReply("no choices")
    return chat, message.completion(chat, keep)


def _kept(request: SentRequest) -> Callable[[str], bool]:
    """Whether the prompt itself names a tag, which is then a part of the form that it asks for."""
    return lambda tag: any(f"<{tag}" in str(turn.get("content")).lower() for turn in request.turns)


def refused(status: int, body: bytes, headers: Mapping[str, str], request: SentRequest, *, now: float) -> Answer:
    """Any other status as an Answer; `now` is the wall clock in seconds, for a Retry-After that is a date."""
    try:
        fault = faults.details_of(parsed.value(body))
    except ValueError:
        fault = faults.ErrorDetails()
    fault.message = fault.message or _shown(body).strip()
    return _refused(status, fault, request, waits.in_headers(headers, now=now))


def refused_with(status: int, found: object, request: SentRequest) -> Answer:
    """The same of a value that was read from JSON already, as a batch's line holds it; 200 for an error that has no status."""
    return _refused(status, faults.details_of(found), request)


def _refused(status: int, fault: faults.ErrorDetails, request: SentRequest, wait: float | None = None) -> Answer:
    wait = waits.in_body(fault) if wait is None else wait
    ended = refusals.ended(status, fault)
    said = fault.message or "without a word of why"
    if status in (404, 405) and (not fault.sentences or _NOWHERE.match(said)):
        said += "; nothing is at this address, so most likely teacher.base_url is wrong (many end in /v1)"
    return Answer(request.id, ended, error=said, status=status, retry_after_s=wait)


def _failed(found: object, raw: bytes) -> _Loss:
    """An error that came as a 200, read as its code would be; one beside the beginning of an answer may be billed."""
    fault, broke = faults.details_of(found), isinstance(found, dict) and _begun(found)
    fault.message = fault.message or _shown(raw)
    ended = refusals.ended(200, fault)
    if broke and ended is not Ended.NO_ACCESS:
        ended = Ended.MALFORMED
    status = next((one for one in fault.numbers if one >= 400), 200)
    said = f"the generation failed: {fault.message}" if broke else fault.message
    return _Loss(ended, said, status, waits.in_body(fault))


def _begun(found: Mapping[str, Json]) -> bool:
    """Whether something was said before the error, or counted: then it may be billed."""
    listed = found.get("choices")
    choice = listed[0] if isinstance(listed, list) and listed else None
    message = choice.get("message") if isinstance(choice, dict) else None
    said = isinstance(message, dict) and any(value for name, value in message.items() if name != "role")
    usage = counts.stated_usage(found) if choice else None
    return said or bool(usage and usage.prompt_tokens + usage.completion_tokens)


def _broken_off(broke: Failed) -> _Loss:
    """An answer whose own end is an error: sent again, and perhaps billed."""
    fault = faults.details_of(broke.fault) if broke.fault else faults.ErrorDetails()
    ended = Ended.NO_ACCESS if broke.fault and refusals.ended(200, fault) is Ended.NO_ACCESS else Ended.MALFORMED
    return _Loss(ended, f"{broke}: {fault.message}" if fault.message else str(broke), wait_s=waits.in_body(fault))


def _malformed(reason: str, raw: bytes) -> _Loss:
    return _Loss(Ended.MALFORMED, f"no whole answer ({reason[:200]}): {_shown(raw)!r}")


def _lost(request: SentRequest, found: object, why: _Loss, raw: bytes, price: Price | None) -> Answer:
    """A reply that is no answer, with what it says of its tokens: so much it cost."""
    try:
        usage = counts.stated_usage(natives.as_chat(found) if isinstance(found, dict) else found)
    except Exception:  # noqa: BLE001 - as in `read_object`
        usage = None
    usage = usage or Usage()
    return Answer(
        request.id, why.ended, usage=usage, usd=price(usage) if price else 0.0, error=why.said, status=why.status,
        retry_after_s=why.wait_s, raw=raw.decode("utf-8", "replace"),
    )  # fmt: skip


def _shown(body: bytes) -> str:
    return body[: faults.KEEP_CHARS].decode("utf-8", "replace")
