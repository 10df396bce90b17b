"""Why a model's answer ended, in one set of words, whatever its server calls it.

stop            the model ended by itself
length          cut off: the limit of the request, or the model's own window
content_filter  the endpoint or the model would not say it
tool_calls      it calls a tool
error           the generation failed midway: no answer, and it may be billed

A word that no table knows is kept as it is; the `finish_reason` gate then drops the row and names the word.
"""

from __future__ import annotations

import re

STOP, LENGTH, FILTERED, CALLS, ERROR = "stop", "length", "content_filter", "tool_calls", "error"

_WORDS = {
    STOP: "stop eos eos_token eos_token_id end end_turn end_of_turn stop_sequence stop_token complete completed finish finished done natural "
    "endoftext eot end_of_text end_of_sentence im_end eot_id eom_id /s stopped normal",
    LENGTH: "length max_tokens max_token max_length max_new_tokens max_output_tokens max_completion_tokens model_length token_limit tokens_limit "
    "context_length context_window_exceeded model_context_window_exceeded context_length_exceeded error_limit max_tokens_reached limit "
    "max_context_length output_limit",
    FILTERED: "content_filter content_filtered contentfilter filter filtered safety recitation blocklist prohibited_content spii refusal refused "
    "guardrail_intervened guardrails sensitive error_toxic image_safety image_prohibited_content moderation flagged blocked model_armor "
    "content_policy_violation language",
    CALLS: "tool_calls tool_call tool_use function_call function_calls tool_uses",
    ERROR: "error errored failed failure network_error server_error internal_error upstream_error insufficient_system_resource "
    "malformed_function_call malformed_tool_call malformed_response unexpected_tool_call invalid_tool_call too_many_tool_calls "
    "abort aborted cancel cancelled canceled user_cancel timeout timed_out unavailable overloaded engine_overloaded load unload",
}
_NAMED = re.compile(r"^(?:\w*reason(?:\.|::)|(?:finish|stop)_reason_)(?=[a-z])", re.IGNORECASE)
_CANONICAL = {word: name for name, words in _WORDS.items() for word in words.split()}


def canonical(word: str) -> str:
    """The word of this table for an endpoint's own; one that it does not hold comes back as it is."""
    if word in _WORDS:
        return word
    plain = _bare(word).lower().replace("-", "_").replace(" ", "_")
    found = _CANONICAL.get(plain)
    # camel case ("endTurn", "MaxTokens"), and a reason behind the word ("content_filter: SAFETY")
    found = found or _CANONICAL.get(_snake(_bare(word))) or _CANONICAL.get(plain.partition(":")[0])
    return found or word


def _bare(word: str) -> str:
    """Without an enumeration's name before it ("FinishReason.STOP", "FINISH_REASON_STOP") or a token's brackets ("<|im_end|>")."""
    return _NAMED.sub("", word.strip().strip("<|>"))


def _snake(word: str) -> str:
    parts = ["_" + letter.lower() if letter.isupper() else letter for letter in word]
    return "".join(parts).lstrip("_")
