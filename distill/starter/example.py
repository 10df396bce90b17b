"""What `distill init` writes without a file: the task in `first_task/`, small and complete, to be made one's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from distill import extras
from distill.starter.init import task_name, write_files


def missing() -> list[str]:
    """What the first task needs and is not installed, as a line with the command that installs it."""
    gone = [extra for extra in ("embedded", "train") if extras.missing(extra)]
    if not gone:
        return []
    named = (
        "embedded model"
        if gone == ["embedded"]
        else "training libraries"
        if gone == ["train"]
        else "embedded model and the training libraries"
    )
    return [f"this task needs the {named}, not installed here; {extras.hint(*gone)}"]


def write(folder: Path) -> list[Path]:
    """Copy the first task, named after its folder; refuses a folder that already holds one of its files."""
    name = task_name(folder.resolve().name)
    texts = {file.name: file.read_text("utf-8") for file in files("distill.starter").joinpath("first_task").iterdir()}
    texts["task.yaml"] = texts["task.yaml"].replace("task: my-task", f"task: {name}", 1)
    return write_files(folder, texts)


def is_untouched(rows: Path) -> bool:
    """Whether a task's file of rows is still that of the first task, and not its owner's."""
    ours = files("distill.starter").joinpath("first_task", "seeds.jsonl")
    return rows.name == "seeds.jsonl" and rows.is_file() and rows.read_bytes() == ours.read_bytes()
