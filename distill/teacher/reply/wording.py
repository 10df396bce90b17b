"""What an endpoint's object says, in the words of a chat completion, and why it may be no answer."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from distill import finish_reason
from distill.records import Json, ToolCall


class SentRequest(Protocol):
    """What must be known of a request to read its answer."""

    @property
    def id(self) -> str: ...
    @property
    def turns(self) -> list[dict[str, Json]]: ...


class UnreadableReply(ValueError):
    """What was sent is no whole answer, and why."""


class Failed(UnreadableReply):
    """The generation broke off on the endpoint's side: what it had said by then is no answer."""

    def __init__(self, reason: str, fault: object = None) -> None:
        super().__init__(reason)
        self.fault = fault


class Wording(NamedTuple):
    """One whole answer; `left_out` names what it held beside the text that no text can show."""

    text: str
    finish: str
    refusal: str = ""
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    logprobs: Json = None
    left_out: str = ""


def ended(word: object, fault: object = None) -> str:
    """The canonical word for an end; Unreadable where there is none, Failed where it is an error."""
    if isinstance(word, dict):  # SGLang's {"type": "stop", "matched": 2}
        word = word.get("type")
    if not isinstance(word, str) or not word:
        if fault:
            raise Failed("the endpoint reports an error in its answer", fault)
        raise UnreadableReply("no finish reason")
    found = finish_reason.canonical(word)
    if found == finish_reason.ERROR or fault:
        raise Failed(f"the generation failed: it ended by {word[:80]!r}", fault)
    return found
