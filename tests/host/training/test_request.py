"""Bodies of requests for a job."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.host.training import request
from distill.protocol.error import ApiError

LEAST = {"model": "base", "training_file": "file-1"}
VALUES = st.sampled_from(
    [None, True, 0, -1, 2**70, 0.5, float("inf"), "", "a:b/c", "\x00", [], [1], [None], [{}], {}, {"a": "b"}, {"a": None}, {"type": "dpo"},
     {"type": ["dpo"]}, {"type": "dpo", "dpo": []}, {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 1e300}}},
     {"n_epochs": "auto"}, {"batch_size": 2**70}, {"learning_rate_multiplier": -0.0}, [{"type": "wandb", "wandb": None}]]
)  # fmt: skip
NAMES = (
    "model",
    "training_file",
    "validation_file",
    "hyperparameters",
    "method",
    "suffix",
    "seed",
    "metadata",
    "integrations",
)


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"model": None}, "model"), ({"training_file": None}, "training_file"), ({"model": ["a"]}, "model"), ({"model": " "}, "model"),
        ({"suffix": "a" * 65}, "suffix"), ({"suffix": ""}, "suffix"), ({"seed": -1}, "seed"), ({"seed": 2**31}, "seed"), ({"seed": "1"}, "seed"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"), ({"metadata": {"a": 1}}, "metadata"), ({"metadata": {"a" * 65: ""}}, "metadata"),
        ({"integrations": [{"type": "other"}]}, "integrations"), ({"integrations": {}}, "integrations"), ({"epochs": 3}, "epochs"),
        ({"hyperparameters": []}, "hyperparameters"), ({"hyperparameters": {"n_epochs": 99}}, "hyperparameters.n_epochs"),
        ({"method": {"type": "reinforcement", "reinforcement": {}}}, "method.type"), ({"method": {"type": "ppo"}}, "method.type"),
        ({"method": {"type": "dpo", "supervised": {}}}, "method.supervised"), ({"method": {"type": "dpo", "dpo": {"lora": 1}}}, "method.dpo.lora"),
        ({"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 9}}}}, "method.dpo.hyperparameters.beta"),
        ({"validation_file": 7}, "validation_file"),
    ],
)  # fmt: skip
def test_a_setting_that_is_wrong_is_named(more: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        request.read({**LEAST, **more})
    assert refused.value.param == param
    assert refused.value.status == 400


def test_the_least_that_is_asked_for() -> None:
    found = request.read(LEAST)
    assert (found.method, found.suffix, found.validation_file, found.metadata, found.integrations) == (
        "supervised",
        "",
        None,
        None,
        (),
    )
    assert set(found.hyperparameters.values()) == {"auto"}
    assert 0 <= found.seed < 2**31


def test_hyperparameters_of_the_method_go_before_those_of_the_old_place() -> None:
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}}
    found = request.read({**LEAST, "hyperparameters": {"n_epochs": 5, "batch_size": 4}, "method": method})
    assert found.hyperparameters == {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": "auto"}


def test_a_suffix_becomes_part_of_a_name() -> None:
    found = request.read({**LEAST, "suffix": "My support: v1/ä"})
    assert (found.suffix, found.said) == ("My-support-v1-", "My support: v1/ä")


@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=9))
def test_any_body_is_read_or_refused(body: dict[str, Any]) -> None:
    try:
        found = request.read({**LEAST, **body})
    except ApiError as refused:
        status, suffix = refused.status, ""
    else:
        status, suffix = 400, found.suffix
    assert status == 400
    assert not set(suffix) & set(":/ ")
