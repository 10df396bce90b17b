"""OpenAI's protocol as each host wants it: what is sent, and what is kept on the way."""

from __future__ import annotations

import tuning_host
from hosted_work import KEY, Work

from distill.student.hosts import tune as tuning
from distill.student.hosts.host import HostAddress
from distill.student.hosts.openai_compatible import RemoteFiles, body


async def test_checkpoints_are_listed_and_extra_reaches_the_host(work: Work) -> None:
    """Azure's trainingType at the top, Nebius' lora among the hyperparameters."""
    extra = {"trainingType": "Standard", "method": {"supervised": {"hyperparameters": {"lora": True}}}}
    async with tuning_host.serve() as host:
        result = await work.tune(host, hyper={"n_epochs": 2}, extra=extra)
        assert host.jobs["ftjob-1"]["method"]["supervised"]["hyperparameters"] == {"n_epochs": 2, "lora": True}
        assert host.jobs["ftjob-1"]["integrations"] == [], "tutorials count them, as at OpenAI"
    assert [(one.step, one.name) for one in result.checkpoints] == [(2, "ft:tiny:ftjob-1:ckpt-2")]


async def test_a_job_is_cancelled_at_its_host(work: Work) -> None:
    async with tuning_host.serve() as host:
        reach = HostAddress(base_url=host.base_url, key=KEY, timeout_s=2)
        assert await tuning.cancel(reach, work.state) is None
        result = await work.tune(host)
        ended = await tuning.cancel(reach, work.state)
        assert ended is not None
        assert ended.model == result.fine_tuned_model
        host.jobs["ftjob-1"]["status"] = "queued"
        cancelled = await tuning.cancel(reach, work.state)
        assert cancelled is not None
        assert cancelled.ended_badly
        assert host.jobs["ftjob-1"]["status"] == "cancelled"


def test_preferences_are_another_method(work: Work) -> None:
    sent = body(work.job(method="dpo", hyper={"beta": 0.1}), RemoteFiles("file-1"), "t")
    assert sent["method"] == {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1}}}
