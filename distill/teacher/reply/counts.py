"""The tokens of a reply: the endpoint's own counts in any spelling; what it does not count, or cannot mean, is estimated and marked.

A count of nothing beside a real answer, a negative one, or one that is no number would make the budget no wall.
"""

from __future__ import annotations

from collections.abc import Mapping

from distill.records import Json, Usage
from distill.teacher.reply.wording import SentRequest, Wording
from distill.text import tokens

_PROMPT = (
    "prompt_tokens", "input_tokens", "promptTokenCount", "inputTokens", "prompt_eval_count", "prompt_n", "promptTokens",
)  # fmt: skip
_COMPLETION = (
    "completion_tokens", "output_tokens", "candidatesTokenCount", "outputTokens", "eval_count", "predicted_n", "completionTokens",
    "generated_tokens",
)  # fmt: skip
_TOTAL = ("total_tokens", "totalTokenCount", "totalTokens")
_CACHED = (
    "cached_tokens", "prompt_cache_hit_tokens", "cachedContentTokenCount", "cache_read_input_tokens", "cacheReadInputTokens", "cache_n",
)  # fmt: skip
_WRITTEN = ("cache_write_tokens", "cache_creation_input_tokens", "cacheWriteInputTokens", "cache_creation_tokens")
_OUTSIDE = (
    "cache_read_input_tokens", "cacheReadInputTokens", "cache_n", "cache_creation_input_tokens", "cacheWriteInputTokens",
)  # fmt: skip
"""Parts of a prompt that their vendors count beside it."""
_THOUGHT = ("reasoning_tokens", "thoughtsTokenCount", "thinking_tokens")
_BESIDE = ("thoughtsTokenCount",)
_OF_PROMPT = ("prompt_tokens_details", "input_tokens_details")
_OF_COMPLETION = ("completion_tokens_details", "output_tokens_details")
_PLAIN = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})
_MOST = 10**9


def usage_of(found: Mapping[str, Json], request: SentRequest, said: Wording) -> Usage:
    given = stated_usage(found)
    prompt, completion = given.prompt_tokens if given else 0, given.completion_tokens if given else 0
    if given and prompt and (completion or not (said.text or said.calls or said.reasoning or said.refusal)):
        return given
    prompt = prompt or tokens.count_messages(request.turns)
    completion = completion or _estimate(said)
    kept = given or Usage()
    return Usage(
        prompt, completion, min(kept.cached_tokens, prompt), min(kept.cache_write_tokens, prompt), min(kept.reasoning_tokens, completion),
        measured=False,
    )  # fmt: skip


def stated_usage(found: object) -> Usage | None:
    """What a reply says of its tokens, None where it says nothing that can be meant; zeros stand for halves that it leaves out."""
    given = found.get("usage") if isinstance(found, dict) else None
    if isinstance(given, dict) and (usage := _read(given)) is not None:
        return usage
    return next((usage for place in _places(found) if (usage := _read(place)) is not None), None)


def _places(found: object) -> list[Mapping[str, Json]]:
    if not isinstance(found, dict):
        return []
    groq, meta, listed = found.get("x_groq"), found.get("meta"), found.get("choices")
    choice = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    given = [
        found.get("usage"), groq.get("usage") if isinstance(groq, dict) else None, found.get("usageMetadata"),
        found.get("timings"), meta, choice.get("usage"),
    ]  # fmt: skip
    inner = [one.get("tokens") for one in given if isinstance(one, dict)]
    return [one for one in (*given, *inner) if isinstance(one, dict)]


def _read(found: Mapping[str, Json]) -> Usage | None:
    """One object of counts; the commonest, without any details, in one look."""
    if found.keys() <= _PLAIN and (plain := _plain(found)) is not None:
        return plain
    prompt, completion = _named(found, _PROMPT), _named(found, _COMPLETION)
    total = _named(found, _TOTAL)
    if prompt is None and completion is None and total is None:
        return None
    cached, written = _detail(found, _OF_PROMPT, _CACHED), _detail(found, _OF_PROMPT, _WRITTEN)
    thought = _detail(found, _OF_COMPLETION, _THOUGHT)
    prompt, completion = _halves(prompt, completion, total)
    is_beside = total == prompt + completion + thought or thought > completion or any(name in found for name in _BESIDE)
    if completion and thought and is_beside:
        completion += thought  # some servers count them beside the completion's, and bill both
    if _cache_is_outside(found, prompt, completion, cached + written, total):
        prompt += cached + written
    cached = min(cached, prompt)
    return Usage(prompt, completion, cached, min(written, prompt - cached), min(thought, completion))


def _plain(found: Mapping[str, Json]) -> Usage | None:
    prompt, completion = found.get("prompt_tokens"), found.get("completion_tokens")
    if type(prompt) is int and type(completion) is int and 0 < prompt < _MOST and 0 < completion < _MOST:
        return Usage(prompt, completion)
    return None


def _halves(prompt: int | None, completion: int | None, total: int | None) -> tuple[int, int]:
    """Both counts; one that is left out is the rest of the total."""
    if total and prompt and completion is None and total > prompt:
        completion = total - prompt
    elif total and completion and prompt is None and total > completion:
        prompt = total - completion
    return prompt or 0, completion or 0


def _cache_is_outside(found: Mapping[str, Json], prompt: int, completion: int, parts: int, total: int | None) -> bool:
    """Whether the cache's tokens are counted beside the prompt's, as Anthropic does, or are a part of them."""
    if not parts or not any(name in found for name in _OUTSIDE):
        return False
    if total == prompt + completion:
        return False
    if total == prompt + completion + parts or "prompt_tokens" not in found:
        return not any(name in found for name in _OF_PROMPT)
    return parts > prompt


def _named(found: Mapping[str, Json], names: tuple[str, ...]) -> int | None:
    """The first spelling that counts something; 0 where all that are given are zeros, None where none is a count."""
    given = [count for name in names if name in found and (count := _count(found[name])) is not None]
    return next((count for count in given if count), 0 if given else None)


def _detail(found: Mapping[str, Json], groups: tuple[str, ...], names: tuple[str, ...]) -> int:
    for group in groups:
        details = found.get(group)
        if isinstance(details, dict) and (value := _named(details, names)):
            return value
    return _named(found, names) or 0


def _count(value: object) -> int | None:
    """A number of tokens, also where it is spelt 12.0; None for anything that is none, a text of digits too."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value < _MOST else None


def _estimate(said: Wording) -> int:
    texts = (said.text, said.refusal, said.reasoning, *(call.name + call.arguments for call in said.calls))
    return sum(map(tokens.count, texts))
