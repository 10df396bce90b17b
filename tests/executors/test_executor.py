import asyncio

from distill.executors import executor as executors
from distill.executors.executor import InProcess


def doubled(part, by):
    return [number * by for number in part]


def thrown(part, buckets):
    return [[number for number in part if number % buckets == bucket] for bucket in range(buckets)]


def flat(pieces, _buckets):
    return [number for piece in pieces for number in piece]


def test_results_come_in_the_order_of_the_parts():
    assert list(InProcess().map("step", doubled, [[1, 2], [3]], 10)) == [[10, 20], [30]]


def test_a_shuffle_brings_together_what_belongs_together():
    assert list(InProcess().shuffle("step", thrown, [[1, 2, 3], [4, 5]], flat, 2)) == [[2, 4], [1, 3, 5]]


def test_work_goes_to_this_process_unless_another_executor_is_in_use():
    here, other = executors.current(), InProcess(rows=3)
    with executors.using(other):
        assert executors.current() is other
        assert asyncio.run(asyncio.to_thread(executors.current)) is other
    assert executors.current() is here


def test_parts_are_of_nearly_one_size_and_cover_all():
    assert executors.cuts(10, 4) == [(0, 3), (3, 6), (6, 10)]
    assert executors.cuts(10, None) == [(0, 10)]
    assert executors.cuts(0, 4) == []
