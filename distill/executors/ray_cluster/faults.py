"""What can go wrong on a cluster, each as one line with the next move; nothing of a run is lost by it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from distill.errors import DistillError, SpecError, UsageError
from distill.executors.ray_cluster.task import FailedTask

NOTHING_LOST = "nothing is lost: run the same command again"
_VERSIONS = re.compile(r"Ray: *(\S+)\s+Python: *(\S+).*?Ray: *(\S+)\s+Python: *(\S+)", re.DOTALL)
_CLIENT = re.compile(
    r"Python (?:minor )?versions differ between client and server\D*([\d.]+)\D+([\d.]+)", re.IGNORECASE
)


def resources(ray: Any) -> str:
    """What the cluster has, for a line about waiting."""
    cores = ray.cluster_resources().get("CPU", 0)
    if not cores:
        return "the cluster has no node with a core; it waits for one"
    return f"{ray.available_resources().get('CPU', 0):g} of {cores:g} cores are free"


def crash(fault: BaseException, ray: Any, step: str) -> str:
    """Why a task may be started again; raises what starting it again would not help."""
    known = ray.exceptions
    if isinstance(fault, known.OutOfMemoryError):
        return "a worker was killed, for its node was out of memory"
    if isinstance(
        fault, (known.WorkerCrashedError, known.NodeDiedError, known.ObjectLostError, known.LocalRayletDiedError)
    ):
        return "a worker or its node was lost"
    cause = getattr(fault, "cause", None)
    missing = next((one for one in (cause, fault) if "No module named" in str(one)), None)
    if missing is not None or isinstance(fault, known.RuntimeEnvSetupError):
        raise UsageError(
            f"a node of the cluster cannot do the step {step}: {_last_line(missing or fault)}; {_same_install()}"
        ) from None
    if isinstance(fault, known.RayTaskError):
        raise (cause if isinstance(cause, Exception) else fault) from None
    if isinstance(fault, known.RayError):
        raise DistillError(f"the cluster failed in the step {step}: {_last_line(fault)}; {NOTHING_LOST}") from None
    raise fault


def of_task(failed: FailedTask, ours: Sequence[str], step: str) -> DistillError:
    """The error that a task came back with."""
    if failed.kind == "versions":
        names = {text.split(" ")[0] for text in failed.said.split(", ")}
        here = ", ".join(text for text in ours if text.split(" ")[0] in names)
        return UsageError(
            f"node {failed.node} has {failed.said}, and this machine {here}: the two may come to different rows; {_same_install()}"
        )
    if failed.kind == "spec":
        return SpecError(failed.said, failed.faults)
    return UsageError(failed.said) if failed.kind == "UsageError" else DistillError(f"{step}: {failed.said}")


def lost(failed: FailedTask, url: str, step: str) -> DistillError:
    """A part that the driver wrote is not where a node looks for it."""
    return DistillError(
        f"{step}: node {failed.node} finds no {failed.said} in {url}: it was taken away, or the node does not share that place with "
        f"this machine; give a --storage that all nodes reach, say s3://BUCKET/PREFIX; {NOTHING_LOST}"
    )


def too_often(step: str, why: str, tries: int) -> DistillError:
    """A part that was lost again and again."""
    move = "give a worker more memory, or a node fewer cores" if "memory" in why else "look at the nodes (`ray status`)"
    return DistillError(f"{step}: {why}, {tries} times for one part; {move}; {NOTHING_LOST}")


def of_connection(fault: BaseException, address: str) -> UsageError:
    """Why no cluster could be reached."""
    said = str(fault)
    if found := _VERSIONS.search(said):
        cluster, here = f"Ray {found[1]} on Python {found[2]}", f"Ray {found[3]} on Python {found[4]}"
        return UsageError(
            f"the cluster at {address} runs {cluster}, this machine {here}: both must be the same; install `ray=={found[1]}` in a "
            f"Python {found[2]} here, or start the cluster with this machine's"
        )
    if ("ersion" in said and "ifferent" in said) or "mismatch" in said:
        return UsageError(
            f"the cluster at {address} has other versions: {_last_line(fault)}; install the same ones on both sides"
        )
    if "authentication" in said.lower() or "token" in said.lower():
        return UsageError(
            f"the cluster at {address} wants another token: {_last_line(fault)}; set RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH"
        )
    return UsageError(
        f"no Ray cluster answers at {address} ({_last_line(fault)}); look at the address, or take `--on ray` for one of this machine"
    )


def _same_install() -> str:
    import distill

    return f"install the same there: pip install 'distill-engine[ray]=={distill.__version__}'"


def _last_line(fault: BaseException) -> str:
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    return (lines[-1] if lines else type(fault).__name__)[:300]
