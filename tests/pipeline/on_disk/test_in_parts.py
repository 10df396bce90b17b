"""Tables on disk and the work in parts: what `--on ray --spill` does, here in one process."""

from __future__ import annotations

from pathlib import Path

from moods import written

from distill.executors import executor as executors
from distill.executors.executor import InProcess
from distill.pipeline.on_disk import run as on_disk
from distill.teacher.progress import Silent


def made(folder: Path, where: InProcess) -> dict[str, bytes]:
    """The files of a run with several shards, by their names."""
    folder.mkdir()
    gates = "gates=[{length: {spread: 3}}, echo, schema, pii]"
    with executors.using(where):
        given = on_disk.opened(written(folder), overrides=[gates], env={}, home=folder)
        on_disk.curate(given, Silent(), rows_a_shard=40)
    run = next((folder / "runs").rglob("samples.parquet")).parent
    return {path.name: path.read_bytes() for path in run.iterdir() if path.suffix in (".parquet", ".jsonl")}


def test_the_bytes_are_those_of_whole_shards(tmp_path: Path) -> None:
    whole = made(tmp_path / "whole", InProcess())
    assert {"samples.parquet", "pairs.parquet", "dropped.parquet", "train.jsonl"} <= whole.keys()
    assert made(tmp_path / "parts", InProcess(rows=16)) == whole
