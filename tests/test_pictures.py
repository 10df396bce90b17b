"""The pictures of the README: there, small, and nothing in them is fetched or run."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"


def test_pictures_are_what_their_names_say_and_small() -> None:
    assert (FOLDER / "report.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert sum(path.stat().st_size for path in FOLDER.glob("*.[ps][nv]g")) < 300_000


def test_the_panel_loads_nothing() -> None:
    """It is shown on pages of others: no font, picture, link or script from elsewhere."""
    text = (FOLDER / "panel.svg").read_text()
    tags = {one.tag.rpartition("}")[2] for one in ElementTree.fromstring(text).iter()}  # noqa: S314 - our own file
    assert tags.isdisjoint({"script", "image", "a", "foreignObject"})
    assert re.findall(r"url\((?!#)|@import|href=", text) == []
