"""A tune is found by its job, its model or a checkpoint of it, and read whatever its host leaves out."""

from __future__ import annotations

import old_tunes
import pytest
import tuning_host
from hypothesis import given
from hypothesis import strategies as st

from distill.adopt.host import access
from distill.adopt.host.tunes import Tune, find, tune_of
from distill.errors import UsageError

KEY = "sk-proj-abcdef1234567890"
NAMES = [
    "method",
    "hyperparameters",
    "result_files",
    "training_file",
    "validation_file",
    "error",
    "trained_tokens",
    "created_at",
    "status",
]
VALUES = st.sampled_from(
    [None, True, 3, 0.5, "x", "", [], ["f"], [1, None], {}, {"type": "dpo"}, {"type": 3, "3": []}, {"type": "supervised", "supervised": None},
     {"type": "dpo", "dpo": {"hyperparameters": [1]}}, {"message": 3}, {"n_epochs": "auto"}]
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_any_job_can_be_read(job: dict[str, object]) -> None:
    found = tune_of({"id": "ftjob-1", "fine_tuned_model": "ft:a", "model": "a", **job})
    assert (found.job_id, found.model, found.base) == ("ftjob-1", "ft:a", "a")


def test_settings_of_either_spelling_are_read() -> None:
    own = {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1, "n_epochs": "auto"}}}
    assert (
        tune_of({"id": "j", "method": own}).method,
        tune_of({"id": "j", "method": own}).hyperparameters["beta"],
    ) == ("dpo", 0.1)
    assert tune_of({"id": "j", "hyperparameters": {"n_epochs": 3}}).hyperparameters == {"n_epochs": 3}


@pytest.mark.parametrize(
    ("model", "suffix"), [("ft:gpt-4o:acme:router:x1", "router"), ("ft:gpt-4o:acme::x1", ""), ("ft:tiny", "")]
)
def test_the_suffix_is_the_owners_name_for_it(model: str, suffix: str) -> None:
    assert Tune("j", model, "b", "succeeded").suffix == suffix


async def test_a_tune_is_found_by_each_of_its_names() -> None:
    async with tuning_host.serve() as host:
        host.page = 1
        for suffix in ("a", "router", "b"):
            old_tunes.tuned(host, old_tunes.rows(12), suffix=suffix)
        async with access.opened(access.address_of(host.base_url, "", {})) as client:
            for name in ("ftjob-2", "ft:tiny:acme:router:2x"):
                tune, job = await find(client, name)
                assert (tune.job_id, tune.model, job["id"]) == ("ftjob-2", "ft:tiny:acme:router:2x", "ftjob-2")
            checkpoint = "ft:tiny:acme:router:2x:ckpt-step-90"
            assert (await find(client, checkpoint))[0].model == checkpoint


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "paused", "fine_tuned_model": None}, "'paused' and has made no model yet"),
        (
            {"status": "failed", "fine_tuned_model": None, "error": {"message": f"unsafe file of {KEY}"}},
            r"made no model: unsafe file of \[key\]",
        ),
        (None, "no job of this key's organisation and project is, or made, 'ftjob-9'; `distill adopt --inventory`"),
    ],
)
async def test_a_job_without_a_model_is_refused_with_the_reason(changed: dict[str, object] | None, said: str) -> None:
    async with tuning_host.serve() as host:
        old_tunes.tuned(host, old_tunes.rows(12), **(changed or {}))
        async with access.opened(access.address_of(host.base_url, "K", {"K": KEY})) as client:
            with pytest.raises(UsageError, match=said):
                await find(client, "ftjob-1" if changed else "ftjob-9")
