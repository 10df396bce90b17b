"""README.md of the folder, and the lines of the terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from route_folders import PLAN

from distill.evaluate.blend.table import table_of
from distill.rundir import RunDir
from distill.ship.routes import guide

FILES = ["routes.json", "litellm.yaml", "vllm.yaml", "student.md"]


def test_it_says_when_the_student_is_taken_and_what_a_gateway_cannot(routed_once: RunDir) -> None:
    said = guide.guide(PLAN, table_of(routed_once), FILES)
    assert "its confidence is above 0.8000" in said
    assert "lies in `kind = c`" in said
    assert "It knows nothing of confidence" in said
    assert "$LITELLM_MASTER_KEY" in said
    compile(said.split("```python\n")[1].split("```")[0], "README.md", "exec")


def test_without_a_threshold_it_claims_none(routed_once: RunDir) -> None:
    said = guide.guide(replace(PLAN, threshold=None, linear="linear.npz"), table_of(routed_once), ["linear.npz"])
    assert "whatever its confidence" in said
    assert "student=" not in said


def test_each_server_has_its_command() -> None:
    lines = guide.use(PLAN, FILES, Path("out"))
    assert any(line.endswith("vllm serve --config vllm.yaml") for line in lines)
    assert any("$STUDENT_BASE_URL" in line for line in lines)
    assert len(guide.use(PLAN, ["routes.json"], Path("out"))) == 1
