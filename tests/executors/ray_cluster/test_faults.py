import re
from types import SimpleNamespace

import pytest

from distill.errors import DistillError, Fault, SpecError, UsageError
from distill.executors.ray_cluster import faults
from distill.executors.ray_cluster.task import FailedTask

HERE = ("distill 0.1.0", "Python 3.11", "polars 2.1.0")


def test_a_node_of_other_versions_is_named_with_both_and_what_to_do():
    error = faults.of_task(FailedTask("versions", "Python 3.12, polars 2.0.0", node="10.0.0.2"), HERE, "gates")
    assert isinstance(error, UsageError)
    assert re.fullmatch(
        r"node 10\.0\.0\.2 has Python 3\.12, polars 2\.0\.0, and this machine Python 3\.11, polars 2\.1\.0: .*pip install 'distill-engine\[ray\]==.*'",
        str(error),
    )


def test_faults_of_a_spec_stay_faults():
    error = faults.of_task(FailedTask("spec", "gates", (Fault("gates[0]", "unknown"),)), HERE, "gates")
    assert isinstance(error, SpecError)
    assert error.faults == (Fault("gates[0]", "unknown"),)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "Version mismatch: The cluster was started with:\n    Ray: 2.61.0\n    Python: 3.12.1\nThis process on node 10.0.0.3 was "
            "started with:\n    Ray: 2.60.0\n    Python: 3.11.2\n",
            r"the cluster at H runs Ray 2\.61\.0 on Python 3\.12\.1, this machine Ray 2\.60\.0 on Python 3\.11\.2: both must be the same; .*",
        ),
        ("Ray Client connection timed out.", r"no Ray cluster answers at H \(Ray Client connection timed out\.\); .*"),
        ("Invalid authentication token", r"the cluster at H wants another token: .*; set RAY_AUTH_TOKEN .*"),
    ],
)
def test_why_no_cluster_is_reached(said, expected):
    assert re.fullmatch(expected, str(faults.of_connection(RuntimeError(said), "H")))


def test_a_part_that_is_lost_says_where_and_that_nothing_of_the_run_is():
    error = faults.lost(FailedTask("lost", "001/part-00002", node="10.0.0.2"), "s3://b", "gates")
    assert (type(error), error.exit_code) == (DistillError, 1)
    assert "node 10.0.0.2 finds no 001/part-00002 in s3://b" in str(error)
    assert str(error).endswith(faults.NOTHING_LOST)


def test_memory_has_a_move_of_its_own():
    assert "give a worker more memory" in str(
        faults.too_often("gates", "a worker was killed, for its node was out of memory", 4)
    )
    assert "`ray status`" in str(faults.too_often("gates", "a worker or its node was lost", 4))


def test_a_wait_says_what_there_is():
    none = SimpleNamespace(cluster_resources=dict, available_resources=dict)
    some = SimpleNamespace(cluster_resources=lambda: {"CPU": 4.0}, available_resources=lambda: {"CPU": 1.0})
    assert faults.resources(none) == "the cluster has no node with a core; it waits for one"
    assert faults.resources(some) == "1 of 4 cores are free"
