import pytest

from distill.errors import UsageError
from distill.executors.ray_cluster.storage import ShardLostError, Storage

pytest.importorskip("fsspec", reason="it comes with the extra `ray`")


def test_an_object_is_read_as_it_was_written_whole_or_by_its_pieces(tmp_path):
    storage = Storage(str(tmp_path / "shards"))
    spans = storage.write("001/split", b"one", b"", b"three")
    assert [storage.read("001/split", span) for span in spans] == [b"one", b"", b"three"]
    storage.write("001/part", b"whole")
    assert storage.read("001/part") == b"whole"


def test_what_is_gone_torn_or_changed_is_lost(tmp_path):
    storage = Storage(str(tmp_path))
    storage.write("part", b"as it was written")
    path = tmp_path / "part"
    for body in (path.read_bytes()[:-1], path.read_bytes().replace(b"was", b"is!"), b""):
        path.write_bytes(body)
        with pytest.raises(ShardLostError, match="part"):
            storage.read("part")
    storage.remove(["part", "part"])
    with pytest.raises(ShardLostError):
        storage.read("part")


def test_a_folder_or_all_is_taken_away(tmp_path):
    storage = Storage(str(tmp_path / "mine"))
    storage.write("001/part", b"")
    storage.write("002/part", b"")
    storage.remove_under("001")
    assert not (tmp_path / "mine" / "001").exists()
    storage.clear()
    assert not (tmp_path / "mine").exists()


def test_a_storage_that_refuses_writing_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match=r"storage .*file refuses: .*; give a folder or an address"):
        Storage(str(tmp_path / "file")).write("001/part", b"")


def test_an_unknown_kind_of_storage_is_one_line():
    with pytest.raises(UsageError, match=r"storage no-such://bucket: .*; give a folder or an address"):
        Storage("no-such://bucket").write("001/part", b"")


def test_other_storages_of_fsspec_work_as_well():
    storage = Storage("memory://bucket/run")
    storage.write("001/part", b"there")
    assert storage.read("001/part") == b"there"
    storage.clear()
    with pytest.raises(ShardLostError):
        storage.read("001/part")
