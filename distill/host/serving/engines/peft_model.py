"""One base of transformers in memory with the peft adapters of its tunes on it, of which one or none computes at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.base_model import load, local
from distill.base_model.local import LocalWeights
from distill.base_model.quiet import quiet
from distill.host.serving.engines import prompt
from distill.host.serving.engines.json_grammar import JsonGrammar, tokens_of
from distill.records import Json, content_id

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MOST_ADAPTERS = 64
"""Adapters that are kept in memory; the one that was not asked for longest makes room."""


@dataclass(slots=True)
class PeftModel:
    """A base, and what is loaded on it: adapter's folder → the name that peft knows it by."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    context: int | None
    stops: Sequence[int]
    adapters: dict[Path, str] = field(default_factory=dict)
    peft: Any = None  # peft's own wrapper, once there is an adapter
    tokens: Any = None  # llguidance's view of the tokeniser, once a schema is asked for

    @contextmanager
    def on(self, adapter: Path | None) -> Iterator[PreTrainedModel]:
        """The model that computes as the base, or as a tune on it."""
        if adapter is not None:
            self._load(adapter)
            self.peft.set_adapter(self.adapters[adapter])
        bare = self.peft.disable_adapter() if adapter is None and self.peft is not None else nullcontext()
        with bare:
            yield self.peft or self.model

    def embed(self, adapter: Path | None, ids: Sequence[int]) -> list[float]:
        """The mean of the last hidden states, at length 1."""
        import torch

        with torch.inference_mode(), self.on(adapter):
            inner = getattr(self.model, self.model.base_model_prefix)
            hidden = inner(input_ids=torch.tensor([list(ids)], device=self.model.device)).last_hidden_state
            vector = torch.nn.functional.normalize(hidden[0].float().mean(0), dim=0)
        found: list[float] = vector.tolist()
        return found

    def grammar(self, schema: Mapping[str, Json]) -> JsonGrammar:
        """What holds one answer to a schema; ApiError for one that cannot be followed."""
        if self.tokens is None:
            self.tokens = tokens_of(self.tokenizer, self.stops)
        return JsonGrammar(self.tokens, schema)

    def _load(self, adapter: Path) -> None:
        if adapter in self.adapters:
            self.adapters[adapter] = self.adapters.pop(adapter)  # asked for last
            return
        import peft

        if len(self.adapters) >= MOST_ADAPTERS:
            self.peft.delete_adapter(self.adapters.pop(next(iter(self.adapters))))
        name = f"tune-{content_id(str(adapter))}"  # a name of ours: peft makes modules of it
        with quiet():
            if self.peft is None:
                self.peft = peft.PeftModel.from_pretrained(self.model, adapter, adapter_name=name)
            else:
                self.peft.load_adapter(str(adapter), adapter_name=name)
        self.peft.eval()
        self.adapters[adapter] = name


def opened(weights: LocalWeights) -> PeftModel:
    """The base of a name in memory; UsageError where it is not to be had, or there is too little memory."""
    folder = weights.folder()
    tokenizer, model = prompt.tokeniser(folder, weights.template), load.model(folder).eval()
    return PeftModel(model, tokenizer, local.context_of(folder), _stops(model, tokenizer))


def _stops(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Sequence[int]:
    """Tokens that end an answer: of the chat template, of the tokeniser, and of the model's own settings."""
    from distill.base_model.chat_format import FormatError, chat_format

    own = model.generation_config.eos_token_id if model.generation_config is not None else None
    ends = [own] if isinstance(own, int) else list(own or [])
    try:
        ends = [*chat_format(tokenizer).stops, *ends]
    except FormatError:
        ends = [*([tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else []), *ends]
    return list(dict.fromkeys(ends)) or [0]
