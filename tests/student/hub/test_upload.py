"""A folder's way to the hub, against a server that takes commits as the hub does, by the hub's own client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_host import TOKEN, Hub, serve

from distill.errors import AccessRefused, UsageError
from distill.student.hub.upload import PushError, repository, upload

FILES = ["README.md", "data/train-00000-of-00001.parquet"]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with serve() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "out" / "data").mkdir(parents=True)
    for file in FILES:
        (tmp_path / "out" / file).write_bytes(file.encode())
    (tmp_path / "out" / "notes.txt").write_text("not ours")
    return tmp_path / "out"


def test_a_new_repository_is_private_and_has_the_named_files_alone(hub: Hub, folder: Path) -> None:
    url = upload(folder, "org/name", files=FILES, public=False, message="m", endpoint=hub.url)
    assert url == f"{hub.url}/datasets/org/name"
    assert hub.repos["org/name"] == {"private": True, "files": {file: file.encode() for file in FILES}}


def test_a_second_push_takes_away_splits_that_are_gone(hub: Hub, folder: Path) -> None:
    gone = "data/test-00000-of-00001.parquet"
    hub.repos["org/name"] = {"private": True, "files": {gone: b"old", "LICENSE": b"theirs"}}
    upload(folder, "org/name", files=FILES, public=False, message="m", endpoint=hub.url)
    assert set(hub.repos["org/name"]["files"]) == {*FILES, "LICENSE"}


def test_a_public_repository_is_written_to_only_where_that_was_asked(hub: Hub, folder: Path) -> None:
    hub.repos["org/open"] = {"private": False, "files": {}}
    with pytest.raises(UsageError, match=r"org/open is there and public; say --public"):
        upload(folder, "org/open", files=FILES, public=False, message="m", endpoint=hub.url)
    assert hub.repos["org/open"]["files"] == {}
    upload(folder, "org/open", files=FILES, public=True, message="m", endpoint=hub.url)
    assert set(hub.repos["org/open"]["files"]) == set(FILES)


def test_what_the_hub_refuses_is_said_in_its_words_without_the_token(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AccessRefused, match=r"the hub refuses closed/name: You don't have the rights") as fault:
        upload(folder, "closed/name", files=FILES, public=False, message="m", endpoint=hub.url)
    assert TOKEN not in str(fault.value)
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    with pytest.raises(AccessRefused, match="Invalid username or password"):
        upload(folder, "org/name", files=FILES, public=False, message="m", endpoint=hub.url)


def test_without_a_token_or_a_hub_nothing_is_sent(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PushError, match=r"the hub cannot be reached .*push --to FOLDER"):
        upload(folder, "org/name", files=FILES, public=False, message="m", endpoint="http://127.0.0.1:9")
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setenv("HF_TOKEN_PATH", str(folder / "none"))
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(folder / "none"))
    with pytest.raises(AccessRefused, match=r"set HF_TOKEN, or run `hf auth login`"):
        upload(folder, "org/name", files=FILES, public=False, message="m", endpoint=hub.url)
    assert hub.calls == []


@pytest.mark.parametrize(
    "name", ["name", "a/b/c", "", "org/", "/name", "org/na me", "org/..", "-x/y", "org/x.git", "org/a--b"]
)
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="expected hub:org/name"):
        repository(name)
    assert repository("org-1/my.data_set") == "org-1/my.data_set"
