"""An answer of transformers held to a JSON schema, by llguidance: at each step it says which tokens may follow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill import extras
from distill.protocol.error import ApiError
from distill.records import Json

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

_PARAM = "response_format"
_BETWEEN = r"( |\n[ \t]{0,20})?"
"""What may stand between the parts of a JSON text, as llama.cpp has it: a model that is left free may write line feeds without end."""


class JsonGrammar:
    """The state of one answer; `tokens` is made once for a tokeniser by `tokens_of`."""

    def __init__(self, tokens: Any, schema: Mapping[str, Json]) -> None:
        import llguidance

        self._matcher = llguidance.LLMatcher(tokens, _grammar(schema), log_level=0)
        if self._matcher.is_error():
            raise refusal(self._matcher.get_error())

    def allowed(self, logits: torch.Tensor) -> torch.Tensor:
        """The logits, with the tokens that may not follow made impossible."""
        import numpy as np
        import torch

        bits = np.unpackbits(np.frombuffer(self._matcher.compute_bitmask(), np.uint8), bitorder="little")
        held = np.zeros(len(logits), dtype=bool)
        held[: min(len(bits), len(logits))] = bits[: len(logits)]
        return logits.masked_fill(~torch.from_numpy(held), float("-inf"))

    def take(self, token: int) -> None:
        """The token that was drawn."""
        self._matcher.consume_token(token)


def tokens_of(tokenizer: PreTrainedTokenizerBase, stops: Sequence[int]) -> Any:
    """A tokeniser as llguidance reads it; ApiError 501 where that is not here."""
    if extras.missing("schema"):
        raise ApiError(
            "This base is served by transformers, which holds an answer to a JSON schema only with the package llguidance; "
            f"{extras.hint('schema')}. Or serve it from a GGUF file or by a vLLM (--upstream), or leave 'response_format' and a required "
            "'tool_choice' out.",
            status=501, code="unsupported_parameter", param=_PARAM,
        )  # fmt: skip
    import llguidance.hf

    return llguidance.hf.from_tokenizer(tokenizer, eos_token=stops[0])


def refusal(why: str) -> ApiError:
    """Of a schema that cannot be followed."""
    return ApiError(f"Invalid schema for 'response_format': {why[:300]}", code="invalid_json_schema", param=_PARAM)


def _grammar(schema: Mapping[str, Json]) -> str:
    import llguidance

    written = json.dumps(dict(schema) or {"type": "object"})
    found: str = llguidance.LLMatcher.grammar_from_json_schema(written, {"whitespace_pattern": _BETWEEN})
    return found
