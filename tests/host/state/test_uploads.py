"""Uploads in parts: a file in the order that is said, or none; its parts are gone once it has ended."""

from __future__ import annotations

import hashlib
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.host.home import Home
from distill.host.run import SCHEMAS
from distill.host.state import files, uploads
from distill.host.state.database import Database
from distill.host.state.uploads import BadParts

Place = tuple[Database, Home]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    home = Home(tmp_path_factory.mktemp("uploads"))
    return Database(home.database, SCHEMAS), home


def opened(place: Place, size: int) -> uploads.Upload:
    return uploads.create(place[0], filename="a.jsonl", purpose="batch", size=size, lasts_s=None)


def lies_there(place: Place) -> int:
    return len(list(place[1].files.iterdir()))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=50), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_parts_in_any_order(place: Place, pieces: list[bytes], luck: object) -> None:
    whole = b"".join(pieces)
    upload = opened(place, len(whole))
    order = list(range(len(pieces)))
    luck.shuffle(order)  # type: ignore[attr-defined]  # the module that it imports, and a list as it is drawn
    parts = {n: uploads.add_part(*place, upload, pieces[n]) for n in order}
    ids = [part.id for n in range(len(pieces)) if (part := parts[n])]
    before = lies_there(place)
    file = uploads.complete(*place, upload, ids, hashlib.md5(whole, usedforsecurity=False).hexdigest())
    assert file
    assert files.path(place[1], file.id).read_bytes() == whole
    assert lies_there(place) == before + 1 - len(pieces)
    done = uploads.get(place[0], upload.id)
    assert done
    assert (done.status, done.file_id) == ("completed", file.id)
    assert uploads.complete(*place, upload, [], None) is None if not whole else True


def test_parts_that_do_not_fit(place: Place) -> None:
    upload = opened(place, 4)
    part = uploads.add_part(*place, upload, b"abcd")
    assert part
    before = lies_there(place)
    for ids, md5, told in (
        ([], None, "have 0 bytes"), ([part.id] * 2, None, "twice"), (["part_x"], None, "No such part"), ([part.id], "0" * 32, "md5"),
    ):  # fmt: skip
        with pytest.raises(BadParts, match=told):
            uploads.complete(*place, upload, ids, md5)
    assert lies_there(place) == before
    assert uploads.complete(*place, upload, [part.id])


def test_an_upload_that_has_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    upload, other = opened(place, 4), opened(place, 4)
    before = lies_there(place)
    part = uploads.add_part(*place, upload, b"abcd")
    assert uploads.add_part(*place, other, b"abcd")
    assert part
    assert uploads.cancel(*place, upload.id)
    assert not uploads.cancel(*place, upload.id)
    assert uploads.add_part(*place, upload, b"abcd") is None
    later = time.time() + 3601
    monkeypatch.setattr(uploads.time, "time", lambda: later)  # type: ignore[attr-defined]  # the module that it imports, and a list as it is drawn
    uploads.expire(*place)
    ended = uploads.get(place[0], other.id)
    assert ended
    assert ended.status == "expired"
    assert lies_there(place) == before


def test_parts_that_go_while_they_are_joined(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody cancels it meanwhile."""
    upload = opened(place, 4)
    part = uploads.add_part(*place, upload, b"abcd")
    assert part
    before = lies_there(place)
    check = uploads._check
    monkeypatch.setattr(uploads, "_check", lambda *given: (check(*given), uploads.cancel(*place, upload.id)))
    assert uploads.complete(*place, upload, [part.id]) is None
    assert lies_there(place) == before - 1
