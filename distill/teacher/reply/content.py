"""A message's content and reasoning in every shape that servers give them: a text, parts, or fields beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from distill.records import Json
from distill.teacher.reply.wording import UnreadableReply

_THINKING = {
    "thinking", "reasoning", "reasoning_text", "reasoning_content", "reasoning.text", "reasoning.summary", "summary_text", "thought",
}  # fmt: skip
_HIDDEN = {"redacted_thinking", "reasoning.encrypted", "encrypted", "encrypted_reasoning"}
_CALLS = {"tool_use", "tool_call", "function_call", "function", "toolUse", "tool-call", "functionCall"}
_TEXT_KEYS = ("text", "value", "content", "parts", "output_text")
_THOUGHT_KEYS = ("thinking", "reasoning", "text", "summary", "content", "reasoning_content", "reasoningText", "thought")
_FIELDS = (
    "reasoning_content", "reasoning", "reasoning_text", "thinking", "thinking_content", "thoughts", "thought",
    "reasoning_details", "thinking_blocks",
)  # fmt: skip
_DEEPEST = 8


@dataclass(slots=True)
class Content:
    """What a content holds, by kind and in order."""

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    calls: list[Mapping[str, Json]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.texts or self.thoughts or self.refusals or self.calls)


def read_content(content: object) -> Content:
    """A content as text, list of parts or object; Unreadable where it is none of them."""
    if isinstance(content, str):
        return Content([content])
    found = Content()
    _add(content, found, 0)
    return found


def reasoning(message: Mapping[str, Json]) -> list[str]:
    """The thinking in a message's own fields; servers often repeat it in a second one, so the first that holds some counts."""
    for name in message:
        if name in _FIELDS:
            found = (joined_thoughts(message[one]) for one in _FIELDS if message.get(one))
            return [said for said in found if said][:1]
    return []


def joined_thoughts(given: object, depth: int = 0) -> str:
    """Thinking as text, from a text, a list of parts or an object; encrypted parts are named."""
    if isinstance(given, str):
        return given
    if depth > _DEEPEST:
        return ""
    if isinstance(given, list):
        return "\n".join(said for one in given if (said := joined_thoughts(one, depth + 1)))
    if not isinstance(given, dict):
        return ""
    shown = next((said for key in _THOUGHT_KEYS if (said := joined_thoughts(given.get(key), depth + 1))), "")
    kind = given.get("type")
    if shown or (isinstance(kind, str) and kind in _HIDDEN):
        return shown or f"[{kind}]"
    return "[encrypted reasoning]" if "encrypted_content" in given or "redactedContent" in given else ""


def _add(content: object, found: Content, depth: int) -> None:
    if isinstance(content, str):
        found.texts.append(content)
    elif depth > _DEEPEST:
        raise UnreadableReply("content nested too deep")
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, list):
                raise UnreadableReply("a list within the list of content")
            _add(part, found, depth + 1)
    elif isinstance(content, dict):
        _add_part(content, found, depth)
    elif content is not None or depth:
        raise UnreadableReply(f"content is a JSON {type(content).__name__}, expected text")


def _add_part(part: Mapping[str, Json], found: Content, depth: int) -> None:
    kind = part.get("type")
    kind = kind if isinstance(kind, str) else ""
    if kind in _THINKING or kind in _HIDDEN or part.get("thought") is True or "reasoningContent" in part:
        if said := joined_thoughts(part.get("reasoningContent", part)):
            found.thoughts.append(said)
    elif kind == "refusal" or (not kind and "refusal" in part):
        said = part.get("refusal", part.get("text"))
        if not isinstance(said, str):
            raise UnreadableReply("a refusal that is no text")
        found.refusals.append(said)
    elif kind in _CALLS or "functionCall" in part or "toolUse" in part:
        found.calls.append(part)
    elif kind in ("", "text", "output_text", "input_text", "markdown", "message"):
        _add_text(part, found, depth)
    else:
        found.others.append(kind)


def _add_text(part: Mapping[str, Json], found: Content, depth: int) -> None:
    for key in _TEXT_KEYS:
        if part.get(key) not in (None, []):
            _add(part[key], found, depth + 1)
            return
    if part.get("type") in ("text", "output_text") or not part:
        raise UnreadableReply("a text part without a text")
    found.others.append(", ".join(sorted(str(key)[:40] for key in list(part)[:4])))
