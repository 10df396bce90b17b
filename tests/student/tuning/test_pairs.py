"""Preference pairs are read as supervised rows are, and some are always held out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chat_rows import PLAIN, TALK, said

from distill.base_model import load
from distill.base_model.tokenise import IGNORED, tokens_of
from distill.curate.selection.pairs import PairsFound
from distill.errors import GateNotMet
from distill.student.formats.row import PreferenceRow
from distill.student.tuning import pairs as pairing
from distill.student.tuning.pairs import TokenPair

PAIRS = [PreferenceRow(PLAIN, said("no idea"), {}), PreferenceRow(TALK, said("what?"), {})]


@pytest.mark.parametrize("family", ["gemma3", "qwen3"])  # no system role; a thought that is switched off
def test_prompt_and_better_answer_are_the_supervised_row_to_the_token(
    tiny_family: Callable[[str], Path], family: str
) -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    tokenizer = load.tokeniser(tiny_family(family))
    for pair in PAIRS:
        found, trained = pairing.token_pair(pair, tokenizer), tokens_of(pair.row.messages, tokenizer)
        assert [*found.prompt_ids, *found.chosen_ids] == trained.input_ids
        assert [IGNORED] * len(found.prompt_ids) + list(found.chosen_ids) == trained.labels
        assert "no idea" in tokenizer.decode(found.rejected_ids) or "what?" in tokenizer.decode(found.rejected_ids)
        assert found.rejected_ids[-1] == found.chosen_ids[-1], "both end as an answer ends"


def pair(number: int) -> TokenPair:
    return TokenPair([number], [1], [2])


@pytest.mark.parametrize(
    ("train", "valid", "trains", "held"),
    [(4, 2, 4, 2), (12, 0, 10, 2), (3, 0, 2, 1), (2, 0, 1, 1), (1, 0, 1, 0), (0, 3, 0, 3)],
)
def test_some_pairs_are_held_out(train: int, valid: int, trains: int, held: int) -> None:
    found = pairing.split([pair(n) for n in range(train)], [pair(100 + n) for n in range(valid)])
    assert (len(found.train), len(found.held_out)) == (trains, held)
    assert not {one.prompt_ids[0] for one in found.train} & {one.prompt_ids[0] for one in found.held_out}


class Data:
    """A dataset whose training rows make the pairs above."""

    def preferences(self, _found: PairsFound, fate: str) -> list[PreferenceRow]:
        return PAIRS if fate == "train" else []


def test_pairs_that_are_too_long_or_too_few_are_told(tiny_family: Callable[[str], Path]) -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    tokenizer, data = load.tokeniser(tiny_family("llama")), Data()
    given: Any = data
    found = PairsFound({"a": PAIRS[0], "b": PAIRS[1]}, {"one_answer": 5}, 0.2)  # type: ignore[dict-item]  # one pair a seed, as the test needs
    made = pairing.of_dataset(given, found, tokenizer, max_tokens=4096)
    assert (len(made.train), len(made.held_out), made.too_long) == (1, 1, 0)
    with pytest.raises(
        GateNotMet, match=r"2 of 7 seeds make a preference pair \(margin 0\.2; 2 hold more than 10 tokens\).*Nothing"
    ):
        pairing.of_dataset(given, found, tokenizer, max_tokens=10)
