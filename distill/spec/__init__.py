"""A task spec: `task.yaml` → `TaskSpec`, a file for each of its groups. Paths in it are relative to the spec.

Only `cli` and `flow` import this package: stages take plain keyword arguments.
"""

from distill.spec.dataset import Dataset, Dedup, Expect, Select
from distill.spec.judge import Judge
from distill.spec.loading.load import SPEC_FILE, Loaded, load, look, schema, task_of
from distill.spec.loading.places import Places, path_of
from distill.spec.seeds import Expand, Seeds
from distill.spec.settings import SENDING, values
from distill.spec.strata import UNLABELLED, AskedLabel, EdgeCaseSpec, Quota, Strata
from distill.spec.student import Evaluate, Student, Train
from distill.spec.task import TaskSpec
from distill.spec.teacher import BatchSettings, EndpointLimits, ModelSpec, PriceGiven, Sampling, Teacher

__all__ = [
    "SENDING",
    "SPEC_FILE",
    "UNLABELLED",
    "AskedLabel",
    "BatchSettings",
    "Dataset",
    "Dedup",
    "EdgeCaseSpec",
    "EndpointLimits",
    "Evaluate",
    "Expand",
    "Expect",
    "Judge",
    "Loaded",
    "ModelSpec",
    "Places",
    "PriceGiven",
    "Quota",
    "Sampling",
    "Seeds",
    "Select",
    "Strata",
    "Student",
    "TaskSpec",
    "Teacher",
    "Train",
    "load",
    "look",
    "path_of",
    "schema",
    "task_of",
    "values",
]
