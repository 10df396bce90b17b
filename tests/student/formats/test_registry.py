"""Each format as its consumer reads it: rows come back whole, or are refused by their ids."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from chat_rows import ANSWERED, CALL, PLAIN, ROWS, SYSTEM, TALK, call, said, user

from distill.errors import UsageError
from distill.student.export import REFUSED, WrittenFormat, write_format
from distill.student.formats import registry
from distill.student.formats.row import TrainingRow

Written = Callable[..., WrittenFormat]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(name: str, rows: list[TrainingRow] = ROWS, valid: list[TrainingRow] = ROWS[:1]) -> WrittenFormat:
        form = registry.FORMATS[name]
        assert form.row is not None
        return write_format(name, {"train": rows, "valid": valid}, form.row, folder=tmp_path / name, beside=form.beside)

    return write


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Path], list[dict[str, Any]]]:
    """A JSONL file as `datasets` reads it, which is how TRL, axolotl and LLaMA-Factory do."""
    datasets = pytest.importorskip("datasets", reason="the training extra is not installed")
    datasets.disable_progress_bars()

    def load(path: Path) -> list[dict[str, Any]]:
        rows = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
        return [dict(row) for row in rows]

    return load


def lines(made: WrittenFormat, file: str = "train.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (made.folder / file).read_bytes().split(b"\n")[:-1]]


def bare(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Turns without what is nothing, and without weights."""
    return [{key: value for key, value in turn.items() if value is not None and key != "weight"} for turn in turns]


@pytest.mark.parametrize("name", [name for name, form in registry.FORMATS.items() if form.row])
def test_every_row_is_written_or_refused(name: str, written: Written) -> None:
    """Written and refused together are the rows that train, whatever the format; both files say the same of their rows."""
    made = written(name)
    assert made.rows["train.jsonl"] + len(made.refused) == len(ROWS)
    assert made.rows["valid.jsonl"] == 1
    assert len(lines(made)) == made.rows["train.jsonl"]
    refused = (made.folder / REFUSED).read_text().splitlines() if REFUSED in made.beside else []
    assert [json.loads(line) for line in refused] == made.refused


def test_openai_rows_are_what_its_sdk_takes(written: Written) -> None:
    from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
    from pydantic import TypeAdapter

    turn, tool = TypeAdapter(ChatCompletionMessageParam), TypeAdapter(ChatCompletionToolParam)
    rows = lines(written("openai"))
    for row, given in zip(rows, ROWS, strict=True):
        assert row.keys() <= {"messages", "tools", "parallel_tool_calls"}
        assert row["messages"] == list(given.messages)
        for said_turn in row["messages"]:
            turn.validate_python(said_turn)
        for one in row.get("tools", []):
            assert tool.validate_python(one) == one
    assert rows[2]["parallel_tool_calls"] is False
    assert [one.get("weight") for one in rows[1]["messages"]] == [None, None, 0, None, None]


def test_trl_reads_prompt_and_completion(written: Written, loaded: Callable[[Path], list[dict[str, Any]]]) -> None:
    """Through `datasets` no argument of a call gets a key that another call has, and no turn a weight."""
    rows = loaded(written("trl").folder / "train.jsonl")
    for row, given in zip(rows, ROWS, strict=True):
        both = row["prompt"] + row["completion"]
        assert len(row["completion"]) == 1
        assert [one["content"] for one in both] == [one["content"] for one in given.messages]
        assert json.loads(row["tools"] or "[]") == list(given.tools)
        assert not any("weight" in one for one in both)
    assert rows[2]["completion"][0]["tool_calls"][0]["function"] == {"name": "look", "arguments": {"id": 7}}
    assert rows[3]["prompt"][1]["tool_calls"][0]["function"]["arguments"] == {"q": "z", "all": True}


def test_sharegpt_holds_turns_calls_and_results(written: Written) -> None:
    plain, talk, called, answered = lines(written("sharegpt"))
    assert plain == {
        "conversations": [
            {"from": "system", "value": "Be short."},
            {"from": "human", "value": "Where?\u2028Here."},
            {"from": "gpt", "value": "there"},
        ],
        "tools": "",
    }
    assert [turn["from"] for turn in talk["conversations"]] == ["system", "human", "gpt", "human", "gpt"]
    assert json.loads(called["conversations"][-1]["value"]) == {"name": "look", "arguments": {"id": 7}}
    assert json.loads(called["tools"]) == [CALL.tools[0]["function"]]
    assert [turn["from"] for turn in answered["conversations"]] == ["human", "function_call", "observation", "gpt"]


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([user("a"), user("b"), said("c")], "two turns of one side in a row"),
        ([user("a"), SYSTEM, said("c")], "a system turn that is not the first"),
        ([user("a"), call("look", {}, "wait…")], "words beside a tool call"),
        ([user("a", name="Ann"), said("c")], "the name of a speaker"),
    ],
)
def test_what_sharegpt_cannot_hold_is_refused_not_mangled(written: Written, messages: Any, why: str) -> None:
    made = written("sharegpt", [PLAIN, TrainingRow("odd", messages)])
    assert made.refused == [{"seed_id": "odd", "file": "train.jsonl", "why": why}]
    assert made.rows["train.jsonl"] == 1


def test_alpaca_holds_conversations_and_refuses_tools(written: Written) -> None:
    made = written("alpaca")
    assert lines(made) == [
        {"instruction": "Where?\u2028Here.", "input": "", "output": "there", "system": "Be short.", "history": []},
        {"instruction": "say", "input": "", "output": "so", "system": "Be short.", "history": [["hi", "yes?"]]},
    ]
    assert [(one["seed_id"], one["why"]) for one in made.refused] == [("call", "tools"), ("answered", "tools")]


def test_a_format_that_can_hold_no_row_writes_nothing(written: Written, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"alpaca can hold no row .*tools \(2 rows\)"):
        written("alpaca", [CALL, ANSWERED])
    assert not (tmp_path / "alpaca").exists()


def test_a_second_export_leaves_nothing_of_the_first(written: Written) -> None:
    made = written("alpaca")
    assert {"valid.jsonl", REFUSED} <= {path.name for path in made.folder.iterdir()}
    written("alpaca", [PLAIN], [])
    assert [path.name for path in made.folder.iterdir()] == ["train.jsonl"]


def test_llamafactory_finds_columns_and_tags_by_its_map(
    written: Written, loaded: Callable[[Path], list[dict[str, Any]]]
) -> None:
    """dataset_info.json is followed as llamafactory.data.converter follows it: what comes out are the turns that went in."""
    made = written("llamafactory")
    info = json.loads((made.folder / "dataset_info.json").read_text())
    assert {name: one["file_name"] for name, one in info.items()} == {
        "distill_train": "train.jsonl",
        "distill_valid": "valid.jsonl",
    }
    named = info["distill_train"]
    tags, columns = named["tags"], named["columns"]
    roles = {tags[f"{role}_tag"]: role for role in ("user", "assistant", "observation", "function", "system")}
    for row, given in zip(loaded(made.folder / "train.jsonl"), ROWS, strict=True):
        turns = [(roles[turn[tags["role_tag"]]], turn[tags["content_tag"]]) for turn in row[columns["messages"]]]
        body = turns[1:] if turns[0][0] == "system" else turns
        assert all(
            role in (("user", "observation"), ("assistant", "function"))[n % 2] for n, (role, _) in enumerate(body)
        )
        assert len(body) % 2 == 0
        words = [text for role, text in turns if role != "function"]
        assert words == [turn["content"] for turn in given.messages if turn["content"] is not None]
        assert bool(row[columns["tools"]]) == bool(given.tools)


def test_llamafactorys_own_reader_takes_each_row(written: Written, loaded: Any) -> None:
    pytest.importorskip("llamafactory", reason="its pins exclude ours: for an environment that has it")
    from types import SimpleNamespace

    from llamafactory.data.converter import get_dataset_converter
    from llamafactory.data.parser import get_dataset_list

    folder = written("llamafactory").folder
    (attr,) = get_dataset_list(["distill_train"], str(folder))
    convert = get_dataset_converter(attr.formatting, attr, SimpleNamespace(media_dir=""))
    read = [convert(row) for row in loaded(folder / "train.jsonl")]
    assert [row["_response"][0]["content"] for row in read if not row["_tools"]] == ["there", "so"]
    assert [row["_system"] for row in read] == ["Be short.", "Be short.", "Be short.", ""]


def test_axolotl_names_its_files_and_what_trains(
    written: Written, loaded: Callable[[Path], list[dict[str, Any]]]
) -> None:
    made = written("axolotl")
    config = yaml.safe_load((made.folder / "datasets.yaml").read_text())
    (train,), (valid,) = config["datasets"], config["test_datasets"]
    assert (train["path"], valid["path"], train["type"]) == ("train.jsonl", "valid.jsonl", "chat_template")
    rows = loaded(made.folder / train["path"])
    trained = [
        [
            turn["role"] in train["roles_to_train"]
            if (weight := turn.get(train["message_field_training"])) is None
            else bool(weight)
            for turn in row[train["field_messages"]]
        ]
        for row in rows
    ]
    assert trained == [[False] * (len(row.messages) - 1) + [True] for row in ROWS]
    assert [json.loads(row[train["field_tools"]] or "[]") for row in rows] == [list(row.tools) for row in ROWS]
    for row, given in zip(rows, ROWS, strict=True):
        assert bare(row[train["field_messages"]]) == bare(list(given.messages))


def test_axolotls_own_reader_trains_on_the_answer_alone(
    written: Written, loaded: Any, request: pytest.FixtureRequest
) -> None:
    chat_template = pytest.importorskip("axolotl.prompt_strategies.chat_template", reason="its pins exclude ours")
    tiny_base = request.getfixturevalue("tiny_base")  # which takes its time, and is not made for nothing
    from axolotl.utils.dict import DictDefault
    from transformers import AutoTokenizer

    folder, tokenizer = written("axolotl", [PLAIN, TALK]).folder, AutoTokenizer.from_pretrained(tiny_base)
    dataset = yaml.safe_load((folder / "datasets.yaml").read_text())["datasets"][0]
    cfg = DictDefault({"train_on_inputs": False, "sequence_len": 512, "chat_template": "tokenizer_default"})
    strategy = chat_template.load(tokenizer, cfg, ds_cfg=dataset)
    read = [strategy.tokenize_prompt(row) for row in loaded(folder / "train.jsonl")]
    supervised = [
        [t for t, label in zip(one["input_ids"], one["labels"], strict=True) if label != -100] for one in read
    ]
    assert [tokenizer.decode(ids) for ids in supervised] == ["there<|im_end|>", "so<|im_end|>"]


def test_the_help_and_the_page_name_every_format_and_job_file() -> None:
    from distill.cli.verbs import export
    from distill.student.job_files.render import CONFIGS

    assert export._FORMATS.split(", ") == list(registry.FORMATS)
    assert export._CONFIGS.split(", ") == list(CONFIGS)
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
    formats, configs = (page.split(f"## {title}")[1].split("##")[0] for title in ("Formats", "Job files"))
    assert re.findall(r"^\| `([\w-]+)` \|", formats, re.MULTILINE)[1:] == list(registry.FORMATS)
    assert {name: re.search(rf"^\| `{name}` \| `formats/(.*?)`", configs, re.MULTILINE)[1] for name in CONFIGS} == {  # type: ignore[index]  # the line is there
        name: f"{config.format}/{config.file}" for name, config in CONFIGS.items()
    }


def test_names_are_taken_apart_and_unknown_ones_refused() -> None:
    assert registry.named(["trl,alpaca", "trl"]) == ["trl", "alpaca"]
    with pytest.raises(UsageError, match=r"'sharegtp': known formats: openai, .*, hub; did you mean 'sharegpt'"):
        registry.named(["trl,sharegtp"])
    with pytest.raises(UsageError, match="known formats"):
        registry.named([""])
