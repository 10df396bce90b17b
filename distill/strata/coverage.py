"""The strata and labels that the rows of a table belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def labelled(rows: pl.DataFrame) -> list[tuple[str, Mapping[str, str]]]:
    """(stratum, labels) of each row; few labels differ, so rows share them."""
    known = {
        (stratum, text): (stratum, json.loads(text))
        for stratum, text in rows.select("stratum", "labels").unique().iter_rows()
    }
    return [known[pair] for pair in rows.select("stratum", "labels").iter_rows()]
