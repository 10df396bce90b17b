"""The spec of an adopted tune is valid whatever the tune is called, and says what the host told."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from distill.adopt.task.spec_text import AdoptedSpec, spec_text
from distill.money import Rate
from distill.spec import TaskSpec

CHATS = [{"messages": [], "system": "", "reply": "word " * 100}] * 10


def spec(chats: list[dict[str, Any]] | None = None, **changed: Any) -> TaskSpec:
    given_spec: dict[str, Any] = {
        "name": "router",
        "model": "ft:tiny:acme:router:x",
        "job_id": "ftjob-1",
        "training": "tune/training.jsonl",
        "validation": None,
        "base": "embedded/smollm2-135m",
    }
    text = spec_text(AdoptedSpec(**given_spec | changed), CHATS if chats is None else chats)
    return TaskSpec.model_validate(yaml.safe_load(text))


@given(
    st.text(
        alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="$%<>{}"),
        min_size=1,
        max_size=40,
    )
)
def test_any_name_of_a_model_is_taken(model: str) -> None:
    assert spec(model=f"ft:{model}").teacher.model == f"ft:{model}"


def test_the_hosts_facts_stand_in_it() -> None:
    found = spec(
        price=Rate(0.3, 1.2, 0.15),
        last_day="2027-01-14",
        epochs=3,
        base_url="https://host.example.com/v1",
        key_env="MY_KEY",
    )
    assert found.teacher.price is not None
    assert (found.teacher.price.input, found.teacher.price.cached_input) == (0.3, 0.15)
    assert (found.teacher.shutdown_date, found.teacher.key_env) == ("2027-01-14", "MY_KEY")
    assert (found.student.train.epochs, found.teacher.sampling.max_tokens) == (3, 256)
    assert (found.seeds.gold_rows, found.seeds.test.share, found.seeds.test.gold) == ("train", 0.25, True)


@pytest.mark.parametrize(
    ("changed", "arms", "with_"),
    [
        ({}, ["teacher", "base", "student"], "lora"),
        ({"dark": True}, ["base", "student"], "lora"),
        ({"base": "linear"}, ["teacher", "student"], "linear"),
        ({"base": "linear", "dark": True}, ["student"], "linear"),
        ({"calls_tools": True}, ["teacher"], "none"),
        ({"calls_tools": True, "base": "./qwen"}, ["teacher", "base", "student"], "lora"),
    ],
)
def test_only_who_can_answer_is_an_arm(changed: dict[str, Any], arms: list[str], with_: str) -> None:
    found = spec(**changed)
    assert (found.evaluate.arms, found.student.train.with_) == (arms, with_)


def test_rows_without_an_answer_are_for_the_tune() -> None:
    """Of a reinforcement job: nothing is known, so the tune is asked for all."""
    found = spec([{"messages": [], "system": "", "reply": None}] * 10)
    assert (found.seeds.gold, found.seeds.gold_rows, found.teacher.sampling.max_tokens) == (None, "compare", 1024)


@pytest.mark.parametrize("epochs", ["auto", None, 50, True])
def test_epochs_that_are_no_number_of_a_few_are_left_to_the_default(epochs: object) -> None:
    assert "epochs" not in spec(epochs=epochs).student.train.model_fields_set


@pytest.mark.parametrize(
    ("rows", "held_out"), [(10, 0.25), (39, 0.25), (40, 20), (79, 20), (80, 0.25), (1600, 0.25), (1601, 400)]
)
def test_so_many_rows_are_held_out_that_a_comparison_can_tell(rows: int, held_out: float) -> None:
    found = spec(CHATS[:1] * rows).seeds.test
    assert (found.rows or found.share) == held_out
