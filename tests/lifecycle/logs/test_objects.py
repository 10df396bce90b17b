from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.lifecycle.logs import objects as reading
from distill.lifecycle.logs.objects import BLANK, Torn, objects


def read(path: Path, data: str | bytes) -> list[object]:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return [value for _, value in objects(path)]


def test_lines_that_are_none_stand_in_their_place(tmp_path: Path) -> None:
    found = list(
        objects(
            _written(
                tmp_path / "a.jsonl", b'{"a": 1}\n\n{"a": \n{"a": "\xff"}\n\xef\xbb\xbf{"a": 2}\n{"a": NaN}\n{"a": 3'
            )
        )
    )
    assert [line for line, _ in found] == [1, 2, 3, 4, 5, 6, 7]
    values = [value for _, value in found]
    assert values[0] == {"a": 1}
    assert values[1] is BLANK
    assert values[4] == {"a": 2}
    assert [isinstance(value, Torn) for value in values] == [False, True, True, True, False, False, True]
    assert "not UTF-8" in str(values[3])


@pytest.mark.parametrize("text", [
    '[{"a": 1}, {"a": 2}]', '[\n  {"a": 1},\n  {"a": 2}\n]\n', '{\n  "a": 1\n}\n{\n  "a": 2\n}\n', '{"data": [{"a": 1}, {"a": 2}],\n "meta": {}}',
    '[{"a": 1}][{"a": 2}]',
])  # fmt: skip
def test_a_document_however_it_is_laid_out(tmp_path: Path, text: str) -> None:
    assert read(tmp_path / "a.json", text) == [{"a": 1}, {"a": 2}]


def test_a_torn_object_of_a_document_costs_that_object(tmp_path: Path) -> None:
    found = read(tmp_path / "a.json", '[\n{"a": [1,\n{"b": 3}\n]},\n{"a": 2}\n')
    assert {"a": 2} in found
    cut = read(tmp_path / "b.json", '[{"a": 1}, {"a": "cut of')
    assert cut[0] == {"a": 1}
    assert isinstance(cut[1], Torn)


def test_a_document_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects that lie across the pieces come whole."""
    monkeypatch.setattr(reading, "_CHUNK", 7)
    rows = [{"text": 'ä]}\\"{[' * n, "n": n} for n in range(9)]
    assert read(tmp_path / "a.json", json.dumps(rows, ensure_ascii=False)) == rows


def test_a_line_that_is_too_long_costs_that_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST", 40)
    found = read(tmp_path / "a.jsonl", '{"a": 1}\n{"a": "' + "x" * 500 + '"}\n{"a": 2}\n')
    assert [found[0], found[2]] == [{"a": 1}, {"a": 2}]
    assert isinstance(found[1], Torn)
    assert found[1].reason == "too_long"


def test_a_packed_log_that_is_cut_off_says_so(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(b'{"a": %d, "b": "%s"}\n' % (n, b"%x" % (n * 7919**5)) for n in range(5000)))
    found = read(tmp_path / "a.jsonl.gz", packed)
    assert len(found) == 5000
    cut = read(tmp_path / "b.jsonl.gz", packed[: len(packed) // 2])
    assert isinstance(cut[-1], Torn)
    assert len(cut) > 100


def test_tables(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "message,answer\nhi,yes\n") == [{"message": "hi", "answer": "yes"}]


@given(
    st.lists(
        st.dictionaries(
            st.text(max_size=4),
            st.text(max_size=8) | st.integers(-(2**63), 2**63) | st.lists(st.booleans(), max_size=2),
            min_size=1,
            max_size=3,
        ),
        max_size=5,
    ),
    st.integers(1, 40),
)
def test_any_objects_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], chunk: int
) -> None:
    path = tmp_path_factory.mktemp("o") / "a.json"
    before, reading._CHUNK = reading._CHUNK, chunk
    try:
        plain = [row for row in rows if not any(name in row for name in reading._LISTS)]
        assert list(read(path, json.dumps(plain, ensure_ascii=False))) == plain
    finally:
        reading._CHUNK = before


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
