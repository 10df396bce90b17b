"""litellm.yaml: student and teacher behind LiteLLM's proxy. It holds no key: `os.environ/NAME` is read by the proxy itself.

    litellm --config litellm.yaml

A gateway passes on to the teacher where the student's server fails, and sends it what the student was sent. It knows nothing of confidence or
of far inputs: `router` does. Of a request that brings the schema as its `response_format` it checks the answer's form.
"""

from __future__ import annotations

import yaml

from distill.records import Json
from distill.ship.routes.plan import AskedModel, RoutePlan

FILE = "litellm.yaml"
STUDENT_URL, STUDENT_KEY = "STUDENT_BASE_URL", "STUDENT_API_KEY"
MASTER_KEY = "LITELLM_MASTER_KEY"
_TIMEOUT_S = 30


def config(plan: RoutePlan) -> bytes:
    """As `litellm --config` reads it: the student by the task's name, the teacher as `TASK-teacher`, and the way from one to the other."""
    teacher = f"{plan.task}-teacher"
    settings = {
        "model_list": [
            {"model_name": plan.task, "litellm_params": _student(plan.student)},
            {"model_name": teacher, "litellm_params": _teacher(plan.other)},
        ],
        "router_settings": {
            "num_retries": 0,  # a student that failed is not asked again: the teacher is
            "fallbacks": [{plan.task: [teacher]}], "context_window_fallbacks": [{plan.task: [teacher]}],
            "allowed_fails": 10, "cooldown_time": 30,
        },
        "litellm_settings": {"enable_json_schema_validation": True, "telemetry": False},
        "general_settings": {"master_key": f"os.environ/{MASTER_KEY}"},
    }  # fmt: skip
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=1000).encode()


def variables(plan: RoutePlan) -> list[str]:
    """What must stand in the environment of the proxy."""
    own = [] if plan.student.base_url else [STUDENT_URL, STUDENT_KEY]
    keys = [*([plan.student.key_env] if plan.student.base_url else []), plan.other.key_env, MASTER_KEY]
    return list(dict.fromkeys([*own, *(name for name in keys if name)]))


def _student(asked: AskedModel) -> dict[str, Json]:
    if asked.base_url:
        return _served(asked, asked.base_url, asked.key_env)
    return {
        "model": f"openai/{asked.model}", "api_base": f"os.environ/{STUDENT_URL}", "api_key": f"os.environ/{STUDENT_KEY}",
        "timeout": _TIMEOUT_S,
    }  # fmt: skip


def _teacher(asked: AskedModel) -> dict[str, Json]:
    return _served(asked, asked.base_url, asked.key_env)


def _served(asked: AskedModel, url: str | None, key_env: str) -> dict[str, Json]:
    return {
        "model": f"openai/{asked.model}", **({"api_base": url} if url else {}),
        "api_key": f"os.environ/{key_env}" if key_env else "none", "timeout": 4 * _TIMEOUT_S,
    }  # fmt: skip
