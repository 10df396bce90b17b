"""How far logs were read: they grow, are renamed, packed and written anew, and no line is read twice or lost."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

from distill.lifecycle.monitor.offsets import ReadLog, merged, new_parts
from distill.seeds.formats.encoding import raw


def lines(first: int, last: int) -> str:
    return "".join(json.dumps({"n": n, "text": "x" * 40}) + "\n" for n in range(first, last))


def read(files: Sequence[Path], known: Sequence[ReadLog]) -> tuple[list[tuple[str, int, list[int]]], list[ReadLog]]:
    """(name, lines before, the numbers in what is new) of each part, and what is known then."""
    found = []
    with new_parts(files, known, files[0].parent) as parts:
        for part in parts:
            with raw(part.path) as content:
                found.append((part.name, part.before, [json.loads(line)["n"] for line in content.read().splitlines() if line.strip()]))
        return found, merged(known, parts)


def test_a_log_that_grows_is_read_on(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    log.write_text(lines(0, 300))
    first, known = read([log], [])
    again, known = read([log], known)
    log.write_text(lines(0, 305))
    more, known = read([log], known)
    assert first == [("calls.jsonl", 0, list(range(300)))]
    assert again == []
    assert more == [("calls.jsonl", 300, [300, 301, 302, 303, 304])]
    assert len(known) == 1


def test_a_last_line_that_is_being_written_waits(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    log.write_text(lines(0, 3) + '{"n": 3, "te')
    first, known = read([log], [])
    log.write_text(lines(0, 5))
    second, _ = read([log], known)
    assert [numbers for *_, numbers in first + second] == [[0, 1, 2], [3, 4]]


def test_a_whole_last_line_without_an_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    log.write_text(lines(0, 3).rstrip("\n"))
    assert [numbers for *_, numbers in read([log], [])[0]] == [[0, 1, 2]]


def test_a_rotated_log_is_known_by_its_content(tmp_path: Path) -> None:
    """calls.jsonl becomes calls.jsonl.1 and then calls.jsonl.2.gz, each time with more behind what was read."""
    log, first, second = (tmp_path / name for name in ("calls.jsonl", "calls.jsonl.1", "calls.jsonl.2.gz"))
    log.write_text(lines(0, 200))
    _, known = read([log], [])
    first.write_text(lines(0, 210))
    log.write_text(lines(210, 220))
    found, known = read([log, first], known)
    second.write_bytes(gzip.compress(lines(0, 212).encode()))
    first.write_text(lines(210, 221))
    log.unlink()
    packed, _ = read([first, second], known)
    assert [numbers for *_, numbers in found] == [list(range(210, 220)), list(range(200, 210))]
    assert [numbers for *_, numbers in packed] == [[220], [210, 211]]


def test_a_log_that_was_emptied_and_written_anew_is_another(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    log.write_text(lines(0, 200))
    _, known = read([log], [])
    log.write_text(lines(900, 903))
    assert read([log], known)[0] == [("calls.jsonl", 0, [900, 901, 902])]


def test_the_same_content_under_two_names_is_read_once(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(lines(0, 5))
    assert len(read([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], [])[0]) == 1


def test_a_document_is_read_once_as_a_whole(tmp_path: Path) -> None:
    log = tmp_path / "export.json"
    log.write_text(json.dumps([{"n": 1}, {"n": 2}]))
    with new_parts([log], [], tmp_path) as parts:
        assert [part.path for part in parts] == [log]
        known = merged([], parts)
    with new_parts([log], known, tmp_path) as parts:
        assert parts == []
