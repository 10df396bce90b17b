"""What is wrong with a row costs that row, and a person is told of it."""

import gzip

import pytest
from seed_files import lines, taken

from distill.errors import SpecError
from distill.seeds.load import read
from distill.seeds.rows_to_seeds import SeedColumns


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


def test_a_header_that_names_a_column_twice_is_told_once(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("message,message\n" + "a,b\n" * 60)
    with pytest.raises(SpecError) as error:
        taken(path, strict=True)
    assert [fault.where for fault in error.value.faults] == [f"{path}:2"]
    assert "and 59 more rows like it: 3, 4," in str(error.value.faults[0])


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
