"""What a person is told of many bad rows."""

from pathlib import Path

from distill.seeds.faults.fault_summary import BadRow, dropped_rows, summarised

FILE = Path("/data/seeds.jsonl")


def test_faults_of_one_kind_are_told_once() -> None:
    """Names and numbers in it may differ."""
    faults = summarised([BadRow(FILE, n, f"the value 'x{n}' is no date") for n in range(1, 31)])
    assert [fault.where for fault in faults] == [f"{FILE}:1"]
    assert faults[0].message == (
        "the value 'x1' is no date; and 29 more rows like it: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …"
    )


def test_a_screenful_is_told_at_most() -> None:
    words = [chr(97 + i // 26) + chr(97 + i % 26) for i in range(50)]
    faults = summarised([BadRow(FILE, n, f"fault {word}") for n, word in enumerate(words, 1)])
    assert len(faults) == 21
    assert str(faults[-1]) == "and 30 more (50 rows in all)"


def test_every_bad_row_is_a_dropped_row() -> None:
    """Two faults of one line are one row; a file that is bad as a whole has no line."""
    table = dropped_rows([BadRow(FILE, 3, "a"), BadRow(FILE, 3, "b"), BadRow(FILE, 0, "c")])
    assert table.select("row", "reason", "detail").rows() == [
        ("seeds.jsonl:3", "unreadable", "a; b"),
        ("seeds.jsonl", "unreadable", "c"),
    ]
