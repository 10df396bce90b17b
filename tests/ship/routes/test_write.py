"""`distill routes --out` of a finished run of a linear student: the folder answers rows as the table says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from echoes import echoing
from openai import AsyncOpenAI
from route_folders import said
from routed import OPENAI_KEY

from distill.api.routes import load_routes
from distill.errors import UsageError
from distill.evaluate.blend.blend import way
from distill.evaluate.blend.gather import rows_of
from distill.evaluate.blend.table import RouteTable, table_of
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir
from distill.ship.routes.vllm_config import ServedAdapter
from distill.ship.routes.write import WrittenRoutes, write


def wrote(run: RunDir, out: Path, **chosen: Any) -> tuple[RouteTable, WrittenRoutes]:
    task = open_task(run.home / "task.yaml", env={"OPENAI_API_KEY": OPENAI_KEY}, home=run.home)
    table = table_of(run, **chosen)
    return table, write(task, run, table, out)


async def test_the_folder_sends_each_test_row_where_the_table_says(routed_once: RunDir, tmp_path: Path) -> None:
    """Row by row, with their labels; the whole stratum that failed is the teacher's."""
    table, done = wrote(routed_once, tmp_path / "out", keep=0.6)
    router = load_routes(done.folder)
    rows = {row.seed_id: row for row in rows_of(routed_once).rows}
    tests = pl.read_parquet(routed_once.path / "seeds.parquet").filter(role="test")
    told = 0
    async with (
        echoing(lambda _headers, _body: (200, said('{"mood": "glad"}'))) as (url, came),
        AsyncOpenAI(base_url=url, api_key="k") as teacher,
    ):
        for seed, fields, labels in tests.select("seed_id", "fields", "labels").iter_rows():
            found = await router.ask_async(json.loads(fields), teacher=teacher, labels=json.loads(labels))
            as_measured = way(replace(rows[seed], failed='"c"' in labels), table.choice.threshold)
            assert (found.by if found.by == "student" else found.why) == as_measured
            told += as_measured != "student"
    assert len(came) == told < 160


def test_the_folder_is_whole_has_no_key_and_is_not_written_over(routed_once: RunDir, tmp_path: Path) -> None:
    table, done = wrote(routed_once, tmp_path / "out")
    assert done.files == [
        "README.md", "answer.schema.json", "linear.npz", "nearest.npz", "routes.json", "student.md", "teacher.md",
    ]  # fmt: skip
    everything = b"".join((done.folder / name).read_bytes() for name in done.files)
    assert OPENAI_KEY.encode() not in everything
    plan = json.loads((done.folder / "routes.json").read_bytes())
    assert plan["other"]["key_env"] == "OPENAI_API_KEY"
    assert plan["threshold"] == table.choice.threshold
    assert [one["where"] for one in plan["failed"]] == [{"kind": "c"}]
    with pytest.raises(UsageError, match="is there already"):
        wrote(routed_once, tmp_path / "out")


def test_another_student_in_the_folder_is_refused(routed_once: RunDir, tmp_path: Path) -> None:
    _, done = wrote(routed_once, tmp_path / "out")
    plan = json.loads((done.folder / "routes.json").read_bytes())
    plan["hashes"]["student"] = "0" * 32
    (done.folder / "routes.json").write_text(json.dumps(plan))
    with pytest.raises(UsageError, match="another student than the one that the threshold was set on"):
        load_routes(done.folder)


def test_an_arm_that_is_no_model_to_ask(routed_once: RunDir, tmp_path: Path) -> None:
    """The linear model of the comparison is an arm, and cannot stand in for the teacher."""
    table, _ = wrote(routed_once, tmp_path / "out")
    task = open_task(routed_once.home / "task.yaml", env={"OPENAI_API_KEY": OPENAI_KEY}, home=routed_once.home)
    with pytest.raises(UsageError, match="--to linear: it is no model that answers by itself with a prompt"):
        write(task, routed_once, replace(table, other="linear"), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_teacher_that_answers_by_file_has_no_route(routed_once: RunDir, tmp_path: Path) -> None:
    table, _ = wrote(routed_once, tmp_path / "out")
    sets = ["teacher.mode=file", "teacher.base_url=null"]
    task = open_task(routed_once.home / "task.yaml", overrides=sets, env={}, home=routed_once.home)
    with pytest.raises(UsageError, match=r"answers by file .* name its base_url"):
        write(task, routed_once, table, tmp_path / "other")


def test_without_calibration_everything_but_the_threshold_is_there(routed: RunDir, tmp_path: Path) -> None:
    path = routed.path / "comparison.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"selective": None}))
    before = table_of(routed).choice.ways
    (routed.path / "student" / "routing.json").unlink()
    table, done = wrote(routed, tmp_path / "out")
    assert table.choice.ways == before
    plan = json.loads((done.folder / "routes.json").read_bytes())
    assert (plan["threshold"], plan["signal"]) == (None, "")
    assert not math.isclose(plan["floor"], 0)
    assert load_routes(done.folder).routes.plan.threshold is None


def test_an_adapter_has_the_files_of_its_servers(
    routed: RunDir, tmp_path: Path, tiny_family: Callable[[str], Path]
) -> None:
    """The run as if its student were an adapter on a tiny base, promoted beside another."""
    folder = routed.path / "student" / "adapter"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    (folder / "adapter_config.json").write_text('{"r": 12}')
    file = routed.path / "student" / "routing.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"signal": "token probabilities"}))
    student = json.dumps({"train": {"with": "lora", "base": str(tiny_family("llama"))}})
    task = open_task(
        routed.home / "task.yaml",
        overrides=[f"student={student}"],
        env={"OPENAI_API_KEY": OPENAI_KEY},
        home=routed.home,
    )
    beside = [ServedAdapter("tone", folder)]
    done = write(task, routed, table_of(routed, keep=0.5), tmp_path / "out", beside)
    assert done.beside == ["tone"]
    assert {"vllm.yaml", "litellm.yaml", "chat.jinja"} <= set(done.files)
    vllm = yaml.safe_load((done.folder / "vllm.yaml").read_text())
    assert (vllm["model"], vllm["max-loras"], vllm["max-lora-rank"]) == (str(tiny_family("llama").resolve()), 2, 16)
    plan = load_routes(done.folder).routes.plan
    assert (plan.student.model, plan.student.base_url, plan.student.extra) == ("mood", None, {"logprobs": True})
    assert plan.student.temperature == 0
    params = yaml.safe_load((done.folder / "litellm.yaml").read_text())["model_list"][1]["litellm_params"]
    assert (params["model"], params["api_base"]) == ("openai/big-1", plan.other.base_url)
