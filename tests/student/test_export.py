"""The dataset's files."""

import json
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from distill.chat import conversation
from distill.student import export

BREAKS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\r\n"


def samples(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    made = [(seed, json.dumps(prompt("Name it.", user)), answer, fate) for seed, user, answer, fate in rows]
    frame = pl.DataFrame(made, schema=["seed_id", "prompt", "answer", "fate"], orient="row")
    plain = {
        "teacher": pl.lit(0),
        "kind": pl.lit("first"),
        "draw": pl.lit(0),
        "stratum": pl.lit("all"),
        "tool_calls": pl.lit(""),
    }
    return frame.with_columns(**plain, score=pl.lit(1.0))


def prompt(system: str, user: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


@given(st.text() | st.text(alphabet=BREAKS + "\ud800a"))
def test_a_row_is_one_line_for_any_reader_and_reads_back(text: str) -> None:
    line = export.line(conversation.training_row(prompt("s", text), "a"))
    assert line.decode().splitlines() == [line.decode().removesuffix("\n")]
    user = json.loads(line)["messages"][1]["content"]
    assert user == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_files_do_not_depend_on_the_order_of_rows_and_leave_dropped_ones_out(tmp_path: Path) -> None:
    frame = samples(
        ("b", "é?", "1", "train"), ("a", "x", "2", "train"), ("c", "y", "3", "valid"), ("d", "z", "4", "dropped")
    )
    counts = export.write(frame, folder=tmp_path / "one")
    export.write(frame.reverse(), folder=tmp_path / "two")
    assert counts == {"train": 2, "valid": 1}
    for name in ("train.jsonl", "valid.jsonl", "dataset.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    first, second = (tmp_path / "one" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(first) == conversation.training_row(prompt("Name it.", "x"), "2")
    assert "é?" in second
    assert pl.read_parquet(tmp_path / "one" / "dataset.parquet")["seed_id"].to_list() == ["a", "b", "c"]


def test_only_the_last_turn_trains_and_calls_have_names_of_our_own() -> None:
    """Earlier turns of the assistant weigh nothing; a model's random call ids would make equal answers differ."""
    earlier = [*prompt("s", "hi"), {"role": "assistant", "content": "yes?"}, {"role": "user", "content": "look"}]
    row = conversation.training_row(earlier, "", '[["look", "{\\"id\\": 1}"]]')["messages"]
    assert [turn.get("weight") for turn in row] == [None, None, 0, None, None]
    call = {"id": "call_0", "type": "function", "function": {"name": "look", "arguments": '{"id": 1}'}}
    assert row[-1] == {"role": "assistant", "content": None, "tool_calls": [call]}


def test_tools_stand_in_every_training_row(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "look"}}]
    export.write(samples(("a", "x", "1", "train"), ("b", "y", "2", "train")), folder=tmp_path, tools=tools)
    lines = (tmp_path / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["tools"] for line in lines] == [tools, tools]


def test_test_rows_hold_their_gold_and_no_answer(tmp_path: Path) -> None:
    rows = [
        {"seed_id": "b", "messages": prompt("s", "y"), "gold": None},
        {"seed_id": "a", "messages": prompt("s", "x"), "gold": {"k": 1}},
    ]
    assert export.write_test(rows, folder=tmp_path) == 2
    read = [json.loads(line) for line in (tmp_path / "test.jsonl").read_text().splitlines()]
    assert [row["gold"] for row in read] == [{"k": 1}, None]
    assert [turn["role"] for turn in read[0]["messages"]] == ["system", "user"]


def test_the_tools_of_a_row_take_the_place_of_the_tasks(tmp_path: Path) -> None:
    """Hosts refuse keys beside the turns that they do not know, so the rest of what a row is asked with is in the table."""
    tools = [{"type": "function", "function": {"name": "look"}}]
    own = {
        "tools": [{"type": "function", "function": {"name": "find"}}],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
    }
    kept = samples(("a", "x", "1", "train"), ("b", "y", "2", "train"))
    export.write(kept, folder=tmp_path, tools=tools, own={"b": own})
    first, second = map(json.loads, (tmp_path / "train.jsonl").read_text().splitlines())
    assert (first["tools"], "parallel_tool_calls" in first) == (tools, False)
    assert (second["tools"], second["parallel_tool_calls"], "tool_choice" in second) == (own["tools"], False, False)
    table = pl.read_parquet(tmp_path / "dataset.parquet")
    assert [json.loads(text) if text else None for text in table["request"]] == [None, own]
    export.write(kept, folder=tmp_path, tools=tools)
    assert "request" not in pl.read_parquet(tmp_path / "dataset.parquet").columns


def test_what_a_rows_own_file_calls_it_stands_in_the_table(tmp_path: Path) -> None:
    kept = samples(("a", "x", "1", "train"), ("b", "y", "2", "train"))
    export.write(kept, folder=tmp_path, ids={"b": "T-1005"})
    assert pl.read_parquet(tmp_path / "dataset.parquet")["id"].to_list() == [None, "T-1005"]
    assert "id" not in json.loads((tmp_path / "train.jsonl").read_text().splitlines()[1])


def test_kept_columns_have_their_kind_and_replace_none(tmp_path: Path) -> None:
    frame = samples(("a", "x", "1", "train"), ("b", "y", "2", "train"), ("c", "z", "3", "valid"))
    kept = {"a": {"n": 1, "mixed": 1, "tags": ["é"], "answer": "known"}, "b": {"n": 2.5, "mixed": "x"}}
    export.write(frame, folder=tmp_path, kept=kept)
    table = pl.read_parquet(tmp_path / "dataset.parquet")
    assert table.select("n", "mixed", "tags", "answer", "own_answer").rows() == [
        (1.0, "1", '["é"]', "1", "known"), (2.5, "x", None, "2", None), (None, None, None, "3", None),
    ]  # fmt: skip
