"""How a table of text is written, as the spec says it or as it is found out."""

import pytest
from seed_files import taken

from distill.seeds.formats.file_format import FileFormat
from distill.seeds.load import columns


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
