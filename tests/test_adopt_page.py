"""docs/adopt.md: its commands run in their order, against a host that has the tunes of the page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import old_tunes
import pytest
import tuning_host
from ended import Distill
from served import in_thread

PAGE = (Path(__file__).parents[1] / "docs" / "adopt.md").read_text()


def test_the_commands_of_the_page(tmp_path: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^\$ distill (adopt .+)$", PAGE, re.MULTILINE)
    assert len(commands) == 3
    with in_thread(tuning_host.serve) as host:
        monkeypatch.setenv("OPENAI_BASE_URL", host.base_url)
        model, base = "ft:gpt-4o-mini-2024-07-18:acme:router:AbC12xyz", "gpt-4o-mini-2024-07-18"
        assert model in PAGE
        job = {"id": "ftjob-AbC12xyz", "fine_tuned_model": model, "model": base}
        old_tunes.tuned(host, old_tunes.rows(120), old_tunes.rows(40, start=1000), **job)
        said = [distill(*shlex.split(command)) for command in commands]
        assert [one.code for one in said] == [0, 0, 0], said
        assert host.questions == 40
    assert model in said[0].out
    assert f"replace {model}" in said[2].out
