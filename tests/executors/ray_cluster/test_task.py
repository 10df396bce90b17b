import pickle

import pytest

from distill.errors import Fault, SpecError, UsageError
from distill.executors.ray_cluster import task
from distill.executors.ray_cluster.storage import ShardLostError, Storage
from distill.executors.ray_cluster.task import Done, FailedTask, ShardJob, perform, stamp

pytest.importorskip("fsspec", reason="it comes with the extra `ray`")


@pytest.fixture
def storage(tmp_path, monkeypatch):
    monkeypatch.setattr(task, "_node", lambda: "10.0.0.2")
    found = Storage(str(tmp_path / "shards"))
    found.write("001/shared", pickle.dumps(3))
    found.write("001/part", pickle.dumps([1, 2]))
    return found


def job(storage, work, **how):
    given = {"inputs": [("001/part", None)], "stamp": stamp()} | how
    return ShardJob(work, storage, shared="001/shared", result="001/result", **given)


def value(storage, name):
    return pickle.loads(storage.read(name))  # noqa: S301 - written a moment ago


def tripled(part, by):
    return [number * by for number in part]


def refused(_part, _shared):
    raise SpecError("gates", [Fault("gates[0]", "unknown"), Fault("gates[1]", "unknown too")])


def stopped(_part, _shared):
    raise UsageError("no such thing")


def test_a_part_becomes_a_result(storage):
    done = perform(job(storage, tripled))
    assert isinstance(done, Done)
    assert value(storage, "001/result") == [3, 6]
    assert done.peak_mib > 1


def test_a_split_is_joined_piece_by_piece(storage):
    done = perform(job(storage, tripled, splits=True))
    pieces = [("001/result", span) for span in done.spans]
    perform(ShardJob(tripled, storage, pieces[::-1], "001/shared", "001/joined", stamp(), joins=True))
    assert value(storage, "001/joined") == [18, 9]


def test_errors_come_back_whole(storage):
    assert perform(job(storage, refused)) == FailedTask(
        "spec", "gates", (Fault("gates[0]", "unknown"), Fault("gates[1]", "unknown too"))
    )
    assert perform(job(storage, stopped)) == FailedTask("UsageError", "no such thing", node="10.0.0.2")
    assert perform(job(storage, tripled, inputs=[("001/gone", None)])) == FailedTask(
        "lost", "001/gone", node="10.0.0.2"
    )


def test_a_node_of_other_versions_does_nothing(storage):
    other = tuple("polars 0.1" if text.startswith("polars") else text for text in stamp())
    failed = perform(job(storage, tripled, stamp=other))
    assert failed.kind == "versions"
    assert failed.said.startswith("polars ")
    with pytest.raises(ShardLostError):
        storage.read("001/result")
