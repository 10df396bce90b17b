"""Together's own API against a real double of its routes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import together_host
from hosted_work import Work
from together_host import KEY, TogetherDouble

from distill.errors import AccessRefused
from distill.student.hosts.host import Event, HostAddress
from distill.student.hosts.job import HostedResult, TuneError
from distill.student.hosts.tune import tune


async def tuned(host: TogetherDouble, work: Work, model: str = "tiny", key: str = KEY, **settings: Any) -> HostedResult:
    reach = HostAddress(base_url=host.base_url, key=key, timeout_s=2, kind="together")
    told: list[Event] = []
    job = work.job(model, **{"hyper": {"n_epochs": 2}, "suffix": "mine"} | settings)
    return await tune(reach, job, state=work.state, poll_s=0.01, on_event=told.append)


async def test_a_job_runs_to_a_named_model_with_its_losses_checkpoints_and_price(work: Work) -> None:
    async with together_host.serve() as host:
        result = await tuned(host, work)
    job = host.jobs["ft-1"]
    assert result.fine_tuned_model == job["model_output_name"]
    assert [row["train_loss"] for row in result.curve] == [1.0, 0.5]
    assert result.curve[1] == {"step": 2, "epoch": None, "train_loss": 0.5, "valid_loss": 0.75}
    assert [(one.step, one.name) for one in result.checkpoints] == [(2, job["model_output_name"])]
    assert result.job.usd == pytest.approx(work.train.stat().st_size // 4 * 2 * 0.5 / 1e6, rel=0.01)
    assert result.job.trained_tokens == work.train.stat().st_size // 4 * 2
    assert (job["n_epochs"], job["n_evals"], job["training_method"]["method"]) == (2, 2, "sft")
    assert job["suffix"].startswith("mine-d")
    assert [event.message for event in result.events].count("Now running") == 1
    assert KEY not in work.state.read_text()


async def test_equal_bytes_are_uploaded_once_and_other_settings_are_another_job(work: Work) -> None:
    """The host gives equal bytes one file, so only the tag in the suffix tells jobs apart."""
    async with together_host.serve() as host:
        first = await tuned(host, work)
        work.state.unlink()
        assert (await tuned(host, work)).job_id == first.job_id
        assert (host.creates, host.uploads) == (1, 2)
        work.state.unlink()
        assert (await tuned(host, work, hyper={"n_epochs": 3})).job_id != first.job_id
        assert (host.creates, host.uploads) == (2, 2)


@pytest.mark.parametrize(
    ("model", "error", "says"),
    [
        ("fail-tiny", TuneError, "failed: Error on line 3: the conversation is empty"),
        ("closed-tiny", AccessRefused, "not available for this account. Ways on: .*with: lora"),
        ("no-tiny", TuneError, "no-tiny is not supported"),
        ("poor-tiny", AccessRefused, r"may spend \$0.00.*nothing was created"),
    ],
)
async def test_every_bad_end_is_told_in_the_hosts_words(
    work: Work, model: str, error: type[Exception], says: str
) -> None:
    async with together_host.serve() as host:
        with pytest.raises(error, match=says):
            await tuned(host, work, model)


async def test_a_wrong_key_a_bad_file_and_a_setting_past_the_limits_are_one_line_each(work: Work) -> None:
    async with together_host.serve() as host:
        with pytest.raises(AccessRefused, match="Invalid API key"):
            await tuned(host, work, key="tok-other")
        with pytest.raises(TuneError, match="n_epochs up to 20 for tiny, and 21 is set"):
            await tuned(host, work, hyper={"n_epochs": 21})
        work.train.write_text('{"messages": []}\n')
        with pytest.raises(TuneError, match=r"refuses the file train.jsonl: line 1 is no chat example"):
            await tuned(host, work)
        assert host.creates == 0


async def test_extra_is_laid_over_the_body_and_a_null_takes_a_key_out(work: Work) -> None:
    lora = {"type": "Lora", "lora_r": 16, "lora_alpha": 32}
    async with together_host.serve() as host:
        await tuned(
            host, work, extra={"training_type": lora, "training_method": {"train_on_inputs": False}, "n_evals": None}
        )
    job = host.jobs["ft-1"]
    assert (job["training_type"], job["training_method"]) == (lora, {"method": "sft", "train_on_inputs": False})
    assert "n_evals" not in job


@pytest.mark.skipif(importlib.util.find_spec("together") is None, reason="the SDK of Together is not installed")
async def test_the_double_serves_togethers_own_client(tmp_path: Path) -> None:
    """Their client uploads, estimates, creates, watches, lists and cancels at our double, and reads what it says."""
    from together import AsyncTogether

    work = Work(tmp_path)
    async with (
        together_host.serve() as host,
        AsyncTogether(api_key=KEY, base_url=host.base_url.removesuffix("/v1")) as client,
    ):
        file = await client.files.upload(work.train, purpose="fine-tune")
        assert (await client.files.upload(work.train, purpose="fine-tune")).id == file.id
        made = await client.fine_tuning.create(training_file=file.id, model="tiny", n_epochs=2, suffix="theirs")
        seen = [(await client.fine_tuning.retrieve(made.id)).status for _ in range(6)]
        assert seen[-1] == "completed"
        assert [job.id for job in (await client.fine_tuning.list()).data] == [made.id]
        assert (await client.fine_tuning.list_events(made.id)).data[0].message == "Fine tune request created"
        assert (await client.fine_tuning.list_checkpoints(made.id)).data[0].step == 2
        assert (await client.fine_tuning.list_metrics(made.id)).metrics[0]["train/loss"] == 1.0
        assert (await client.fine_tuning.cancel(made.id)).status == "cancelled"
