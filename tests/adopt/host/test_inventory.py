"""All tunes of an organisation, those that end first on top, with what is still there of each."""

from __future__ import annotations

from datetime import date

import old_tunes
import pytest
import tuning_host

from distill.adopt.host import access
from distill.adopt.host.inventory import Inventory, inventory
from distill.errors import AccessRefused

TODAY = date(2026, 11, 30)


async def looked(host: tuning_host.TuningHost) -> Inventory:
    return await inventory(access.address_of(host.base_url, "", {}), TODAY)


async def test_the_most_urgent_stands_first() -> None:
    """Days left first; at one day what has its file, then the newest; what answers no more is last."""
    async with tuning_host.serve() as host:
        host.page = 2
        models = [
            old_tunes.tuned(host, old_tunes.rows(12), suffix=f"n{n}", finished_at=1_780_000_000 + n * 10**6)
            for n in range(5)
        ]
        names = [job["fine_tuned_model"] for job in models]
        host.ends = dict.fromkeys(names[:4], "2027-01-14") | {names[4]: "2026-12-05"}
        host.dark.add(names[0])
        del host.files[models[3]["training_file"]]
        old_tunes.tuned(host, old_tunes.rows(12), fine_tuned_model=None, status="failed")
        found = await looked(host)
    assert [one.model for one in found.tunes] == [names[4], names[2], names[1], names[3], names[0]]
    assert [(one.days, one.answers, one.training) for one in found.tunes] == [
        (5, True, "there"), (45, True, "there"), (45, True, "there"), (45, True, "gone"), (None, False, "there"),
    ]  # fmt: skip
    assert (found.without_model, found.closes) == (1, None)
    assert {one.validation for one in found.tunes} == {"none"}


async def test_a_model_without_a_job_is_listed_too_and_a_checkpoint_is_not() -> None:
    async with tuning_host.serve() as host:
        job = old_tunes.tuned(host, old_tunes.rows(12))
        host.ends = {
            f"{job['fine_tuned_model']}:ckpt-step-9": "2027-01-14",
            "ft:gpt-4o:other::x": "2027-01-14",
            "gpt-4o": "2027-01-14",
        }
        found = await looked(host)
        host.refused["/v1/models"] = 403
        assert [one.model for one in (await looked(host)).tunes] == [job["fine_tuned_model"]]
    assert [(one.model, one.job_id, one.base) for one in found.tunes] == [
        ("ft:gpt-4o:other::x", "", "gpt-4o"),
        (job["fine_tuned_model"], "ftjob-1", "tiny"),
    ]


async def test_a_file_that_nobody_may_look_at_is_unknown() -> None:
    async with tuning_host.serve() as host:
        old_tunes.tuned(host, old_tunes.rows(12), old_tunes.rows(3))
        host.refused["/files/"] = 403
        (one,) = (await looked(host)).tunes
    assert (one.training, one.validation, one.training_bytes, one.days) == ("unknown", "unknown", None, None)


async def test_an_organisation_without_tunes_has_none_and_one_that_is_refused_is_told() -> None:
    async with tuning_host.serve() as host:
        assert (await looked(host)).tunes == []
        host.refused["/jobs"] = 403
        with pytest.raises(AccessRefused, match="may not"):
            await looked(host)
