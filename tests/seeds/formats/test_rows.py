"""Every file that people bring gives the same rows, or says why it gives none."""

import gzip
import io
import json

import polars as pl
import pytest
from seed_files import ROWS, TWO, lines, table, taken

from distill.errors import SpecError
from distill.seeds.formats.file_format import FileFormat
from distill.seeds.load import columns


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("comma.csv", table(), None),
        ("crlf.csv", table(end="\r\n"), None),
        ("cr.csv", table(end="\r"), None),
        ("semicolon.csv", table(";"), "semicolon between cells"),
        ("tab.csv", table("\t"), "tab between cells"),
        ("tab.tsv", table("\t"), None),
        ("bar.csv", table("|"), "bar between cells"),
        ("comma.tsv", table(), None),
        ("mark.csv", "sep=;\r\n" + table(";", "\r\n"), None),
        ("mark_quoted.csv", '"sep=|"\n' + table("|"), None),
        ("single.csv", "'message','label'\n'Grüße, wo bleibt es?','a'\n'Die Lampe – „schön“','b'\n", "quoted by '"),
        ("bom.csv", table().encode("utf-8-sig"), None),
        ("cp1252.csv", table(";").encode("cp1252"), "read as cp1252, semicolon"),
        ("mac.csv", table(";").encode("mac_roman"), "read as mac_roman"),
        ("utf16.csv", table("\t").encode("utf-16"), "read as utf-16, tab"),
        ("utf16le.csv", table("\t").encode("utf-16-le"), "read as utf-16-le"),
        ("utf16be.csv", table().encode("utf-16-be"), "read as utf-16-be"),
        ("utf32.csv", table().encode("utf-32"), "read as utf-32"),
        ("packed.csv.gz", gzip.compress(table().encode(), mtime=0), None),
        ("packed.tsv.gz", gzip.compress(table("\t").encode(), mtime=0), None),
        ("UPPER.CSV", table(), None),
        ("blanks.csv", ' message , label \n"Grüße, wo bleibt es?",a\nDie Lampe – „schön“,b\n', None),
        ("unseen.csv", "\ufeff\u200bmessage\u200b,label\xa0\n" + table().split("\n", 1)[1], None),
        ("behind.csv", table().replace("\n", ",,\n"), None),
        ("behind_header.csv", table().replace("label\n", "label,,\n"), None),
        ("before.csv", "\n" + table().replace("message", ",message").replace('\n"G', '\n0,"G').replace("\nDie", "\n1,Die")
         .replace('\n"Die', '\n1,"Die'), None),
        ("empty_lines.csv", "\n,\n" + table().replace("\n", "\n\n,\n"), None),
        ("spaces.csv", table().replace(",a", ", a").replace("message,label", "message, label"), None),
        ("one.csv", "message\n" + "\n".join(TWO) + "\n", None),
        ("one_quoted.csv", 'message\n"' + TWO[0] + '"\n' + TWO[1] + "\n", None),
        ("lines.jsonl", lines(*ROWS), None),
        ("lines.ndjson", lines(*ROWS), None),
        ("lines.json", lines(*ROWS), None),
        ("lines_bom.jsonl", lines(*ROWS).encode("utf-8-sig"), None),
        ("lines_utf16.jsonl", lines(*ROWS).encode("utf-16"), "read as utf-16"),
        ("lines_utf16le.jsonl", lines(*ROWS).encode("utf-16-le"), "read as utf-16-le"),
        ("lines.jsonl.gz", gzip.compress(lines(*ROWS).encode(), mtime=0), None),
        ("lines_crlf.jsonl", lines(*ROWS).replace("\n", "\r\n"), None),
        ("array.json", json.dumps(ROWS), None),
        ("array_pretty.json", json.dumps(ROWS, indent=2, ensure_ascii=False), None),
        ("array.json.gz", gzip.compress(json.dumps(ROWS).encode(), mtime=0), None),
        ("array.jsonl", json.dumps(ROWS), "read as one JSON document"),
        ("array_of_lines.jsonl", "[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]\n", "read as one JSON document"),
        ("array_pretty.jsonl", json.dumps(ROWS, indent=1), "read as one JSON document"),
        ("pretty.jsonl", "\n".join(json.dumps(row, indent=2) for row in ROWS), "read as one JSON document"),
        ("array_bom.json", json.dumps(ROWS).encode("utf-8-sig"), None),
        ("array_utf16.json", json.dumps(ROWS, ensure_ascii=False).encode("utf-16"), "read as utf-16"),
        ("array_comma.json", json.dumps(ROWS)[:-1] + ",]", None),
        ("data.json", json.dumps({"data": ROWS}), None),
        ("rows.json", json.dumps({"version": 1, "rows": ROWS}, indent=2), None),
        ("train.json", json.dumps({"features": [{"name": "message"}], "train": ROWS}), None),
        ("any.json", json.dumps({"my rows": ROWS, "count": 2}), None),
        ("viewer.json", json.dumps({"rows": [{"row_idx": n, "row": row} for n, row in enumerate(ROWS)]}), None),
        ("columns.json", json.dumps({key: [row[key] for row in ROWS] for key in ROWS[0]}), None),
        ("pandas.json", json.dumps({key: {str(n): row[key] for n, row in enumerate(ROWS)} for key in ROWS[0]}), None),
        ("title.csv", "Report of May;;\n;;\n" + table(";"), "line 3 is taken for the header"),
        ("title_alone.csv", "Report of May\n" + table(), "line 2 is taken for the header"),
        ("comment.csv", "# made by a program\n# in May, late\n\n" + table(), "line 4 is taken for the header"),
        ("behind_each_other.csv", table() + table().split("\n")[0] + "\n", None),
        ("rule.csv", table().replace("label\n", "label\n---,:--\n"), None),
        ("index.json", json.dumps({str(n): row for n, row in enumerate(ROWS)}), None),
        ("arrays.json", "\n".join(json.dumps([row], indent=1) for row in ROWS), None),
        ("split.json", json.dumps({"columns": ["message", "label"], "data": [list(row.values()) for row in ROWS]}), None),
    ],
)  # fmt: skip
def test_the_same_rows_come_out_of_every_format(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    form = FileFormat(names=("message",))
    assert set(columns([path], form=form)) == ({"message"} if name.startswith("one") else {"message", "label"})
    messages, dropped, notes = taken(path, form=form)
    assert (messages, dropped) == (TWO, [])
    assert said in notes[0] if said else notes == []


PARQUET = pl.DataFrame({"message": TWO, "label": ["a", "b"]})


@pytest.mark.parametrize("name", ["rows.parquet", "rows.parquet.gz"])
def test_a_parquet_file_may_be_packed(tmp_path, name):
    file = io.BytesIO()
    PARQUET.write_parquet(file)
    (tmp_path / name).write_bytes(gzip.compress(file.getvalue(), mtime=0) if name.endswith(".gz") else file.getvalue())
    assert taken(tmp_path / name) == (TWO, [], [])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"message,label\n", "holds no rows"),
        ("a.csv", b"\n\n \n", "holds no rows"),
        ("a.json", b"", "is empty"),
        ("a.json", b"[]", "holds no rows"),
        ("a.json", b'{"train": [{"message": "a"}], "test": [{"message": "b"}]}', "holds 2 lists of rows (train, test)"),
        ("a.csv", b"PK\x03\x04 sheet", "a workbook or a zip archive; save the sheet as CSV UTF-8"),
        ("a.csv", gzip.compress(b"message\na\n", mtime=0), "packed with gzip; let its name end in .gz"),
        ("a.csv.gz", b"message\na\n", "not packed with gzip; take .gz off its name"),
        ("a.jsonl.gz", gzip.compress(b'{"message": "a"}\n' * 9, mtime=0)[:20], "is cut off after its row 1"),
        ("a.jsonl", b"<!DOCTYPE html><html>", "a web page"),
        ("a.parquet", b"version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS"),
        ("a.parquet", b"ARROW1\0\0", "an Arrow file"),
        ("a.csv", b'[{"message": "a"}]', "JSON; let its name end in .jsonl"),
        ("a.txt", b"message\n", "a table's name ends in .csv"),
        ("a.xlsx", b"PK", "save the sheet as CSV UTF-8 and name that file"),
        ("a.zip", b"PK", "unpack it and name the file that is in it"),
        ("a.csv.zst", b"", "unpack it"),
        ("a.parquet", b"PAR1 cut", "cannot be read"),
        ("a.csv", b"message,message,label\na,b,x\n", "the header names 'message' twice (columns 1 and 2); rename one"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SpecError) as error:
        taken(tmp_path / name, strict=True)
    assert said in str(error.value.faults[0])


@pytest.mark.parametrize("scheme", ["https", "s3", "hf"])
def test_an_address_is_refused_with_the_next_move(tmp_path, scheme):
    with pytest.raises(SpecError, match="a web address, and nothing is fetched; download the file"):
        taken(tmp_path / f"{scheme}://example.com/x.csv")


def test_a_pattern_reads_the_files_that_are_like_it(tmp_path):
    for name in ("a1.csv", "a2.jsonl", "b.csv", "a3.txt"):
        (tmp_path / name).write_text(lines({"message": name}) if name.endswith("jsonl") else f"message\n{name}\n")
    assert taken(tmp_path / "a*")[0] == ["a1.csv", "a2.jsonl"]
    with pytest.raises(SpecError, match="is like this pattern"):
        taken(tmp_path / "z*.csv")


def test_one_bad_file_of_a_folder_is_told_by_its_name_and_costs_only_itself(tmp_path):
    (tmp_path / "a.jsonl").write_text(lines({"message": "a"}))
    (tmp_path / "b.parquet").write_bytes(b"PAR1 nothing")
    (tmp_path / "c.csv").write_text("message\nc\n")
    with pytest.raises(SpecError, match=r"b\.parquet: cannot be read"):
        taken(tmp_path, strict=True)
    messages, dropped, _ = taken(tmp_path)
    assert messages == ["a", "c"]
    assert dropped[0].startswith("b.parquet: cannot be read")
