"""`distill routes --out`: the folder that serves student and teacher together, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from distill.atomic_write import write_atomic, write_json
from distill.base_model import load
from distill.chat.templates import Template
from distill.errors import UsageError
from distill.evaluate import arms
from distill.evaluate.arms import Arm
from distill.evaluate.blend.gather import draws_of
from distill.evaluate.blend.table import RouteTable
from distill.evaluate.selective import calibration, nearness, routing
from distill.evaluate.selective.measure import PROBABILITIES
from distill.rundir import RunDir, file_hash, read_parquet
from distill.ship import whole_folder
from distill.ship.routes import gateway, guide, vllm_config
from distill.ship.routes import plan as plans
from distill.ship.routes.plan import AskedModel, RoutePlan
from distill.ship.routes.vllm_config import ServedAdapter
from distill.student import linear
from distill.student.adapter import MODEL, PEFT
from distill.student.stage import student_of
from distill.task.task import Task
from distill.teacher.endpoint import wire
from distill.teacher.endpoint.address import Address

PROMPTS = {"student": "student.md", "teacher": "teacher.md"}
SCHEMA, TOOLS, VECTORS, TEMPLATE = "answer.schema.json", "tools.json", "nearest.npz", "chat.jinja"


@dataclass(frozen=True, slots=True)
class WrittenRoutes:
    """The files, and what to do next with them."""

    folder: Path
    files: Sequence[str]
    use: Sequence[str]
    beside: Sequence[str]
    """The other students that the vLLM server has."""


def write(task: Task, run: RunDir, table: RouteTable, out: Path, beside: Sequence[ServedAdapter] = ()) -> WrittenRoutes:
    """`beside` are promoted students on the same base. UsageError where the arm that answers the rest is none that can be asked."""
    limits = routing.read(run.path / routing.FILE) if table.signal else None
    texts = _texts(run, limits)
    plan = plan_of(task, run, table, limits, texts.floor)
    with whole_folder.written(out) as aside:
        plans.write(aside, plan)
        texts.save(aside / VECTORS)
        _write_asked(aside, task, plan, _other(task, table.other).template)
        _write_servers(aside, task, run, plan, beside)
        write_atomic(
            aside / "README.md", guide.guide(plan, table, sorted(path.name for path in aside.iterdir())).encode()
        )
    files = sorted(path.name for path in out.iterdir())
    served = [one.name for one in beside] if vllm_config.FILE in files else []
    return WrittenRoutes(out, files, guide.use(plan, files, out), served)


def plan_of(task: Task, run: RunDir, table: RouteTable, limits: routing.Routing | None, floor: float) -> RoutePlan:
    """What the table chose, with how student and teacher are asked."""
    way = task.spec.student.train.with_
    file = linear.FILES.get(way)
    hashes = {"student": limits.student, "dataset": limits.dataset} if limits else _hashes(run, file)
    return RoutePlan(
        task=run.task, run=run.name, student=_student(task, run, limits), other=_asked(task, _other(task, table.other), PROMPTS["teacher"]),
        other_arm=table.other, threshold=table.choice.threshold, set_by=table.choice.set_by, signal=table.signal,
        draws=draws_of(run, limits), fields=limits.fields if limits else [], floor=floor, vectors=VECTORS, failed=table.failed,
        linear=Path(file).name if file else "", schema=SCHEMA if task.output is not None else "", tools=TOOLS if task.tools else "",
        hashes=hashes,
    )  # fmt: skip


def _texts(run: RunDir, limits: routing.Routing | None) -> nearness.TrainingTexts:
    """The training rows' vectors: the run's own, or made of its samples where it set no threshold."""
    if limits is not None:
        return nearness.load(run.path / routing.VECTORS, limits.floor)
    samples = read_parquet(run.path / "samples.parquet", ["fate", "input"])
    return nearness.training_texts(samples.filter(samples["fate"].is_in(["train", "valid"]))["input"].to_list())


def _hashes(run: RunDir, file: str | None) -> Mapping[str, str]:
    return {"student": file_hash(run.path / (file or "student")), "dataset": file_hash(run.path / "train.jsonl")}


def _student(task: Task, run: RunDir, limits: routing.Routing | None) -> AskedModel:
    """The student as it is asked; where it runs here, whoever serves it gives it the task's name."""
    if task.spec.student.train.with_ in linear.FILES:
        return AskedModel(run.task, PROMPTS["student"], "chat", task.spec.teacher.sampling.max_tokens)
    address = student_of(task, run)
    if address is None:
        raise UsageError(f"{run.name} has no student; `distill train {run.task}` trains one")
    arm = Arm("student", address, task.student_prompt)
    if limits is not None and limits.signal == PROBABILITIES:
        arm = calibration.wishing(task, arm)
    asked = _asked(task, arm, PROMPTS["student"])
    return (
        asked
        if not address.local and address.adapter is None
        else replace(asked, model=run.task, base_url=None, key_env="")
    )


def _other(task: Task, name: str) -> Arm:
    """The arm that answers the rest."""
    known = {arm.name: arm for arm in arms.arms_of(task, student=None)}
    if name not in known:
        raise UsageError(
            f"--to {name}: it is no model that answers by itself with a prompt; --out takes one of {', '.join(known)}"
        )
    return known[name]


def _asked(task: Task, arm: Arm, prompt: str) -> AskedModel:
    """An arm as the evaluation asks it; never its key."""
    sampling, address = arms.sampling_of(task, arm), arm.address
    if address.by_file and address.base_url is None:
        raise UsageError(
            f"{arm.name} ({address.model}) answers by file (mode: file) and has no address that a route could lead to; name its base_url"
        )
    return AskedModel(
        model=address.model, prompt=prompt, dialect=address.dialect, max_tokens=sampling.max_tokens, base_url=_url(address),
        key_env="" if address.local else address.key_env, temperature=sampling.temperature, top_p=sampling.top_p, seed=sampling.seed,
        schema=arm.output is not None, extra=sampling.extra,
    )  # fmt: skip


def _url(address: Address) -> str | None:
    return None if address.local or address.base_url is None else wire.without_user(address.url)


def _write_asked(aside: Path, task: Task, plan: RoutePlan, other: Template) -> None:
    """The prompts, the schema and the tools."""
    for name, prompt in ((plan.student.prompt, task.student_prompt), (plan.other.prompt, other)):
        write_atomic(aside / name, prompt.text.encode())
    if plan.schema:
        write_json(aside / SCHEMA, dict(task.output or {}))
    if plan.tools:
        write_json(aside / TOOLS, list(task.tools))


def _write_servers(aside: Path, task: Task, run: RunDir, plan: RoutePlan, beside: Sequence[ServedAdapter]) -> None:
    """The linear student's file, or the configurations of what serves the others."""
    if plan.linear:
        shutil.copyfile(run.path / "student" / plan.linear, aside / plan.linear)
        return
    write_atomic(aside / gateway.FILE, gateway.config(plan))
    weights, student = task.base_weights, run.path / "student"
    if weights is None or weights.gguf:
        return
    if (student / MODEL).is_file():
        write_atomic(aside / vllm_config.FILE, vllm_config.whole((student / MODEL).parent.resolve(), run.task))
    elif (student / PEFT).is_file():
        tokenizer = load.tokeniser(weights.folder(weights=False), weights.template)
        write_atomic(aside / TEMPLATE, tokenizer.chat_template.encode())
        own = ServedAdapter(run.task, (student / PEFT).parent.resolve())
        base = task.spec.student.train.base if weights.on_the_hub else str(weights.path.resolve())
        write_atomic(aside / vllm_config.FILE, vllm_config.config(base, [own, *beside], TEMPLATE))
