"""The real Ray: two nodes of one core on this machine, one of which dies."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from distill.errors import DistillError, Fault, SpecError, UsageError
from distill.executors import executor as executors
from distill.executors.ray_cluster import connect
from distill.executors.ray_cluster.storage import Storage
from distill.pipeline.open_task import open_task
from distill.pipeline.run import start
from distill.teacher.progress import Silent

ray = pytest.importorskip("ray", reason="it comes with the extra `ray`")
Cluster = pytest.importorskip("ray.cluster_utils").Cluster

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def cluster():
    """A head and a second node, which a test may take away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_raylet_start_wait_time_s", "180")  # a busy machine
        root = str(Path(__file__).parents[3])
        patch.setenv("PYTHONPATH", os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])]))
        node = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
        found = Cluster(initialize_head=True, head_node_args=node)
        found.second = found.add_node(num_cpus=1, object_store_memory=80 * 2**20)
        yield found
        found.shutdown()


@pytest.fixture(scope="module")
def executor(cluster, tmp_path_factory):
    place = tmp_path_factory.mktemp("shards")
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the nodes cannot import a test
    with connect.on(f"ray:{cluster.address}", storage=str(place), home=place, env={}) as executor:
        yield executor


@pytest.fixture
def lines(executor):
    """What the executor says in this test."""
    executor.say = (found := []).append
    return found


def squared(part, add):
    return [number * number + add for number in part]


def thrown(part, buckets):
    return [[number for number in part if number % buckets == bucket] for bucket in range(buckets)]


def total(pieces, _buckets):
    return sum(number for piece in pieces for number in piece)


def refused(_part, _shared):
    raise SpecError("gates", [Fault("gates[0]", "unknown gate"), Fault("gates[1]", "unknown gate")])


def broken(part, _shared):
    return part[5]


def slow(part, marker):
    """Writes down which process works on it, and waits to be killed the first time."""
    path = Path(marker) / str(part)
    first = not path.exists()
    path.write_text(str(os.getpid()))
    if first and part == 1:
        time.sleep(60)
    return part


def test_results_come_in_order_and_nothing_is_left(executor, lines):
    assert list(executor.map("squares", squared, ([n, n + 1] for n in range(5)), 1)) == [
        [n * n + 1, (n + 1) ** 2 + 1] for n in range(5)
    ]
    assert lines == ["  squares: 5 parts on 2 cores"]
    assert [path for path in Path(executor.storage.url).rglob("*") if path.is_file() and path.name != "begun"] == []


def test_a_shuffle_takes_pieces_to_where_they_meet(executor):
    parts = [list(range(n, n + 10)) for n in (0, 10, 20)]
    expected = [sum(n for n in range(30) if n % 4 == bucket) for bucket in range(4)]
    assert list(executor.shuffle("sums", thrown, parts, total, 4)) == expected


def test_errors_of_a_step_come_back_as_they_are(executor):
    with pytest.raises(SpecError, match=r"gates\[0\]: unknown gate") as caught:
        list(executor.map("gates", refused, [1], None))
    assert len(caught.value.faults) == 2
    with pytest.raises(IndexError):
        list(executor.map("broken", broken, [[1]], None))


def test_a_worker_that_is_killed_costs_one_part_once_more(executor, lines, tmp_path):
    results = executor.map("slow", slow, [0, 1, 2], str(tmp_path))
    assert next(results) == 0
    deadline = time.monotonic() + 30
    while not (tmp_path / "1").exists() or not (tmp_path / "1").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(int((tmp_path / "1").read_text()), signal.SIGKILL)
    assert list(results) == [1, 2]
    assert "  slow: a worker or its node was lost; the part is done again" in lines
    assert executor.spent.again == 1


def test_a_split_that_is_gone_is_made_again(executor, lines):
    """Its pieces are needed once more; the part itself is still there."""
    pieces = executor.shuffle("sums", gone_once, [[1, 2, 3], [4]], total, executor.storage.url)
    assert list(pieces) == [10]
    assert any("is gone; the part is done again" in line for line in lines)


def gone_once(part, url):
    """One partition; the first time somebody takes the split of the other part away."""
    for path in Path(url).rglob("split-*"):
        if not (Path(url) / "taken").exists() and part == [4]:
            (Path(url) / "taken").touch()
            path.unlink()
    return [part]


def test_a_part_that_is_gone_is_one_line(executor, monkeypatch):
    monkeypatch.setattr(Storage, "write", without_parts(Storage.write))
    with pytest.raises(DistillError, match=r"squares: node [\d.]+ finds no .*part-00000 in .*; nothing is lost"):
        list(executor.map("squares", squared, [[1]], 1))


def without_parts(write):
    return lambda storage, name, *pieces: [] if "/part-" in name else write(storage, name, *pieces)


def test_a_run_on_the_cluster_writes_the_bytes_of_one_process(executor, task, monkeypatch):
    """With parts so small that every step has several."""
    monkeypatch.setattr(executor, "rows", 16)
    written = []
    for where in (executor, executors.InProcess()):
        with executors.using(where):
            run = start(open_task(task, env={}), stages=("generate", "curate"), watch=Silent(), new=True)
        folder = task.parent / "runs" / run.name
        written.append({path.name: path.read_bytes() for path in (*folder.glob("*.parquet"), folder / "funnel.json")})
    assert executor.spent.tasks > 20
    assert {"pairs.parquet", "samples.parquet", "dropped.parquet", "funnel.json"} <= written[0].keys()
    assert written[0] == written[1]


def test_a_node_that_dies_takes_nothing_along(cluster, executor):
    """The last test of the file: afterwards there is one node."""
    results = executor.map("squares", squared, [[n] for n in range(8)], 0)
    first = next(results)
    cluster.remove_node(cluster.second, allow_graceful=False)
    assert [first, *results] == [[n * n] for n in range(8)]


def test_nobody_at_the_address_is_one_line_at_once(tmp_path):
    began = time.monotonic()
    for address in ("ray:127.0.0.1:9", "ray://127.0.0.1:9"):
        with (
            pytest.raises(UsageError, match=r"no Ray cluster answers at .*127\.0\.0\.1:9 \(.*\); look at the address"),
            connect.on(address, storage=str(tmp_path), home=tmp_path, env={}),
        ):
            pass
    assert time.monotonic() - began < 30
