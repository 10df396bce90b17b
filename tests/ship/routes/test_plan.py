"""routes.json."""

from __future__ import annotations

from pathlib import Path

from route_folders import PLAN

from distill.ship.routes import plan


def test_it_reads_what_it_wrote(tmp_path: Path) -> None:
    plan.write(tmp_path, PLAN)
    assert plan.read(tmp_path) == PLAN
    assert (tmp_path / "routes.json").read_text().startswith("{\n") or (
        tmp_path / "routes.json"
    ).read_text().startswith('{"version"')
