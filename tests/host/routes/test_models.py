"""Models as the SDK lists and deletes them. Nothing is loaded for it."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest
from answering_host import answering
from hosting import call

from distill.host.state import models

TUNE = "ft:gpt-4o-mini:me:suffix:abc:ckpt-step-10"


def test_bases_aliases_and_tunes_are_listed(tmp_path: Path) -> None:
    bases = {"embedded/smollm2-135m": "embedded/smollm2-135m"}
    with answering(tmp_path, bases, aliases={"gpt-4o-mini": "embedded/smollm2-135m"}) as host:
        models.add(host.host.db, TUNE, base="embedded/smollm2-135m", job_id="ftjob-1", folder=tmp_path)
        found = {model.id: model for model in host.client.models.list()}
        assert list(found) == ["embedded/smollm2-135m", "gpt-4o-mini", TUNE]
        assert [model.owned_by for model in found.values()] == ["system", "system", "user"]
        assert host.client.models.retrieve(TUNE) == found[TUNE]
        assert call(host.port, "GET", "/v1/models/embedded/smollm2-135m").status == 200


def test_a_tune_can_be_deleted_and_a_base_cannot(tmp_path: Path) -> None:
    with answering(tmp_path, {"tiny": "nowhere"}) as host:
        models.add(host.host.db, TUNE, base="tiny", job_id="ftjob-1", folder=tmp_path)
        assert host.client.models.delete(TUNE).deleted
        for gone in (lambda: host.client.models.retrieve(TUNE), lambda: host.client.models.delete(TUNE)):
            with pytest.raises(openai.NotFoundError):
                gone()
        with pytest.raises(openai.PermissionDeniedError):
            host.client.models.delete("tiny")


def test_a_tune_whose_base_is_not_served_says_so(tmp_path: Path) -> None:
    with answering(tmp_path, {"tiny": "nowhere"}) as host:
        models.add(host.host.db, TUNE, base="other", job_id="ftjob-1", folder=tmp_path)
        reply = call(
            host.port, "POST", "/v1/chat/completions", {"model": TUNE, "messages": [{"role": "user", "content": "a"}]}
        )
        assert reply.status == 503
        assert "--base other=PATH" in reply.error["message"]


def test_a_base_that_cannot_be_loaded_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text('{"model_type": "llama"')
    with answering(tmp_path, {"tiny": str(tmp_path / "broken")}) as host:
        for _ in range(2):
            reply = call(
                host.port,
                "POST",
                "/v1/chat/completions",
                {"model": "tiny", "messages": [{"role": "user", "content": "a"}]},
            )
            assert reply.status == 503
            assert reply.error["code"] == "engine_failed"
            assert "config.json" in reply.error["message"]
