"""What a spec asks of the student that cannot be done, found before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base_model import local
from distill.base_model.local import LocalWeights
from distill.chat import conversation
from distill.errors import Fault, UsageError
from distill.spec import TaskSpec
from distill.student.hosted import cost
from distill.student.hosts import openai_compatible, together
from distill.teacher.endpoint.address import SCRIPTED
from distill.teacher.engines import embedded

if TYPE_CHECKING:
    from distill.records import Json, Seed


def arms(spec: TaskSpec, file: Path) -> list[Fault]:
    """A student that is to be compared, and never made."""
    named = "student" in (spec.evaluate.arms or ())
    if spec.student.train.with_ != "none" or not named:
        return []
    message = "`student` is named, and nothing is trained (student.train.with: none); take it out, or say with: lora"
    return [Fault(f"{file}: evaluate.arms", message)]


def linear_student(spec: TaskSpec, output: Mapping[str, Json] | None, seeds: Sequence[Seed], file: Path) -> list[Fault]:
    """Why the student can be no linear model: its answers are not closed, or its rows too few."""
    if not spec.student.train.classifier:
        return []
    from distill.student.trainers.linear import FEWEST_ROWS

    faults, accept = [], spec.dataset.accept
    if reason := unlearnable(output, seeds):
        message = (
            f"{spec.student.train.with_!r} learns answers of few values that come again, such as labels, and {reason}; "
            "list the values in the schema (enum), or tune a language model (with: lora)"
        )
        faults.append(Fault(f"{file}: student.train.with", message))
    if accept is not None and accept < FEWEST_ROWS:
        message = f"{accept} rows are wanted, and a linear student learns from {FEWEST_ROWS} on; ask for more"
        faults.append(Fault(f"{file}: dataset.accept", message))
    return faults


def linear_arm(spec: TaskSpec, output: Mapping[str, Json] | None, seeds: Sequence[Seed]) -> list[str]:
    """A note where the spec names an arm that is linear over letters or word vectors, and answers are not closed."""
    arms = {"linear": "the linear model", "embedding": "the embedding model"}
    named = [
        said for way, said in arms.items() if way in (spec.evaluate.arms or ()) and spec.student.train.with_ != way
    ]
    reason = unlearnable(output, seeds) if named else ""
    learns = "it learns values that come again"
    return [f"evaluate.arms: {said} is left out: {learns}, and {reason}" for said in named] if reason else []


def soft_labels(spec: TaskSpec, file: Path) -> list[Fault]:
    """A teacher without token probabilities that a student is to learn from."""
    if not spec.student.train.soft_labels or spec.teacher.model != SCRIPTED:
        return []
    message = f"true, and the teacher {SCRIPTED!r} gives no probabilities of its tokens; name an endpoint that does, or take it out"
    return [Fault(f"{file}: student.train.soft_labels", message)]


def probabilities_asked(spec: TaskSpec) -> list[str]:
    """A note where each question to the teacher is another one for the sake of soft labels."""
    if not spec.student.train.soft_labels:
        return []
    return [
        "student.train.soft_labels: each question to the teacher asks for the probabilities of its tokens as well, so it is another question "
        "than without: no answer that was paid for before serves it, and where the endpoint gives none, rows count whole"
    ]


def unlearnable(output: Mapping[str, Json] | None, seeds: Sequence[Seed]) -> str:
    """Why no classifier can learn a task's answers, as far as its schema and its known answers tell; empty where one may."""
    from distill.student import linear

    return linear.unlearnable(output, [seed.gold for seed in seeds if seed.gold is not None])


def hosted(spec: TaskSpec, file: Path, env: Mapping[str, str] | None = None) -> list[Fault]:
    """Settings that the named host does not take; with `env` also a budget over a training whose price nobody will tell."""
    train, found = spec.student.train, list[tuple[str, str]]()
    if train.with_ != "hosted":
        return []
    theirs = train.host == "together"
    own = together.OWN_KEYS if theirs else openai_compatible.OWN_KEYS
    if taken := [name for name in own if name in train.extra]:
        found.append(
            ("extra", f"{', '.join(taken)} cannot stand in it: a killed run finds its job by what is set there")
        )
    if theirs and train.learning_rate_multiplier is not None:
        found.append(("learning_rate_multiplier", "Together knows none; give learning_rate itself"))
    if theirs and len(train.suffix or "") > together.SUFFIX:
        said = (
            f"{len(train.suffix or '')} letters; with host: together at most {together.SUFFIX}, for ours come behind it"
        )
        found.append(("suffix", said))
    at = train.tuning_url or (env or {}).get("OPENAI_BASE_URL")
    if env is not None and spec.budget.usd is not None and not theirs and cost.price_of(train, at) is None:
        found.append(("train_price", cost.UNTOLD))
    return [Fault(f"{file}: student.train.{name}", said) for name, said in found]


def student(spec: TaskSpec, seeds: Sequence[Seed], chats: Collection[str], file: Path) -> list[Fault]:
    """What the student's base cannot be tuned on, or not here. `chats` are the fields of seeds that are conversations."""
    if not spec.student.train.local:
        return []
    base, faults = spec.student.train.base, []
    instead = "take a base whose template has them (Qwen3, Llama 3), or say `with: hosted` or `with: none` under student.train"
    lacks = not _writes_calls(spec, file)
    if spec.teacher.tools and lacks:
        message = f"{base!r} has no tools in its chat template, so it cannot be tuned on calls; {instead}"
        faults.append(Fault(f"{file}: teacher.tools", message))
    if lacks and chats and any(_calls_tools(seed, chats) for seed in seeds):
        message = (
            f"some conversations hold tool calls or bring tools, and {base!r} has none in its chat template; {instead}"
        )
        faults.append(Fault(f"{file}: seeds", message))
    return faults + _base(spec, file) + _served(spec, file) + _replay(spec, file)


def turns(spec: TaskSpec, chats: Collection[str], file: Path) -> list[Fault]:
    """Every turn is to train, and there are no conversations."""
    if spec.seeds.turns == "last" or chats:
        return []
    message = (
        "every: no prompt takes a conversation ([messages] with a slot below it), so a row has one answer; take it out"
    )
    return [Fault(f"{file}: seeds.turns", message)]


def reasoning(spec: TaskSpec, file: Path) -> list[Fault]:
    """A student that cannot learn the teacher's thinking."""
    train = spec.student.train
    if spec.teacher.reasoning != "keep" or train.with_ == "none":
        return []
    said = ""
    if not train.local:
        said = f"`with: {train.with_}` trains answers without thinking; say with: lora or full, or reasoning: drop"
    elif train.base == embedded.MODEL:
        said = f"the chat template of {train.base!r} has no place for thinking; take a base that thinks (Qwen3), or say reasoning: drop"
    elif train.preference is not None:
        said = (
            "worse answers of preference pairs have no thinking, so a student would learn to think by which is better; take "
            "student.train.preference out, or say reasoning: drop"
        )
    return [Fault(f"{file}: teacher.reasoning", f"keep: {said}")] if said else []


def _served(spec: TaskSpec, file: Path) -> list[Fault]:
    """What cannot answer for a whole model that is tuned, or for the embedded base."""
    serve = spec.student.serve
    if "://" in serve and spec.student.train.base == embedded.MODEL and spec.student.train.with_ == "lora":
        message = (
            f"{serve!r} has no model {embedded.MODEL!r}, which answers inside this process; say `serve: auto`, or name under "
            "student.train.base the folder or hub id that the server has"
        )
        return [Fault(f"{file}: student.serve", message)]
    if spec.student.train.with_ != "full" or serve in ("auto", "transformers"):
        return []
    message = (
        f"{serve!r} cannot answer for a student of `with: full`, whose weights are a folder here; say `serve: transformers`, and score what "
        "you serve by `distill evaluate --student`"
    )
    return [Fault(f"{file}: student.serve", message)]


def _writes_calls(spec: TaskSpec, file: Path) -> bool:
    """Whether the base's chat template knows tools; where it does not lie here yet, training says so."""
    base = spec.student.train.base
    if base == embedded.MODEL:
        return False
    template = file.parent / spec.student.template if spec.student.template else None
    folder = file.parent / Path(base).expanduser()
    files = [template] if template else [folder / "chat_template.jinja", folder / "tokenizer_config.json"]
    texts = [path.read_text("utf-8", "replace") for path in files if path is not None and path.is_file()]
    return not texts or any("tools" in text for text in texts)


def _base(spec: TaskSpec, file: Path) -> list[Fault]:
    """A base that lies nowhere; one of the hub is only looked up when it is needed."""
    if spec.student.train.base == embedded.MODEL:
        return []
    weights = LocalWeights(spec.student.train.base, file.parent, file.parent)
    try:
        if not weights.on_the_hub and weights.path.is_dir():
            local.config_of(weights.path)
    except UsageError as fault:
        return [Fault(f"{file}: student.train.base", str(fault))]
    return []


def _replay(spec: TaskSpec, file: Path) -> list[Fault]:
    """General rows that are not there."""
    replay = spec.student.train.replay
    if replay is None or (file.parent / replay.from_).is_file():
        return []
    message = f"no such file: {replay.from_} (looked at {file.parent / replay.from_}); expected chat rows as JSONL"
    return [Fault(f"{file}: student.train.replay.from", message)]


def _calls_tools(seed: Seed, chats: Collection[str]) -> bool:
    brought = "tools" in seed.fields.get(conversation.REQUEST, ())
    return brought or any(conversation.calls_tools(seed.fields[name]) for name in chats)
