"""What a question reads as token ids, by the base's own chat template: the very ids that training reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from distill.errors import UsageError
from distill.host.serving.engine import ModelQuestion
from distill.protocol.error import ApiError
from distill.records import Json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class TokenPrompt:
    """The ids to read, and how many tokens may be written."""

    ids: Sequence[int]
    most: int


def tokeniser(folder: Path, template: Path | None = None) -> PreTrainedTokenizerBase:
    """The base's tokeniser; one without a chat template still writes completions."""
    from transformers import AutoTokenizer

    from distill.base_model import load
    from distill.base_model.chat_format import FormatError

    try:
        return load.tokeniser(folder, template)
    except FormatError:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)


def prompt(tokenizer: PreTrainedTokenizerBase, question: ModelQuestion, *, context: int | None) -> TokenPrompt:
    """The ids of a question; ApiError where the template cannot say it, or the model cannot read so much.

    An answer may be as long as its limit, or as what the model's window leaves.
    """
    ids = _ids(tokenizer, question)
    if not ids:
        raise ApiError("The prompt is empty; it needs at least one token.", code="invalid_value", param="prompt")
    if context is None:
        return TokenPrompt(ids, 1024 if question.max_tokens is None else question.max_tokens)
    if len(ids) >= context:
        where = "messages" if question.messages is not None else "prompt"
        raise ApiError(
            f"This model's maximum context length is {context} tokens. However, your {where} resulted in {len(ids)} tokens. "
            f"Please reduce the length of the {where}.",
            code="context_length_exceeded", param=where,
        )  # fmt: skip
    left = context - len(ids)
    return TokenPrompt(ids, left if question.max_tokens is None else min(question.max_tokens, left))


def forced(question: ModelQuestion) -> ModelQuestion:
    """A question whose call of a tool is not left to the model, with the schema that makes it one."""
    if question.tool_choice == "none":
        return replace(question, tools=())
    if question.tool_choice == "auto" or not question.tools:
        return question
    if question.schema is not None:
        raise ApiError("'response_format' has no place where a call of a tool is required.", param="response_format")
    named = question.tool_choice["function"]["name"] if isinstance(question.tool_choice, Mapping) else None
    calls = [_call_schema(tool["function"]) for tool in question.tools if named in (None, tool["function"]["name"])]
    return replace(question, schema=calls[0] if len(calls) == 1 else {"anyOf": calls})


def _call_schema(function: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": {
            "name": {"const": function["name"]},
            "arguments": function.get("parameters") or {"type": "object"},
        },
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def checked_ids(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> Sequence[int]:
    """Token ids of a client's; ApiError for one that the model has not."""
    if (odd := next((one for one in ids if one >= len(tokenizer)), None)) is not None:
        raise ApiError(
            f"Invalid token id {odd}: this model has {len(tokenizer)} tokens.", code="invalid_value", param="prompt"
        )
    return ids


def _ids(tokenizer: PreTrainedTokenizerBase, question: ModelQuestion) -> Sequence[int]:
    if question.prompt is not None and not isinstance(question.prompt, str):
        return checked_ids(tokenizer, question.prompt)
    plain = question.prompt is not None
    text = question.prompt if plain else _chat(tokenizer, question)
    ids: Sequence[int] = tokenizer(text, add_special_tokens=plain)["input_ids"]
    return list(ids)


def _chat(tokenizer: PreTrainedTokenizerBase, question: ModelQuestion) -> str:
    from distill.base_model.chat_format import chat_format

    turns = question.messages or ()
    try:
        form = chat_format(tokenizer)
        text = form.prompt(turns, question.tools)
        if question.tools and text == form.prompt(turns):
            raise ApiError("The model's chat template has no place for tools; leave 'tools' out.", param="tools")
    except UsageError as fault:
        raise ApiError(f"The model cannot be asked so: {fault}", code="invalid_value", param="messages") from None
    return text
