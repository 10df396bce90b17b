"""What is laid over a create, and when two jobs are one."""

from __future__ import annotations

from dataclasses import replace

from hosted_work import Work

from distill.student.hosts.host import HostAddress, laid_over


def test_extra_goes_into_the_depth_and_a_null_takes_a_key_out() -> None:
    body = {"model": "m", "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}}}
    extra = {"trainingType": "Standard", "method": {"supervised": {"hyperparameters": {"lora": True}}}, "seed": None}
    assert laid_over(body | {"seed": 1}, extra) == {
        "model": "m",
        "trainingType": "Standard",
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "lora": True}}},
    }


def test_other_settings_are_another_job(work: Work) -> None:
    at, job = HostAddress(base_url="http://a/v1"), work.job()
    others = [replace(job, extra={"a": 1}), replace(job, method="dpo"), replace(job, seed=1), replace(job, tag="other")]
    assert len({one.id_at(at) for one in [job, *others]}) == 5
    assert job.id_at(at) == work.job().id_at(HostAddress(base_url="http://a/v1", key="k"))
