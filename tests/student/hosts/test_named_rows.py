"""A line that a host names is told by the id of its row."""

from __future__ import annotations

import pytest

from distill.student.hosts.named_rows import with_rows

_IDS = ["aa", "bb", "cc", "dd", "ee", "ff", "gg"]


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("line 2 is no chat example", "line 2 is no chat example (line 2 is row bb)"),
        ("Errors in lines 1, 3 and 4", "Errors in lines 1, 3 and 4 (line 1 is row aa, line 3 is row cc, line 4 is row dd)"),
        ("rows 1,2,3,4,5,6", "rows 1,2,3,4,5,6 (line 1 is row aa, line 2 is row bb, line 3 is row cc, line 4 is row dd, "
         "line 5 is row ee and 1 more)"),
        ("validation file: example #1 is empty", "validation file: example #1 is empty (line 1 is row vv)"),
        ("line 99 is odd", "line 99 is odd"),
        ("has 3 example(s), must have at least 10", "has 3 example(s), must have at least 10"),
        ("it went offline 3 times", "it went offline 3 times"),
    ],
)  # fmt: skip
def test_lines_become_rows(message: str, says: str) -> None:
    assert with_rows(message, _IDS, valid_ids=["vv"]) == says
