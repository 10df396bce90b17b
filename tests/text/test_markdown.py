from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from distill.text.markdown import escaped

READER = MarkdownIt("commonmark", {"html": True})


@given(st.text())
def test_escaped_text_reads_back_as_itself(text: str) -> None:
    """Whatever a text holds, Markdown shows that text on one line, and nothing else."""
    shown = READER.render("x " + escaped(text, most=10_000))
    assert re.findall(r"</?[a-zA-Z][^>]*>", shown) == ["<p>", "</p>"]
