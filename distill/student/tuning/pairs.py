"""The preference pairs of a run as token ids: prompt and answers rendered apart by the base's own template, exactly as its supervised rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.base_model.tokenise import IGNORED, TokenRow, tokens_of
from distill.errors import GateNotMet
from distill.student.formats.row import PreferenceRow

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from distill.curate.selection.pairs import PairsFound
    from distill.student.run_dataset import RunDataset

LEAST = 2
"""Pairs: one to train on, and one to see by whether it helped."""
_HELD_OUT = 5
"""Every so manieth training pair is held out where no validation row makes one."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A prompt with its better and its worse answer, each with the tokens that end it."""

    prompt_ids: Sequence[int]
    chosen_ids: Sequence[int]
    rejected_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class TokenPairs:
    """What is trained on and what is held out; `too_long` pairs have an answer above what a row may hold, and are in neither."""

    train: Sequence[TokenPair]
    held_out: Sequence[TokenPair]
    too_long: int


def of_dataset(
    data: RunDataset, found: PairsFound, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
) -> TokenPairs:
    """The pairs of a run; GateNotMet where there are too few to train on and to check by."""
    train, valid = (list(data.preferences(found, fate)) for fate in ("train", "valid"))
    pairs = split(_fitting(train, tokenizer, max_tokens), _fitting(valid, tokenizer, max_tokens))
    too_long = len(train) + len(valid) - len(pairs.train) - len(pairs.held_out)
    if not pairs.train or not pairs.held_out:
        total = len(found.pairs) + sum(found.without.values())
        cut = f"; {too_long:,} hold more than {max_tokens:,} tokens" if too_long else ""
        raise GateNotMet(
            f"{len(found.pairs):,} of {total:,} seeds make a preference pair (margin {found.margin:g}{cut}), and student.train.preference needs "
            f"{LEAST}: several answers to a seed make pairs (teacher.sampling.draws, a panel, a fallback, dataset.more_draws); or take "
            "`preference` out. Nothing was trained"
        )
    return TokenPairs(pairs.train, pairs.held_out, too_long)


def split(train: Sequence[TokenPair], valid: Sequence[TokenPair]) -> TokenPairs:
    """Pairs of validation rows are held out; where there are none, every fifth of the others, and one at the least."""
    if valid or len(train) < LEAST:
        return TokenPairs(train, valid, 0)
    held_out = set(range(_HELD_OUT - 1, len(train), _HELD_OUT)) or {len(train) - 1}
    rest = [pair for place, pair in enumerate(train) if place not in held_out]
    return TokenPairs(rest, [train[place] for place in sorted(held_out)], 0)


def _fitting(pairs: Iterable[PreferenceRow], tokenizer: PreTrainedTokenizerBase, most: int) -> list[TokenPair]:
    found = (token_pair(pair, tokenizer) for pair in pairs)
    return [pair for pair in found if len(pair.prompt_ids) + max(len(pair.chosen_ids), len(pair.rejected_ids)) <= most]


def token_pair(pair: PreferenceRow, tokenizer: PreTrainedTokenizerBase) -> TokenPair:
    """A pair as the base reads it; its better answer is that of the training row to the token."""
    turns, tools = pair.row.messages, pair.row.tools
    (prompt, chosen), (_, rejected) = (
        _halves(tokens_of([*turns[:-1], answer], tokenizer, tools)) for answer in (turns[-1], pair.rejected)
    )
    return TokenPair(prompt, chosen, rejected)


def _halves(row: TokenRow) -> tuple[list[int], list[int]]:
    before = sum(label == IGNORED for label in row.labels)
    return row.input_ids[:before], row.input_ids[before:]


def as_columns(pairs: Sequence[TokenPair]) -> Mapping[str, list[list[int]]]:
    """As TRL's trainer names them once a row is tokens."""
    names = ("prompt_ids", "chosen_ids", "rejected_ids")
    return {name: [list(getattr(pair, name)) for pair in pairs] for name in names}
