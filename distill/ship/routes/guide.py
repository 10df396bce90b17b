"""What a person is told of the folder: README.md in it, and the lines of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from distill.evaluate.blend.table import RouteTable
from distill.ship.routes import gateway, vllm_config
from distill.ship.routes.plan import RoutePlan
from distill.text.percentages import percent

_FILES = {
    "routes.json": "who answers what, and how each is asked", "nearest.npz": "the training rows' vectors: how far is far",
    "student.md": "the student's prompt", "teacher.md": "the prompt of whoever answers the rest",
    "answer.schema.json": "the schema of an answer", "tools.json": "the task's tools", "chat.jinja": "the base's chat template",
    "linear.npz": "the student", "embedding.npz": "the student",
    "vllm.yaml": "`vllm serve --config vllm.yaml`: one server, every student of this base",
    "litellm.yaml": "`litellm --config litellm.yaml`: student and teacher behind one gateway",
}  # fmt: skip


def use(plan: RoutePlan, files: Sequence[str], folder: Path) -> list[str]:
    """The next step with each kind of file."""
    lines = [f'in Python: distill.load_routes("{folder}").ask({{...}}, {_clients(plan)}), docs/routes.md has it whole']
    if vllm_config.FILE in files:
        lines.append(f"the student by vLLM: cd {folder} && vllm serve --config {vllm_config.FILE}")
    if gateway.FILE in files:
        needs = " ".join(f"${name}" for name in gateway.variables(plan))
        lines.append(f"a gateway: litellm --config {folder / gateway.FILE}, with {needs}")
    return lines


def guide(plan: RoutePlan, table: RouteTable, files: Sequence[str]) -> str:
    """README.md."""
    limit = "whatever its confidence" if plan.threshold is None else f"its confidence is above {plan.threshold:.4f}"
    rest = table.other if table.other == "teacher" else f"{table.other}, in the teacher's place,"
    strata = "".join(f" or it lies in `{one.name}`," for one in plan.failed)
    keeps = table.choice.keeps
    lines = [
        f"# {plan.task}: student first", "",
        f"Of the run {plan.run}. The student's answer is taken where {limit} and it obeys the schema. The {rest} answers where the input is "
        f"farther from the training rows than {plan.floor:.3f},{strata} or the student's answer is not taken.", "",
        f"On {table.rows} test rows, which set no threshold, the student keeps {percent(keeps.mean)} ({percent(keeps.low, 0)} to "
        f"{percent(keeps.high, 0)}).", "",
        "```python", *_code(plan), "```", "",
        "| file | |", "|---|---|", *(f"| {name} | {_FILES[name]} |" for name in files if name in _FILES), "",
    ]  # fmt: skip
    return "\n".join([*lines, *_gateway(plan, files)])


def _code(plan: RoutePlan) -> list[str]:
    """How it is asked from Python."""
    slots = "{...}"
    lines = ["import distill", "from openai import OpenAI", "", 'routes = distill.load_routes(".")']
    if not plan.linear:
        lines.append(
            f'student = OpenAI(base_url="{plan.student.base_url or f"http://127.0.0.1:{vllm_config.PORT}/v1"}")'
        )
    lines.append(f"teacher = OpenAI({_at(plan.other.base_url)})")
    return [*lines, f"found = routes.ask({slots}, {_clients(plan)})", "found.value, found.by, found.why"]


def _at(url: str | None) -> str:
    return f'base_url="{url}"' if url else ""


def _clients(plan: RoutePlan) -> str:
    return "teacher=teacher" if plan.linear else "student=student, teacher=teacher"


def _gateway(plan: RoutePlan, files: Sequence[str]) -> list[str]:
    if gateway.FILE not in files:
        return []
    return [
        f"The gateway needs {', '.join(f'`${name}`' for name in gateway.variables(plan))} in its environment. It passes a request on when "
        "the student's server fails, or its answer breaks the schema that the request brought. It knows nothing of confidence or of far "
        "inputs, and sends the teacher the student's prompt. What the table promises is what the Python above does.", "",
    ]  # fmt: skip
