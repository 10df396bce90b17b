"""An adapter of a real, tiny model is trained on from pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chat_rows import said
from chats import chat, write_rows

from distill.base_model import load
from distill.base_model.tokenise import TrainError
from distill.student.formats.row import PreferenceRow, TrainingRow
from distill.student.trainers.fine_tuning import TuningFiles, TuningSettings, train
from distill.student.tuning import dpo
from distill.student.tuning.dpo import DpoResult, DpoSettings
from distill.student.tuning.pairs import TokenPairs, token_pair
from distill.teacher.endpoint.stopping import Stopped


@pytest.fixture(scope="module")
def preferred(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("dpo")
    rows, valid = write_rows(folder / "train.jsonl", 16), write_rows(folder / "valid.jsonl", 4)
    supervised = TuningSettings(epochs=1, learning_rate=0.01, rank=8, layers=1)
    tuned = train(TuningFiles(tiny_base, rows, valid, folder), supervised).tuned
    tokenizer = load.tokeniser(tiny_base)
    pairs = [
        token_pair(
            PreferenceRow(TrainingRow(str(n), chat(f"case {n}", "yes, it is")["messages"]), said("no"), {}), tokenizer
        )
        for n in range(12)
    ]

    def run(out: str, *, swapped: bool = False, on_step: Any = None, **changed: Any) -> tuple[DpoResult, Path]:
        held_out = pairs[8:]
        if swapped:
            held_out = [type(one)(one.prompt_ids, one.rejected_ids, one.chosen_ids) for one in held_out]
        settings = DpoSettings(**{"learning_rate": 0.01, "batch_size": 4} | changed)
        given = TokenPairs(pairs[:8], held_out, 0)
        result = dpo.train(
            base=tiny_base, adapter=tuned, pairs=given, out=folder / out, settings=settings, on_step=on_step
        )
        return result, folder / out

    return run


def test_held_out_pairs_come_apart_and_the_adapter_is_written(preferred: Any) -> None:
    """Of two epochs, the reference is computed before."""
    seen: list[int] = []
    result, out = preferred("kept", epochs=2, on_step=lambda step, _loss: seen.append(step))
    assert result.kept
    assert result.margin > 0
    assert (result.accuracy.mean, result.accuracy.n) == (1.0, 4)
    assert [line["preference_step"] for line in result.curve] == [1, 2, 2, 3, 4, 4]
    losses = [line["preference_loss"] for line in result.curve if "preference_loss" in line]
    assert losses[0] == pytest.approx(0.6931, abs=1e-3), "the supervised adapter is its own reference"
    assert losses[-1] < losses[0]
    assert seen == [1, 2, 3, 4]
    assert sum("valid_margin" in line for line in result.curve) == 2
    assert {path.name for path in out.iterdir()} == {"adapter_model.safetensors", "adapter_config.json"}
    assert not (out.parent / "preference").exists()


def test_what_does_not_help_held_out_pairs_is_not_kept(preferred: Any) -> None:
    result, out = preferred("worse", swapped=True)
    assert not result.kept
    assert result.margin < 0
    assert not out.exists()


def test_it_stops_when_told_to_and_says_where_it_broke(preferred: Any) -> None:
    def stop(step: int, _loss: float) -> None:
        if step == 1:
            raise Stopped("told to")

    with pytest.raises(Stopped, match="told to"):
        preferred("stopped", on_step=stop)
    with pytest.raises(TrainError, match=r"preference\.learning_rate is too high"):
        preferred("broken", learning_rate=1e30)


def test_a_training_that_was_killed_trains_no_step_twice_and_ends_as_if_it_were_not(preferred: Any) -> None:
    whole, _ = preferred("whole", epochs=2)
    seen: list[int] = []

    def killed(step: int, _loss: float) -> None:
        seen.append(step)
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        preferred("resumed", epochs=2, on_step=killed)
    again: list[int] = []
    result, out = preferred("resumed", epochs=2, on_step=lambda step, _loss: again.append(step))
    assert (seen, again) == ([1, 2, 3], [3, 4]), "the third step had no checkpoint yet"
    assert result.margin == pytest.approx(whole.margin, rel=1e-3)
    assert [line["preference_step"] for line in result.curve] == [1, 2, 2, 3, 4, 4]
    assert out.exists()
    assert not (out.parent / "preference").exists()
