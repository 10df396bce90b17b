"""Files as the official client reads them, and what an upload may say about one."""

from __future__ import annotations

import pytest
from openai.types import FileObject, Upload
from openai.types.uploads import UploadPart

from distill.protocol.error import ApiError
from distill.protocol.file import checked_purpose, deleted, file_object, lasts_s, part_object, upload_object


def test_the_client_takes_them() -> None:
    file = file_object(identity="file-1", filename="a", purpose="fine-tune", size=3, created_at=1.5, expires_at=9.7)
    assert FileObject.model_validate(file, strict=True).expires_at == 9
    made = upload_object(
        identity="upload_1",
        filename="a",
        purpose="batch",
        size=3,
        created_at=1,
        expires_at=2,
        status="completed",
        file=file,
    )
    assert Upload.model_validate(made, strict=True).file is not None
    assert (
        UploadPart.model_validate(part_object(identity="part_1", upload_id="upload_1", created_at=1), strict=True).id
        == "part_1"
    )
    assert deleted("file-1") == {"id": "file-1", "object": "file", "deleted": True}


@pytest.mark.parametrize("given", [None, "", "fine_tune", "fine-tune-results", 3, ["fine-tune"], {"a": 1}])
def test_purposes_that_are_none(given: object) -> None:
    with pytest.raises(ApiError, match="fine-tune"):
        checked_purpose(given)


def test_how_long_a_file_lasts() -> None:
    assert lasts_s(None) is None
    assert lasts_s("3600") == lasts_s({"anchor": "created_at", "seconds": 3600}) == 3600
    for given in (
        "3599",
        "2592001",
        "",
        "²",
        "9" * 400,
        True,
        {},
        {"anchor": "last_active_at", "seconds": 3600},
        [],
        3600.5,
    ):
        with pytest.raises(ApiError):
            lasts_s(given)
