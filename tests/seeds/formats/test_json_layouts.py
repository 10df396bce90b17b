"""What stands around rows: folders that hold other files, exports that put an object around each row."""

import json

import pytest

from distill.seeds.load import columns, read
from distill.seeds.rows_to_seeds import SeedColumns


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def messages(path):
    return [seed.fields["message"] for seed in read([path], SeedColumns(variables=["message"]))[0]]


def test_what_a_system_puts_into_a_folder_is_no_file_of_rows(tmp_path):
    (tmp_path / "a.csv").write_text("message\na\n")
    for name in (".DS_Store", "._a.csv", "~$a.csv", "README.md"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7")
    assert messages(tmp_path) == ["a"]


def test_a_column_that_the_first_row_lacks_is_a_column(tmp_path):
    (tmp_path / "a.jsonl").write_text(lines({}, {"note": "x"}, {"message": "a"}))
    assert columns([tmp_path / "a.jsonl"]) == ["note", "message"]


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "annotations": [], "data": {"message": "a"}},
        {"id": 1, "responses": [], "fields": {"message": "a"}},
        {"_index": "t", "_id": "1", "_source": {"message": "a"}},
    ],
)
def test_a_row_inside_an_export_s_object_is_read(tmp_path, row):
    (tmp_path / "a.jsonl").write_text(lines(row))
    assert messages(tmp_path / "a.jsonl") == ["a"]
