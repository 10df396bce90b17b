"""Texts in a file are a sequence of texts."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.curate.shards import text_file
from distill.curate.shards.text_file import TextFile


@given(st.lists(st.text(st.characters())), st.integers(0, 9), st.integers(0, 9))
def test_the_texts_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], low: int, high: int
) -> None:
    path = tmp_path_factory.mktemp("texts") / "texts.bin"
    assert text_file.write(path, iter(texts)) == len(texts)
    with TextFile(path) as found:
        assert list(found) == texts
        assert found[low:high] == texts[low:high]
        assert found[::2] == texts[::2]
        assert [found[at - len(texts)] for at in range(len(texts))] == texts
        assert found.gather(np.arange(len(texts))[::-1]) == texts[::-1]


def test_a_file_that_was_cut_is_an_error_and_no_short_text(tmp_path: Path) -> None:
    path = tmp_path / "texts.bin"
    text_file.write(path, ["one", "two"])
    path.write_bytes(b"onet")
    with TextFile(path) as found, pytest.raises(OSError, match="ends 2 bytes before"):
        found[1]
