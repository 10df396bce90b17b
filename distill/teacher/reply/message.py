"""A chat completion and a Responses API object, read as what the model said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from distill import finish_reason
from distill.records import DEEPEST, Json, ToolCall, too_deep
from distill.teacher.reply import thinking
from distill.teacher.reply.calls import of_message, tool_calls
from distill.teacher.reply.content import Content, joined_thoughts, read_content, reasoning
from distill.teacher.reply.wording import Failed, UnreadableReply, Wording, ended

Keep = Callable[[str], bool]
_KNOWN = {"role", "content", "tool_calls", "function_call", "refusal", "reasoning", "reasoning_content"}
_PLAIN = {"role", "content"}
_FINISHES = ("finish_reason", "finishReason", "native_finish_reason", "stop_reason", "stopReason")


def completion(found: Mapping[str, Json], keep: Keep) -> Wording:
    """Of a chat completion; Unreadable for anything that is no whole answer."""
    listed = found["choices"]
    if not isinstance(listed, list) or not listed or not isinstance(listed[0], dict):
        raise UnreadableReply("no choices")
    choice = listed[0]
    word = choice.get("finish_reason") or next((choice[key] for key in _FINISHES if choice.get(key)), None)
    finish = ended(word, choice.get("error") or None)
    message = choice.get("message") or choice.get("delta")
    if not isinstance(message, dict) and isinstance(choice.get("text"), str):
        message = {"content": choice["text"]}
    if not isinstance(message, dict) or not ("content" in message or _KNOWN & message.keys()):
        raise UnreadableReply("no message")
    logs = choice.get("logprobs")
    logprobs = logs.get("content") if isinstance(logs, dict) else None
    content = message.get("content")
    if isinstance(content, str) and message.keys() <= _PLAIN:
        return put_together(content, finish, "", (), (), logprobs, keep)
    return _whole(read_content(content), message, finish, keep, logprobs)


def _whole(content: Content, message: Mapping[str, Json], finish: str, keep: Keep, logprobs: Json) -> Wording:
    refusal = message.get("refusal") or ""
    if not isinstance(refusal, str):
        raise UnreadableReply(f"refusal is a JSON {type(refusal).__name__}, expected text")
    found = of_message(message, content.calls)
    if content.others and content.empty and not refusal and not found:
        raise UnreadableReply(f"content of kind {', '.join(sorted(set(content.others)))[:200]} and no text")
    refusal = refusal or "".join(content.refusals)
    thoughts = [*reasoning(message), *content.thoughts]
    return put_together("".join(content.texts), finish, refusal, thoughts, found, logprobs, keep, content.others)


def put_together(
    text: str, finish: str, refusal: str, thoughts: Sequence[str], calls: tuple[ToolCall, ...], logprobs: Json,
    keep: Keep, others: Iterable[str] = (),
) -> Wording:  # fmt: skip
    """The parts of an answer put together: thinking that stands in the text goes where thinking belongs."""
    parts = thinking.apart(text, keep)
    notes = [f"left out besides the text: {', '.join(sorted(set(others)))[:200]}"] if others else []
    if not calls and parts.calls:
        calls = tool_calls({"name": name, "arguments": given} for name, given in parts.calls)
        finish = finish_reason.CALLS if finish == finish_reason.STOP else finish
    if logprobs is not None and (not isinstance(logprobs, list) or too_deep(logprobs)):
        notes.append(f"left out: logprobs that are no list, or are nested deeper than {DEEPEST} levels")
        logprobs = None
    said = [one.strip("\n") for one in (*thoughts, parts.reasoning) if one.strip()]
    thought = "\n".join(dict.fromkeys(said)) if said else ""
    return Wording(parts.text, finish, refusal, thought, calls, logprobs, "; ".join(notes))


def response(found: Mapping[str, Json], keep: Keep) -> Wording:
    """Of a Responses API object."""
    output, status = found["output"], found.get("status")
    if not isinstance(output, list) or not all(isinstance(item, dict) for item in output):
        raise UnreadableReply("output is no list of items")
    content, thoughts, calls, logprobs = Content(), list[str](), list[Mapping[str, Json]](), list[Json]()
    for item in output:
        kind = item.get("type")
        if kind == "message":
            _add_message(item, content, logprobs)
        elif kind == "reasoning":
            thoughts.append(_thoughts(item))
        elif kind in ("function_call", "tool_call"):
            calls.append(item)
        else:
            content.others.append(str(kind)[:40])
    made, thoughts = tool_calls([*calls, *content.calls]), [one for one in (*thoughts, *content.thoughts) if one]
    finish = _finish(found, status, bool(made))
    if content.others and content.empty and not made and not thoughts:
        raise UnreadableReply(f"output of kind {', '.join(sorted(set(content.others)))[:200]} and no text")
    text, refusal = "".join(content.texts), "".join(content.refusals)
    return put_together(text, finish, refusal, thoughts, made, logprobs or None, keep, content.others)


def _add_message(item: Mapping[str, Json], content: Content, logprobs: list[Json]) -> None:
    if item.get("content") is None:
        raise UnreadableReply("a message without content")
    one = read_content(item["content"])
    if isinstance(item["content"], list):
        for part in item["content"]:
            if isinstance(part, dict) and isinstance(part.get("logprobs"), list):
                logprobs += part["logprobs"]
    for name in ("texts", "thoughts", "refusals", "calls", "others"):
        getattr(content, name).extend(getattr(one, name))


def _thoughts(item: Mapping[str, Json]) -> str:
    """A reasoning item's summary, or its whole text where the server gives it."""
    shown = joined_thoughts(item.get("content")) or joined_thoughts(item.get("summary"))
    return shown or ("[encrypted reasoning]" if item.get("encrypted_content") else "")


def _finish(found: Mapping[str, Json], status: Json, calls: bool) -> str:
    if status == "completed":
        return finish_reason.CALLS if calls else finish_reason.STOP
    details = found.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    word = finish_reason.canonical(reason) if isinstance(reason, str) else ""
    if status == "incomplete" and word in (finish_reason.LENGTH, finish_reason.FILTERED):
        return word
    if status in ("failed", "cancelled", "canceled"):
        raise Failed(f"the response is {status}", found.get("error"))
    raise UnreadableReply(f"the response is {str(status)[:40]!r}, for the reason {str(reason)[:80]!r}")
