"""Curation on two Ray nodes of one core each, of which one is killed during the shuffle, against one process.

    python benchmarks/ray_curate.py --rows 100000
    python benchmarks/ray_curate.py --rows 1000000

The rows and the steps are those of `curation.py`: twelve gates, near-duplicates, leaks, balance, split. Each way runs in a process of
its own. Core-seconds are those of the process and of all that it started: Ray's own processes, its workers, the node that is killed.
Prints one JSON object; stops where the two ways differ in a byte of any table.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import curation as made

from distill import memory as heap
from distill.executors import executor as executors

if TYPE_CHECKING:
    import polars as pl

    from distill.tables.outcome import Outcome

SHUFFLE = "near-duplicates"
_TICKS, _PAGE = os.sysconf("SC_CLK_TCK"), 1024


@dataclass(slots=True)
class Tree:
    """The processes that this one started, by their ids: CPU seconds, and the most memory that a worker held, in MiB."""

    cpu_s: dict[int, float] = field(default_factory=dict)
    worker_mib: float = 0.0
    own_s: float = 0.0
    """What looking took of this process."""

    @contextmanager
    def watched(self, every_s: float = 0.5) -> Iterator[None]:
        """Look at them all the time: what a process that ends did after the last look is not counted."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(every_s):
                self.look()
                self.own_s = time.thread_time()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self.look()
            over.set()
            watcher.join()

    def look(self) -> None:
        """Note what each has come to."""
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                text = (entry / "stat").read_text()
            except OSError:  # it ended
                continue
            fields = text.rsplit(")", 1)[1].split()
            pid, parents[int(entry.name)] = int(entry.name), int(fields[1])
            if pid in self.cpu_s or self._ours(pid, parents):
                self.cpu_s[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
                self.worker_mib = max(self.worker_mib, _held_mib(entry) if "ray::" in text else 0.0)

    def _ours(self, pid: int, parents: dict[int, int]) -> bool:
        """Whether it descends from this process; one whose parent died was seen before."""
        while pid > 1:
            pid = parents.get(pid) or _parent(pid)
            if pid == os.getpid() or pid in self.cpu_s:
                return True
        return False


def _held_mib(process: Path) -> float:
    """The most memory that a process held; a zombie has none."""
    try:
        status = (process / "status").read_text()
    except OSError:
        return 0.0
    return int(status.split("VmHWM:")[1].split()[0]) / _PAGE if "VmHWM:" in status else 0.0


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return 0


def curated(samples: pl.DataFrame) -> Iterator[tuple[str, Outcome]]:
    """The outcome of each step of curation, in order."""
    from distill.curate import leaks
    from distill.curate.dedup import duplicates
    from distill.curate.gates import registry
    from distill.curate.leaks import HeldOut
    from distill.curate.selection import assemble
    from distill.curate.selection.balance import Wanted
    from distill.similarity.graph import Graph

    count, tests = samples.height, [HeldOut(f"test{n}", text) for n, text in enumerate(samples["input"].head(2000))]
    graph = Graph.of(samples["input"], threshold=0.85, typos=True)
    gated = registry.run_gates(samples, made.SETTINGS)
    yield "gates", gated
    unique = duplicates.duplicates(gated.kept, near=0.85, compare=["intent", "urgency"], graph=graph)
    yield "dedup", unique
    clean = leaks.leaks(unique.kept, held_out=tests, near=0.85)
    yield "leaks", clean
    wanted = Wanted(quotas={f"intent {n}": count // 40 for n in range(20)}, floors=[({"intent": "intent 3"}, 40)])
    chosen = assemble.select(clean.kept, wanted, valid=0.1, near=0.85, graph=graph)
    yield "valid_leaks", chosen.leaks
    yield "balance", chosen.balance


def hashes(samples: pl.DataFrame, laps: made.Laps) -> dict[str, str]:
    """The hash of each table of each step, as a run writes it."""
    from distill.atomic_write import write_parquet

    found, steps = {}, curated(samples)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("gates", "dedup", "leaks", "valid_leaks", "balance"):
            with laps.lap(name):
                _, outcome = next(steps)
            for table in ("kept", "dropped", "rejected"):
                path = Path(folder) / "table.parquet"
                write_parquet(path, getattr(outcome, table))
                found[f"{name}/{table}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def alone(rows: int) -> dict[str, Any]:
    """One process, as without `--on`."""
    samples, laps = made.samples(rows), made.Laps()
    before, began = time.process_time(), time.monotonic()
    found = hashes(samples, laps)
    return {
        "hashes": found, "core_s": time.process_time() - before, "seconds": time.monotonic() - began,
        "seconds_by_step": laps.seconds, "peak_mib": made.peak_mib(),
    }  # fmt: skip


def on_ray(rows: int, part: int | None) -> dict[str, Any]:
    """Two nodes of one core; the second is killed while the shuffle is under way."""
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "180"}
    from ray.cluster_utils import Cluster

    from distill.executors.ray_cluster import connect

    samples, laps, tree, killed = made.samples(rows), made.Laps(), Tree(), list[str]()
    before, began = time.process_time(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, tree.watched():
        node = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=node)
        second = cluster.add_node(num_cpus=1, object_store_memory=100 * 2**20)
        with connect.on(f"ray:{cluster.address}", storage=folder, home=Path(folder), env={}) as executor:

            def hear(line: str) -> None:
                print(line, file=sys.stderr, flush=True)
                if SHUFFLE in line and not killed:
                    killed.append(line)
                    threading.Thread(target=kill, args=[executor, cluster, second]).start()

            executor.say, executor.rows = hear, part or executor.rows
            with executors.using(executor):
                found = hashes(samples, laps)
        cluster.shutdown()
    assert killed, "the shuffle was not reached"
    own = time.process_time() - before - tree.own_s
    return {
        "hashes": found, "core_s": own + sum(tree.cpu_s.values()), "driver_core_s": own, "seconds": time.monotonic() - began,
        "seconds_by_step": laps.seconds, "worker_mib": tree.worker_mib, "tasks": executor.spent.tasks, "again": executor.spent.again,
        "task_core_s": executor.spent.cpu_s, "peak_mib": made.peak_mib(),
    }  # fmt: skip


def kill(executor: Any, cluster: Any, node: Any) -> None:
    """Wait until a few tasks of the shuffle are done and both nodes are at work, and kill a node with all its processes."""
    done = executor.spent.tasks
    while executor.spent.tasks < done + 3 or executor.ray.available_resources().get("CPU"):
        time.sleep(0.05)
    print("  killing a node", file=sys.stderr, flush=True)
    raylet = node.all_processes["raylet"][0].process.pid
    workers = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _parent(int(entry.name)) == raylet
    ]
    for process in (raylet, *workers):
        os.kill(process, signal.SIGKILL)
    cluster.remove_node(node, allow_graceful=False)


def in_a_process(way: str, rows: int, part: int | None) -> dict[str, Any]:
    command = [sys.executable, __file__, "--way", way, "--rows", str(rows), *(["--part", str(part)] if part else [])]
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run([*command, "--to", file.name], check=True)
        found: dict[str, Any] = json.loads(Path(file.name).read_text())
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Both ways, and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--part", type=int, help="rows of a part, where there are too few for the usual size")
    parser.add_argument("--way", choices=["alone", "ray"], help=argparse.SUPPRESS)
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.way:
        found = alone(given.rows) if given.way == "alone" else on_ray(given.rows, given.part)
        given.to.write_text(json.dumps(found))
        return
    heap.thrifty()
    one, two = (in_a_process(way, given.rows, given.part) for way in ("alone", "ray"))
    differing = [name for name in one["hashes"] if one["hashes"][name] != two["hashes"][name]]
    assert not differing, f"tables differ: {differing}"
    shown = {
        "rows": given.rows, "tables_equal": len(one["hashes"]), "tasks": two["tasks"], "again": two["again"],
        "ratio": round(two["core_s"] / one["core_s"], 2), "worker_mib": round(two["worker_mib"]),
    }  # fmt: skip
    for way, found in (("alone", one), ("ray", two)):
        shown[way] = {name: value for name, value in found.items() if name != "hashes"}
    print(json.dumps(shown, indent=2, default=lambda value: round(value, 1)))


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
