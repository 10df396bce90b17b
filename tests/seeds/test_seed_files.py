"""Every file that people bring: what comes out of it, row by row, and what a person is told of it."""

import gzip
import io
import json

import polars as pl
import pytest

from distill.errors import SpecError
from distill.seeds.formats.file_format import FileFormat
from distill.seeds.load import columns, read
from distill.seeds.rows_to_seeds import SeedColumns

TWO = ["Grüße, wo bleibt es?", "Die Lampe – „schön“"]
ROWS = [{"message": TWO[0], "label": "a"}, {"message": TWO[1], "label": "b"}]


def table(delimiter=",", end="\n", quote='"'):
    cells = [["message", "label"], *([row["message"], row["label"]] for row in ROWS)]
    return (
        end.join(delimiter.join(quote + c + quote if "," in c or "“" in c else c for c in row) for row in cells) + end
    )


def lines(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def taken(path, **how):
    """(messages, dropped rows as `line: detail`, notes)."""
    notes = []
    given = {"strict": False, "notes": notes} | how
    columns = SeedColumns(variables=given.pop("variables", ["message"]))
    seeds, dropped = read([path], columns, **given)
    said = [f"{row.split(':')[-1]}: {detail}" for row, detail in dropped.select("row", "detail").iter_rows()]
    return [seed.fields["message"] for seed in seeds], said, notes


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
    ("name", "content", "messages", "dropped"),
    [
        ("open.csv", 'message,label\na,x\n"b,x\nc,x\nd,x\n', ["a", "c", "d"], ["3: a quote opens here"]),
        ("open_then_quoted.csv", 'message,label\n"b,x\nc,x\n"d, e",x\nf,x\n', ["c", "d, e", "f"], ["2: a quote opens"]),
        ("open_last.csv", 'message,label\na,x\nb,"x\n', ["a"], ["3: a quote opens"]),
        ("stray.csv", 'message,label\na "b" c,x\nd,x\n', ['a "b" c', "d"], []),
        ("stray_inside.csv", 'message,label\n"a "b" c",x\nd,x\n', ["d"], ["2: a quote opens"]),
        ("swallows.csv", 'message,label\na,"x\nb 5",x\nc,x\nd,x\n', ["b 5\"", "c", "d"], ["2: a quote opens"]),
        ("escaped.csv", 'message,label\n"say \\"hi, you\\"",x\n"b",x\n', ['say "hi, you"', "b"], []),
        ("long.csv", f"message,note\na,x\nb,{'x' * 200_000}\nc,x\n", ["a", "b", "c"], []),
        ("long_used.csv", f"message,note\n{'y' * 140_000},x\nc,x\n", ["y" * 140_000, "c"], []),
        ("more.csv", "message,label\na,x\nb,x,y\nc,x\n", ["a", "c"], ["3: 3 cells, expected the 2 of the header"]),
        ("fewer.csv", "message,label\na,x\nb\nc,x\n", ["a", "c"], ["3: 1 cells, expected the 2 of the header"]),
        ("nul.csv", "message,label\na\0b,x\nb,x\nc,\0\n", ["b", "c"], ["2: a NUL character is no text"]),
        ("blank.csv", "message,label\n  ,x\nb,x\n", ["b"], ["2: the variable 'message' is empty"]),
        ("bytes.csv", b"message,label\n\xc3\xa4,x\n\xff,x\nb,x\nc,\xff\n", ["ä", "b", "c"], ["3: not UTF-8"]),
        ("many_lines.csv", 'message,label\n"a\nb; c\r\nd",x\ne,x\n', ["a\nb; c\r\nd", "e"], []),
        ("twice.csv", "message,note,note\na,x,y\nb,x,y\n", ["a", "b"], []),
        ("commas.csv", "message\nhello, how are you\nfine, thanks\n", ["hello, how are you", "fine, thanks"], []),
        ("no_quotes.tsv", 'message\tlabel\n"Hello" she said\tx\nthe 5" one\ty\n', ['"Hello" she said', 'the 5" one'], []),
        ("decimals.csv", "message;price\na;1,5\nb;2,5\n", ["a", "b"], []),
        ("nan.jsonl", '{"message": "a", "n": NaN}\n{"message": NaN}\n{"message": "b", "n": -Infinity}\n', ["a", "b"],
         ["2: NaN is not JSON"]),
        ("big.jsonl", '{"message": "a", "n": 1e999}\n{"message": "b", "n": ' + "9" * 400 + "}\n", ["a"], ["2: a whole number"]),
        ("twice.jsonl", '{"message": "a", "message": "b"}\n{"message": "c"}\n', ["c"], ["1: the key 'message' appears twice"]),
        ("comma.jsonl", '{"message": "a"},\n{"message": "b"}\n', ["b"], ["1: bad JSON at character 17: Extra data; a comma"]),
        ("several.jsonl", '{"message": "a"}{"message": "b"}\n{"message": "c"}\n', ["c"], ["1: bad JSON at character 17: Extra"]),
        ("cut.jsonl", '{"message": "a"}\n{"message": "b', ["a"], ["2: bad JSON"]),
        ("code_page.jsonl", b'{"message": "a"}\n{"message": "\xe4"}\n', ["a"], ["2: not UTF-8: byte 0xe4 at 14"]),
        ("nul.jsonl", '{"message": "a\\u0000"}\n{"message": "b"}\n', ["b"], ["1: a NUL character"]),
        ("list.jsonl", '{"message": "a"}\n[1]\n"x"\n', ["a"], ["2: a JSON list", "3: a JSON str"]),
        ("fault.json", '[{"message": "a"}, {"message" "b"}, {"message": "c"}]', ["a", "c"], ["2: bad JSON"]),
        ("fault_in_data.json", '{"data": [{"message": "a"}, {"message": }, {"message": "c"}]}', ["a", "c"], ["2: bad JSON"]),
        ("brackets.json", '[{"message": "a]}"}, {"message": "{" "b"}, {"message": "c"}]', ["a]}", "c"], ["2: bad JSON"]),
        ("open.json", '[\n {"message": "a"},\n {"message": "b},\n {"message": "c"},\n {"message": "d"}\n]', ["a", "c", "d"], ["2: bad JSON"]),
        ("open_on_a_line.json", '[{"message": "a"}, {"message": "b}, {"message": "c"}, {"message": "d"}]', ["a", "c", "d"], ["2: bad JSON"]),
        ("no_end.json", '[{"message": "a"}, {"message": "b", {"message": "c"}]', ["a", "c"], ["2: bad JSON"]),
        ("behind.json", '[\n{"message": "a"}\n]\nbye', ["a"], ["2: something stands behind the end"]),
        ("nul_short.csv", "message,x\na\0b,z\nc,\0\n", ["c"], ["2: a NUL character is no text"]),
        ("cut.json", '[{"message": "a"}, {"message": "b', ["a"], ["2: bad JSON"]),
        ("numbers.json", '[1, {"message": "a"}]', ["a"], ["1: a JSON int"]),
        ("nan.json", '[{"message": "a", "n": NaN}, {"message": "b", "n": Infinity}]', ["a", "b"], []),
    ],
)  # fmt: skip
def test_a_fault_of_one_row_costs_that_row(tmp_path, name, content, messages, dropped):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found, said, _ = taken(path)
    assert found == messages
    assert len(said) == len(dropped)
    assert all(one.startswith(start) for one, start in zip(said, dropped, strict=True)), said


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


def test_a_header_that_names_a_column_twice_is_told_once(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("message,message\n" + "a,b\n" * 60)
    with pytest.raises(SpecError) as error:
        taken(path, strict=True)
    assert [fault.where for fault in error.value.faults] == [f"{path}:2"]
    assert "and 59 more rows like it: 3, 4," in str(error.value.faults[0])


@pytest.mark.parametrize(
    ("form", "content", "messages"),
    [
        (FileFormat(delimiter=";"), "message,x;label\na,b;c\n", None),
        (FileFormat(delimiter="~"), "message~label\na,b~c\n", ["a,b"]),
        (FileFormat(quote=""), 'message,label\n"a,b\n', ['"a']),
        (FileFormat(quote="'"), "message,label\n'a, b',c\n", ["a, b"]),
        (FileFormat(encoding="cp1251"), "message,label\nлампа,b\n".encode("cp1251"), ["лампа"]),
        (FileFormat(encoding="utf-16-le"), "message,label\na,b\n".encode("utf-16-le"), ["a"]),
        (FileFormat(encoding="utf-16"), "message,label\na,b\n".encode("utf-16"), ["a"]),
        (FileFormat(encoding="utf-8"), "message,label\nä,b\n".encode("utf-8-sig"), ["ä"]),
    ],
)
def test_what_the_spec_says_of_a_file_holds(tmp_path, form, content, messages):
    path = tmp_path / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if messages is None:
        assert columns([path], form=form) == ["message,x", "label"]
    else:
        assert taken(path, form=form)[0] == messages


def test_an_open_quote_in_every_row_is_read_in_one_go(tmp_path):
    """Starting again at the next line may not read the rest of the file once a row."""
    path = tmp_path / "a.csv"
    path.write_text("message,label\n" + '"a,x\n' * 50_000 + "b,x\n")
    messages, dropped, _ = taken(path)
    assert messages == ["b"]
    assert len(dropped) == 50_000


@pytest.mark.parametrize(
    ("name", "content", "messages", "dropped"),
    [
        ("cut.jsonl.gz", gzip.compress(lines(*[{"message": f"{n:09}"} for n in range(3)]).encode(), mtime=0)[:-9], 3, "is cut off after its row 3"),
        ("cut.csv.gz", gzip.compress(b"message,label\n" + b"".join(b"%d,x\n" % (n * 7919) for n in range(99_999)), mtime=0)[:90_000], 9, "is cut off after its row"),
        ("marks.jsonl", '{"message": "a"}\n\ufeff{"message": "b"}\n', 2, ""),
        ("cut16.jsonl", '{"message": "a"}\n{"message": "b"}\n'.encode("utf-16")[:-5], 1, "2: bad JSON"),
        ("cut16.csv", "message,label\na,b\nb,x\n".encode("utf-16")[:-1], 2, ""),
    ],
)  # fmt: skip
def test_of_a_file_that_is_cut_off_what_is_there_is_read(tmp_path, name, content, messages, dropped):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    found, said, _ = taken(tmp_path / name)
    assert len(found) == messages or len(found) > messages == 9
    assert dropped in said[-1] if dropped else not said


def test_a_chat_may_be_a_bare_list_of_turns(tmp_path):
    (tmp_path / "log.jsonl").write_text(
        lines([{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "Here."}])
    )
    seeds, _ = read(
        [tmp_path / "log.jsonl"],
        SeedColumns(variables=["messages"], chats={"messages": True}, logged=True, gold="reply"),
    )
    assert [seed.gold for seed in seeds] == [{"answer": "Here."}]
