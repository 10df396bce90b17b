"""A task spec: `task.yaml` → `TaskSpec`, a file for each of its groups. Paths in it are relative to the spec.

Here stand the names that others use. The pure packages do not import this one: they take plain keyword arguments.
"""

from distill.spec.judge import Judge
from distill.spec.loading.load import SPEC_FILE, load, look, schema, task_of
from distill.spec.loading.places import Places, path_of
from distill.spec.settings import SENDING, SEVERAL, Endpoints, values
from distill.spec.strata import UNLABELLED
from distill.spec.task import TaskSpec
from distill.spec.teacher import BatchSettings, EndpointLimits, ModelSpec, PriceGiven, Rival, Sampling, Teacher

__all__ = [
    "SENDING",
    "SEVERAL",
    "SPEC_FILE",
    "UNLABELLED",
    "BatchSettings",
    "EndpointLimits",
    "Endpoints",
    "Judge",
    "ModelSpec",
    "Places",
    "PriceGiven",
    "Rival",
    "Sampling",
    "TaskSpec",
    "Teacher",
    "load",
    "look",
    "path_of",
    "schema",
    "task_of",
    "values",
]  # fmt: skip
