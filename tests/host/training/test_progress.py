"""Lines between a job's process and the server."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from distill.host.training import progress
from distill.host.training.progress import ProgressWriter


@given(st.lists(st.text(max_size=12), max_size=6), st.data())
def test_each_whole_line_is_read_once_wherever_the_writer_was_cut(texts: list[str], data: st.DataObject) -> None:
    """A process dies in the middle of a line; the next one writes on; the reader looks at any moment."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        say, file = ProgressWriter(folder), folder / "progress.jsonl"
        for text in texts:
            say.say(text)
        whole = file.read_bytes() if texts else b""
        cut = data.draw(st.integers(0, len(whole)))
        file.write_bytes(whole[:cut])
        first, at = progress.read(folder, 0)
        again = ProgressWriter(folder)
        again.begin()
        again.say("last")
        second, end = progress.read(folder, at)
        said = [line["said"] for line in [*first, *second]]
        survived = whole[:cut].count(b"\n") + (cut < len(whole) and whole[cut : cut + 1] == b"\n")
        assert said == [*texts[:survived], "last"]
        assert progress.read(folder, end) == ([], end)


def test_a_line_is_not_read_before_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "progress.jsonl").write_bytes(b'{"said": "a"}\n{"said": ')
    assert progress.read(tmp_path, 0) == ([{"said": "a"}], 14)


def test_nothing_was_said_yet(tmp_path: Path) -> None:
    assert progress.read(tmp_path, 0) == ([], 0)
