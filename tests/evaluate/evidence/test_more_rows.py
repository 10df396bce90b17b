from __future__ import annotations

import pytest

from distill.evaluate.evidence.more_rows import advice, still_open
from distill.stats import RowsRange


@pytest.mark.parametrize(
    ("needed", "there", "says", "open_"),
    [
        (RowsRange(240, 460, if_equal=True), 150, "equally good, between 240 and 460 test rows", (240, 460)),
        (RowsRange(240, 460, if_equal=True), 300, "equally good, between 301 and 460 test rows", (301, 460)),
        (RowsRange(240, 460, if_equal=True), 459, "equally good, about 460 test rows", (460, 460)),
        (RowsRange(240, 460, if_equal=True), 460, "it probably loses a little", (None, None)),
        (RowsRange(240, None, if_equal=True), 150, "equally good, at least 240 test rows", (240, None)),
        (RowsRange(900, None, if_equal=False), 150, "At least 900 test rows would be needed", (900, None)),
        (RowsRange(300, 900, if_equal=False), 150, "Between 300 and 900 test rows would most likely decide it", (300, 900)),
        (None, 150, "no sensible number of test rows", (None, None)),
    ],
)  # fmt: skip
def test_what_more_rows_would_tell(
    needed: RowsRange | None, there: int, says: str, open_: tuple[int | None, int | None]
) -> None:
    assert says in advice("keeps up", needed, there)
    assert still_open(needed, there) == open_


def test_where_no_question_is_open_nothing_is_said() -> None:
    assert advice("", RowsRange(1, 2, if_equal=True), 150) == ""
    assert advice("helped", None, 150).startswith("Trained and untrained are so near each other")
