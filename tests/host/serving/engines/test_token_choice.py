"""The draw of a token."""

from __future__ import annotations

import pytest

from distill.host.serving.engine import ModelQuestion

torch = pytest.importorskip("torch", reason="the training extra is not installed")

LOGITS = [2.0, 1.0, 0.0, -1.0]


def drawn(times: int = 200, **settings: object) -> list[int]:
    from distill.host.serving.engines.token_choice import TokenChoice

    choice = TokenChoice(ModelQuestion(prompt="a", seed=1, **settings))  # type: ignore[arg-type]  # settings by their names
    return [choice.draw(torch.tensor(LOGITS)) for _ in range(times)]


def test_without_temperature_the_likeliest_is_taken() -> None:
    assert set(drawn(temperature=0.0)) == {0}


def test_equal_seeds_draw_alike_and_all_tokens_come() -> None:
    assert drawn() == drawn()
    assert set(drawn()) == {0, 1, 2, 3}


def test_top_p_leaves_the_likeliest_that_reach_it() -> None:
    assert set(drawn(top_p=0.7)) == {0, 1}  # 0.64 and 0.24
    assert set(drawn(top_p=0.0)) == {0}


def test_a_bias_and_the_penalties_change_what_is_drawn() -> None:
    assert set(drawn(logit_bias={3: 100.0, 9: 5.0})) == {3}
    assert drawn(2, temperature=0.0, presence_penalty=1.5) == [0, 1]
    assert drawn(3, temperature=0.0, frequency_penalty=0.6) == [0, 0, 1]
