"""A file's bytes as they go over the line: whole, or cut in one of the ways in which real downloads are."""

from __future__ import annotations

import gzip

from distill.testing.batch.files import File
from distill.testing.faults import HttpReply, http

CUTS = ("cut-download", "cut-silent", "cut-gzip")
"""The faults that spoil a download."""
_PIECE = 256 * 1024
_KIND = "application/octet-stream"


def content(file: File) -> HttpReply:
    """The reply to a download; a cut meets only the first one of a file, unless it is cut for ever."""
    cut, file.cut = file.cut, file.cut if file.cut_for_ever else ""
    half = memoryview(file.data)[: len(file.data) // 2]
    match cut:
        case "cut-download":
            return HttpReply(200, (http(200, b"", kind=_KIND, length=len(file.data)), half), "close")
        case "cut-silent":
            head = f"HTTP/1.1 200 X\r\ncontent-type: {_KIND}\r\nconnection: close\r\n\r\n"
            return HttpReply(200, (head.encode(), half), "close")
        case "cut-gzip":
            packed = gzip.compress(file.data)
            body = packed[: len(packed) // 2]
            return HttpReply(200, (http(200, body, kind=_KIND, headers="content-encoding: gzip\r\n"),))
    view = memoryview(file.data)
    pieces = tuple(view[at : at + _PIECE] for at in range(0, len(view), _PIECE))
    return HttpReply(200, (http(200, b"", kind=_KIND, length=len(view)), *pieces))
