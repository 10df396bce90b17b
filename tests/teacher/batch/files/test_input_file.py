"""Input files: any text goes in and comes back as it was, whatever a reader takes for the end of a line."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import CHAT, requests

from distill.records import Request, canonical
from distill.teacher.batch.files.input_file import BatchLimits, InputFileWriter, reading

ANY = st.text(st.characters(exclude_categories=()) | st.sampled_from('\u2028\u2029\x85\n\r\x0b"\\\ud83d😀'))
BODIES = st.fixed_dictionaries(
    {"messages": st.lists(st.fixed_dictionaries({"role": st.just("user"), "content": ANY}), min_size=1, max_size=3)},
    optional={"stop": ANY, "max_tokens": st.integers(1, 10**25)},
)


@settings(deadline=None)
@given(st.lists(st.tuples(BODIES, st.integers(0, 99)), min_size=1, max_size=5, unique_by=repr))
async def test_every_row_comes_back_as_it_was_sent(given: list[tuple[dict[str, object], int]]) -> None:
    """By custom_id and by line; each line is JSON, and no reader of lines finds more of them than rows."""
    asked = [Request("here", body, draw) for body, draw in given]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input.jsonl"
        with InputFileWriter(path, BatchLimits()) as writer:
            assert all(writer.add(one, CHAT, tokens=1, usd=0.5) for one in asked)
        data = path.read_bytes()
        async with reading(path) as sent:
            rows = [sent[custom_id] for custom_id in sent.order]
            assert "nobody" not in sent
    assert (writer.bytes, writer.tokens, writer.usd) == (len(data), len(asked), len(asked) / 2)
    assert len(data.decode().splitlines()) == len(asked)
    for one, row, line in zip(asked, rows, data.split(b"\n"), strict=False):
        assert (row.id, row.draw, row.turns) == (one.id, one.draw, one.turns)
        assert row.request == canonical(dict(one.body))
        told = json.loads(line)
        assert (told["custom_id"], told["method"], told["url"]) == (f"{one.id}-{one.draw}", "POST", CHAT)
        assert told["body"] == json.loads(canonical(dict(one.body)))


@pytest.mark.parametrize(
    ("limits", "fit"),
    [(BatchLimits(), 9), (BatchLimits(rows=4), 4), (BatchLimits(bytes=1000), 5), (BatchLimits(tokens=30), 3), (BatchLimits(tokens=1), 1), (BatchLimits(bytes=1), 1)],
)  # fmt: skip
def test_a_file_ends_where_the_host_takes_no_more(tmp_path: Path, limits: BatchLimits, fit: int) -> None:
    """A row that does not fit is not written; a single one always is."""
    with InputFileWriter(tmp_path / "input.jsonl", limits) as writer:
        added = [writer.add(one, CHAT, tokens=10, usd=0.0) for one in requests(9)]
    assert added == [True] * fit + [False] * (9 - fit)
    assert (tmp_path / "input.jsonl").read_bytes().count(b"\n") == fit == len(writer.rows)


async def test_a_file_without_its_last_newline_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "input.jsonl"
    with InputFileWriter(path, BatchLimits()) as writer:
        for one in requests(3):
            writer.add(one, CHAT, tokens=1, usd=0.0)
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    async with reading(path) as sent:
        assert [sent[name].turns for name in sent.order] == [one.turns for one in requests(3)]
