"""Vendors' own shapes, which gateways let through, as the chat completion that they stand for."""

from __future__ import annotations

from collections.abc import Mapping

from distill.records import Json

_WRAPPERS = ("data", "result", "response", "output", "body")


def as_chat(found: Mapping[str, Json]) -> Mapping[str, Json]:
    """`found` as a chat completion; itself where it is one, or is nothing known."""
    if "choices" in found:
        return found
    chats = (read(found) for read in (_ollama, _anthropic, _gemini, _bedrock, _top_level, _wrapped))
    return next((chat for chat in chats if chat is not None), found)


def _chat(found: Mapping[str, Json], message: Json, finish: Json, usage: Json = None) -> dict[str, Json]:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    model = found.get("model") or found.get("modelVersion") or ""
    return {"choices": [choice], "usage": usage if usage is not None else found.get("usage"), "model": model}


def _ollama(found: Mapping[str, Json]) -> dict[str, Json] | None:
    if "done" not in found or not ("message" in found or "response" in found):
        return None
    finish = (found.get("done_reason") or "stop") if found["done"] is True else None
    usage = {name: found.get(name) for name in ("prompt_eval_count", "eval_count")}
    return _chat(found, found.get("message") or {"content": found.get("response")}, finish, usage)


def _anthropic(found: Mapping[str, Json]) -> dict[str, Json] | None:
    if found.get("type") != "message" or "content" not in found:
        return None
    return _chat(found, {"role": "assistant", "content": found["content"]}, found.get("stop_reason"))


def _gemini(found: Mapping[str, Json]) -> dict[str, Json] | None:
    listed, feedback = found.get("candidates"), found.get("promptFeedback")
    if isinstance(listed, list) and listed and isinstance(listed[0], dict):
        message = {"role": "assistant", "content": listed[0].get("content")}
        return _chat(found, message, listed[0].get("finishReason"), found.get("usageMetadata"))
    if isinstance(feedback, dict) and feedback.get("blockReason"):
        return _chat(found, {"role": "assistant", "content": None}, "content_filter", found.get("usageMetadata"))
    return None


def _bedrock(found: Mapping[str, Json]) -> dict[str, Json] | None:
    output = found.get("output")
    if not isinstance(output, dict) or "message" not in output:
        return None
    return _chat(found, output["message"], found.get("stopReason"))


def _top_level(found: Mapping[str, Json]) -> dict[str, Json] | None:
    """Cohere, and servers that leave the list of choices out."""
    if not isinstance(found.get("message"), dict) or not isinstance(found.get("finish_reason"), str):
        return None
    return _chat(found, found["message"], found["finish_reason"])


def _wrapped(found: Mapping[str, Json]) -> dict[str, Json] | None:
    for name in _WRAPPERS:
        inner = found.get(name)
        if isinstance(inner, dict) and isinstance(inner.get("choices"), list):
            return {"usage": found.get("usage"), "model": found.get("model") or "", **inner}
    return None
