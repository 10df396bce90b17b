"""`distill export --format` and `--config` on whole runs: files, counts, pairs, refusals and exit codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from chat_rows import RESULT, call, said, user
from ended import Distill, refused

from distill.pipeline.open_task import open_task
from distill.pipeline.run import start
from distill.student.formats.registry import FORMATS
from distill.student.job_files.render import CONFIGS
from distill.teacher.progress import Silent

LOOKED_UP = [user("look 7 up"), call("look", {"id": 7}), RESULT, said("It is 42.")]
ROW_FORMATS = [name for name, form in FORMATS.items() if form.row]


def curated(task: Path, *sets: str) -> None:
    start(open_task(task, overrides=list(sets), env={}), stages=("generate", "curate"), watch=Silent())


def counted(file: Path) -> int:
    return file.read_bytes().count(b"\n")


def test_every_format_has_as_many_rows_as_train(task: Path, distill: Distill) -> None:
    curated(task)
    named = [part for name in [*ROW_FORMATS, "hub"] for part in ("--format", name)]
    found = json.loads(distill("export", task, *named, "--json").out)
    run = task.parent / "runs" / "mood" / "001"
    rows = {fate: counted(run / f"{fate}.jsonl") for fate in ("train", "valid")}
    assert rows["train"] > rows["valid"] > 0
    assert [one["format"] for one in found["formats"]] == [*ROW_FORMATS, "hub"]
    for one in found["formats"][:-1]:
        assert one["rows"] == {f"{fate}.jsonl": count for fate, count in rows.items()}, one["format"]
        assert one["refused"] == []
        assert {fate: counted(Path(one["folder"]) / f"{fate}.jsonl") for fate in rows} == rows
    hub = found["formats"][-1]["rows"]
    assert list(hub.values()) == [rows["train"], rows["valid"], counted(run / "test.jsonl")]
    assert (run / "formats" / "openai" / "train.jsonl").read_bytes() == (run / "train.jsonl").read_bytes()


def test_job_files_come_with_their_data_and_the_specs_values(task: Path, distill: Distill) -> None:
    """Another setting begins the next run of a finished one, as everywhere; formats of the first are no part of its copy."""
    assert distill("run", task).code == 0
    assert distill("export", task, "--format", "sharegpt").code == 0
    sets = ["student.train.rank=4", "student.train.epochs=5", "student.train.base=org/base"]
    given = [part for one in sets for part in ("--set", one)]
    found = json.loads(distill("export", task, "--config", ",".join(CONFIGS), *given, "--json").out)
    assert list(found["configs"]) == list(CONFIGS)
    assert found["run"] == "mood/002"
    assert not (task.parent / "runs" / "mood" / "002" / "formats" / "sharegpt").exists()
    assert {one["format"] for one in found["formats"]} == {config.format for config in CONFIGS.values()}
    for name, one in found["configs"].items():
        file = Path(one["file"])
        assert (file.parent / "train.jsonl").exists()
        assert one["command"].endswith(file.name)
        if file.suffix == ".py":
            compile(file.read_text(), name, "exec")
            assert '"org/base"' in file.read_text()
        else:
            values = yaml.safe_load(file.read_text())
            assert {4, 5.0, "org/base"} <= {value for value in values.values() if isinstance(value, str | int | float)}


def test_a_base_and_a_template_that_lie_beside_the_spec_go_by_their_place(
    task: Path, tiny_base: Path, distill: Distill
) -> None:
    """A script is started in its own folder, where a path of the spec leads nowhere."""
    shutil.copytree(tiny_base, task.parent / "base")
    (task.parent / "chat.jinja").write_text((task.parent / "base" / "chat_template.jinja").read_text())
    sets = ["student={train: {with: lora, base: ./base, layers: 1}, template: chat.jinja}"]
    curated(task, *sets)
    done = distill("export", task, "--config", "trl,axolotl", "--set", *sets, "--json")
    assert done.code == 0, done.err
    files = {name: Path(one["file"]) for name, one in json.loads(done.out)["configs"].items()}
    assert f'BASE, REVISION = "{task.parent / "base"}", "main"' in files["trl"].read_text()
    assert files["trl"].with_name("chat_template.jinja").read_text() == (task.parent / "chat.jinja").read_text()
    axolotl = yaml.safe_load(files["axolotl"].read_text())
    assert (axolotl["base_model"], axolotl["peft_layers_to_transform"]) == (str(task.parent / "base"), [1])
    refused(distill("export", task, "--config", "llamafactory", "--set", *sets), "no place for student.template")


def test_a_run_of_one_answer_a_seed_has_no_pairs_and_nothing_is_written(task: Path, distill: Distill) -> None:
    curated(task)
    for name in ("trl-preference", "openai-preference"):
        ended = distill("export", task, "--format", "trl", "--format", name)
        why = "no preference pair to train on: 0 of 20 seeds make a pair (margin 0.2); 20: has no other answer"
        refused(ended, why, "teacher.sampling.draws")
    assert not (task.parent / "runs" / "mood" / "001" / "formats").exists()


def test_draws_that_a_gate_tells_apart_make_pairs_of_which_each_says_where_it_comes_from(
    task: Path, distill: Distill
) -> None:
    task.write_text(task.read_text() + "gates: [schema, {length: {min_chars: 17}}]\n")
    sets = "teacher.sampling={draws: 3, temperature: 1}"
    curated(task, sets)
    found = json.loads(distill("export", task, "--set", sets, "--format", "trl-preference", "--json").out)
    run, (made,) = task.parent / "runs" / "mood" / "001", found["formats"]
    pairs = found["pairs"]
    assert pairs["pairs"] == sum(made["rows"].values()) > 0
    assert pairs["pairs"] + sum(pairs["without"].values()) == counted(run / "train.jsonl") + counted(
        run / "valid.jsonl"
    )
    samples = _samples(run)
    origins = [json.loads(line) for line in (Path(made["folder"]) / "origins.jsonl").read_text().splitlines()]
    assert len(origins) == pairs["pairs"]
    for origin, row in zip(origins, _rows(Path(made["folder"])), strict=True):
        chosen, rejected = samples[origin["chosen"]], samples[origin["rejected"]]
        assert chosen["seed_id"] == rejected["seed_id"] == origin["seed_id"]
        assert (chosen["fate"], rejected["fate"]) == (origin["file"].removesuffix(".jsonl"), "dropped")
        assert row["chosen"][0]["content"] == chosen["answer"]
        assert row["rejected"][0]["content"] == rejected["answer"]
        assert "dropped by length" in origin["reason"]


def _samples(run: Path) -> dict[str, dict[str, Any]]:
    import polars as pl

    return {row["request_id"]: row for row in pl.read_parquet(run / "samples.parquet").iter_rows(named=True)}


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    for fate in ("train", "valid"):
        if (folder / f"{fate}.jsonl").exists():
            yield from map(json.loads, (folder / f"{fate}.jsonl").read_text().splitlines())


def test_formats_of_an_earlier_dataset_are_said_to_be_that(task: Path, distill: Distill) -> None:
    curated(task)
    assert "earlier dataset" not in distill("export", task, "--format", "trl").err
    task.write_text(task.read_text().replace("accept: 20", "accept: 12"))
    curated(task)
    assert "formats/ holds files of an earlier dataset: trl; `distill export --format`" in distill("export", task).err


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        (("--format", "sharegtp"), ("'sharegtp'", "known formats: openai", "did you mean 'sharegpt'?")),
        (("--config", "axolot"), ("'axolot'", "known configs: trl")),
        (("--format", "trl-preference", "--margin", "2"), ("--margin",)),
    ],
)
def test_what_is_not_known_is_refused_before_anything_runs(
    task: Path, distill: Distill, given: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    refused(distill("export", task, *given), *parts)
    assert not (task.parent / "runs").exists()


def test_rows_that_a_format_cannot_hold_are_named(task: Path, distill: Distill) -> None:
    """Of conversations of which every second one looked something up alpaca takes the others, and says which it does not take."""
    rows = [json.loads(line)["message"] for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    chats = [{"message": [*(LOOKED_UP if n % 2 else []), user(text)]} for n, text in enumerate(rows)]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in chats))
    for name in ("teacher.md", "student.md"):
        (task.parent / name).write_text("Mood?\n[messages]\n{{message}}\n")
    spec = yaml.safe_load(task.read_text())
    spec |= {"seeds": {"from": "seeds.jsonl", "test": {"share": 0.25}}, "strata": {}}
    task.write_text(yaml.safe_dump(spec))
    curated(task)
    done = distill("export", task, "--format", "alpaca")
    assert done.code == 0, done.err
    run = task.parent / "runs" / "mood" / "001"
    gone = [json.loads(line) for line in (run / "formats" / "alpaca" / "refused.jsonl").read_text().splitlines()]
    for file in ("train.jsonl", "valid.jsonl"):
        made = run / "formats" / "alpaca" / file
        here = sum(one["file"] == file for one in gone)
        assert (counted(made) if made.exists() else 0) + here == counted(run / file)
    assert 0 < len(gone) < 20
    assert f"  {len(gone)} rows are not in it, for it has no place for " in done.out
    assert gone[0]["seed_id"] in done.out
