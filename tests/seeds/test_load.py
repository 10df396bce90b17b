import json
from dataclasses import replace

import polars as pl
import pytest

from distill.errors import SpecError
from distill.seeds.load import SEEDS, read, table
from distill.seeds.rows_to_seeds import SeedColumns

ROW = {"message": "Where is my kettle?", "intent": "delivery", "tone": "plain"}
COLUMNS = SeedColumns(variables=["message"], labels=["intent", "tone"])


def lines(path, *rows):
    path.write_bytes(b"\n".join(r if isinstance(r, bytes) else json.dumps(r).encode() for r in rows) + b"\n")
    return path


def said(error):
    return "\n".join(str(fault) for fault in error.value.faults)


def test_a_line_ends_at_a_newline_only(tmp_path):
    """U+2028, U+0085 and \\r inside a message have cut rows in two elsewhere."""
    message = "one\u2028two\u0085three\rfour"
    raw = json.dumps(ROW | {"message": message}, ensure_ascii=False).encode()
    seeds, _ = read([lines(tmp_path / "s.jsonl", b"\xef\xbb\xbf" + raw + b"\r", b"", ROW)], COLUMNS)
    assert [(seed.fields["message"], seed.line) for seed in seeds] == [(message, 1), (ROW["message"], 3)]
    assert list(seeds[0].labels.items()) == [("intent", "delivery"), ("tone", "plain")]


def test_one_broken_line_in_a_thousand_is_named(tmp_path):
    rows = [ROW | {"message": f"row {i}"} for i in range(1000)]
    path = lines(tmp_path / "s.jsonl", *rows[:617], b'{"message": "cut', *rows[618:])
    with pytest.raises(SpecError) as error:
        read([path], COLUMNS)
    assert [fault.where for fault in error.value.faults] == [f"{path}:618"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b'{"message": "a\xff"}', "not UTF-8: byte 0xff at 15"),
        (b"[1, 2]", "a JSON list, expected an object"),
        (b'{"message": "a", "message": "b"}', "the key 'message' appears twice"),
        (b'{"message": NaN, "intent": "a", "tone": "b"}', "NaN is not JSON"),
        ({"mesage": "a", "intent": "a", "tone": "b"}, "no variable 'message'; did you mean 'mesage'?"),
        (ROW | {"message": ""}, "the variable 'message' is empty"),
        (ROW | {"message": None}, "the variable 'message' is empty"),
        (ROW | {"tone": None}, "the label 'tone' is empty"),
        (ROW | {"tone": ["a"]}, "the label 'tone' is a list, expected one plain value"),
        (ROW | {"expected": '{"intent": '}, "the gold 'expected' starts like an object but is none"),
    ],
)
def test_a_row_that_is_no_seed_is_a_fault_with_its_line(tmp_path, row, message):
    path = lines(tmp_path / "s.jsonl", ROW | {"expected": "x"}, row)
    with pytest.raises(SpecError) as error:
        read([path], replace(COLUMNS, gold="expected"))
    assert f"{path}:2: {message}" in said(error)


def test_a_fault_of_many_rows_is_told_once_with_their_number(tmp_path):
    path = lines(tmp_path / "s.jsonl", ROW, *[b"{"] * 50)
    with pytest.raises(SpecError) as error:
        read([path, tmp_path / "none.csv"], COLUMNS)
    assert [fault.where for fault in error.value.faults] == [str(tmp_path / "none.csv"), f"{path}:2"]
    assert "none.csv: no such file" in said(error)
    assert said(error).endswith("and 49 more rows like it: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …")


def test_faults_of_many_kinds_come_at_once_up_to_twenty(tmp_path):
    path = lines(
        tmp_path / "s.jsonl",
        *[ROW | {"message": ""} | {chr(97 + n): n} for n in range(3)],
        *[{"x" * n: ""} for n in range(30)],
    )
    with pytest.raises(SpecError) as error:
        read([path], SeedColumns(variables=[chr(97 + n) * 3 for n in range(26)]))
    assert len(error.value.faults) == 21
    assert said(error).endswith(" rows in all)")


def test_without_strict_the_broken_rows_are_dropped_and_listed(tmp_path):
    seeds, dropped = read([lines(tmp_path / "s.jsonl", b"{", ROW, ROW | {"tone": ""})], COLUMNS, strict=False)
    assert [seed.line for seed in seeds] == [2]
    assert dropped.select("row", "stage", "reason").rows() == [
        ("s.jsonl:1", "seeds", "unreadable"),
        ("s.jsonl:3", "seeds", "unreadable"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.jsonl", b"\n\n", "holds no rows"),
        ("s.csv", b"message,intent,tone\n", "holds no rows"),
        ("s.parquet", b"PAR0", "cannot be read"),
        ("s.txt", b"hello", "ends in '.txt', expected one of .jsonl"),
    ],
)
def test_a_file_without_seeds_is_a_fault(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SpecError) as error:
        read([tmp_path / name], COLUMNS)
    assert message in said(error)


def test_a_gold_column_that_no_row_has_is_a_fault(tmp_path):
    with pytest.raises(SpecError) as error:
        read([lines(tmp_path / "s.jsonl", ROW | {"expected": "x"})], replace(COLUMNS, gold="expcted"))
    assert "no row has the gold column 'expcted'; did you mean 'expected'?" in said(error)


def test_csv_lines_are_right_after_a_cell_of_many_lines(tmp_path):
    path = tmp_path / "s.csv"
    path.write_bytes('message,intent,tone\n"a\nb, ""c""",x,y\nü,x,y\nlast\n'.encode() + b"\xff,x,y\n")
    with pytest.raises(SpecError) as error:
        read([path], COLUMNS)
    assert said(error) == (
        f"{path}:5: 1 cells, expected the 3 of the header\n{path}:6: not UTF-8; save the file as UTF-8"
    )
    seeds, _ = read([path], COLUMNS, strict=False)
    assert [(seed.fields["message"], seed.line) for seed in seeds] == [('a\nb, "c"', 2), ("ü", 4)]


def test_a_folder_of_all_formats_reads_the_same_seed(tmp_path):
    lines(tmp_path / "a.jsonl", ROW)
    pl.DataFrame([ROW]).write_csv(tmp_path / "b.csv")
    pl.DataFrame([ROW]).write_parquet(tmp_path / "c.parquet")
    seeds, _ = read([tmp_path], COLUMNS)
    assert [seed.source for seed in seeds] == ["a.jsonl", "b.csv", "c.parquet"]
    assert len({seed.id for seed in seeds}) == 1


@pytest.mark.parametrize(
    ("value", "gold"),
    [
        ({"a": 1}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ("billing", {"answer": "billing"}),
        ("42", {"answer": "42"}),
        (0, {"answer": 0}),
        (None, None),
        ("", None),
    ],
)
def test_gold_may_be_an_object_a_spelt_object_or_a_plain_value(tmp_path, value, gold):
    seeds, _ = read([lines(tmp_path / "s.jsonl", ROW | {"expected": value})], replace(COLUMNS, gold="expected"))
    assert seeds[0].gold == gold


def test_the_table_has_the_stratum_of_the_columns_asked_and_all_labels(tmp_path):
    row = ROW | {"message": "half \ud83d emoji", "intent": "a/b", "tone": 3}
    seeds, _ = read([lines(tmp_path / "s.jsonl", ROW, row)], COLUMNS)
    frame = table(seeds, by=["intent"])
    assert frame.schema == pl.Schema(SEEDS)
    assert frame["seed_id"].to_list() == sorted(seed.id for seed in seeds)
    mine = frame.row(by_predicate=pl.col("line") == 2, named=True)
    assert (mine["stratum"], mine["input"]) == ("a%2Fb", "half \ufffd emoji")
    assert json.loads(mine["labels"]) == {"intent": "a/b", "tone": "3"}
    assert json.loads(mine["fields"]) == {"message": row["message"]}
    assert set(table(seeds)["stratum"]) == {"all"}


def test_the_group_is_what_a_column_says_and_empty_where_it_says_nothing(tmp_path):
    rows = [
        ROW | {"message": str(n), "ticket": ticket}
        for n, ticket in enumerate([7, "7", " a ", "", None, {"b": 1}, 7.0, "7.0"])
    ]
    seeds, _ = read([lines(tmp_path / "s.jsonl", *rows)], replace(COLUMNS, group="ticket"))
    assert [seed.group for seed in seeds] == ["7", "7", "a", "", "", '{"b":1}', "7", "7"]
    assert set(table(seeds)["group"]) == {"7", "a", None, '{"b":1}'}
    with pytest.raises(SpecError, match="no row has the group column 'tickt'; did you mean 'ticket'"):
        read([tmp_path / "s.jsonl"], replace(COLUMNS, group="tickt"))


@pytest.mark.parametrize(
    ("name", "value", "own"),
    [
        ("id", 1005, "1005"),
        ("id", 1005.0, "1005"),
        ("Ticket ID", "T-7", "T-7"),
        ("uuid", "u", "u"),
        ("site", "x", ""),
        ("id", None, ""),
    ],
)
def test_a_row_keeps_what_its_own_file_calls_it(tmp_path, name, value, own):
    seeds, _ = read([lines(tmp_path / "s.jsonl", ROW | {name: value})], COLUMNS)
    assert [seed.own_id for seed in seeds] == [own]
    assert table(seeds)["own_id"].to_list() == [own or None]


def test_a_row_keeps_the_columns_that_the_task_names(tmp_path):
    rows = [
        ROW | {"message": str(n), "nr": 7 + n, "date": "2026-03-01", "site": ["a"], "bad": float("nan")}
        for n in range(2)
    ]
    path = lines(tmp_path / "s.jsonl", *rows)
    columns = replace(COLUMNS, id="nr", keep=["date", "site", "bad"])
    seeds, _ = read([path], columns)
    assert [(seed.own_id, seed.kept) for seed in seeds] == [
        (str(7 + n), {"date": "2026-03-01", "site": ["a"]}) for n in range(2)
    ]
    assert set(table(seeds)["kept"]) == {'{"date":"2026-03-01","site":["a"]}'}
    with pytest.raises(SpecError) as fault:
        read([path], replace(columns, id="nmr", keep=["dat", "site"]))
    assert [one.message for one in fault.value.faults] == [
        "no row has the id column 'nmr'; did you mean 'nr'?",
        "no row has the kept column 'dat'; did you mean 'date'?",
    ]
