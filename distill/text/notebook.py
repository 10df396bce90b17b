"""How a value shows itself in a notebook: its figures by name, in one line or as an HTML table in which every text is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping


def line(kind: str, figures: Mapping[str, object]) -> str:
    """`Run(name='mood/001', kept=20)`."""
    return f"{kind}({', '.join(f'{name}={value!r}' for name, value in figures.items())})"


def table(figures: Mapping[str, object], below: Iterable[str] = ()) -> str:
    """The figures as a table of two columns, and the sentences `below` it as a list."""
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>" for name, value in figures.items()
    )
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in below)
    return f"<table>{rows}</table>" + (f"<ul>{items}</ul>" if items else "")
