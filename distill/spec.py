"""A task spec: `task.yaml` → `TaskSpec`, or every fault of it at once.

Unknown keys are refused with the nearest known one, duplicate keys too; each fault carries the line it stands on.
`--set a.b=c` is applied to the raw mapping first, so it is checked like the rest. Paths are relative to the spec.
Only `cli` and `flow` import this module: stages take plain keyword arguments.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from distill import deadline, yaml_lines
from distill.errors import Fault, SpecError, UsageError
from distill.yaml_lines import NodePath

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
_SECRET_NAME = re.compile(r"key|token|secret|auth|cookie", re.IGNORECASE)


class _Part(BaseModel):
    """A group of settings: unknown keys are refused, values never change after the check."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TestRows(_Part):
    """Which rows are set aside for the comparison and never train."""

    share: Share | None = Field(None, description="share of the rows, by stratum")
    rows: Count | None = Field(None, description="number of rows, by stratum")
    from_: str | None = Field(None, alias="from", description="a file of test rows of your own")

    @model_validator(mode="after")
    def _one(self) -> TestRows:
        if sum(value is not None for value in (self.share, self.rows, self.from_)) != 1:
            raise ValueError("give exactly one of share, rows, from")
        return self


class Seeds(_Part):
    """Where the input rows come from."""

    from_: str | list[str] = Field(alias="from", description="jsonl, csv or parquet file, a folder of them, or a list")
    as_: Literal["rows", "chats"] = Field(
        "rows",
        alias="as",
        description="chats: logged conversations (OpenAI messages, ShareGPT, Alpaca), as columns messages, system and reply",
    )
    gold: str | None = Field(None, description="column with the known answer")
    test: TestRows = TestRows(share=0.2)
    broken: Literal["refuse", "drop"] = Field("refuse", description="what happens to rows that cannot be read")

    @property
    def paths(self) -> list[str]:
        return [self.from_] if isinstance(self.from_, str) else self.from_


class EdgeCase(_Part):
    """Rows that must be in the dataset more often than they come by themselves."""

    where: dict[str, str] = Field(min_length=1, description="label: value, all of which must match")
    at_least: Count


class Strata(_Part):
    """The cells over which the dataset is balanced."""

    by: list[str] = Field(default_factory=list, description="label columns of the seeds")
    edge_cases: list[EdgeCase] = Field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """Every label column that is needed, those of `by` first."""
        return list(dict.fromkeys([*self.by, *(label for case in self.edge_cases for label in case.where)]))


class Sampling(_Part):
    """How the teacher is asked."""

    temperature: float | None = Field(
        None, ge=0, le=2, description="default: the endpoint's; reasoning models take none"
    )
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = None
    draws: Count = Field(1, description="answers asked for each row")
    max_tokens: Count = 256
    raise_to: Count | None = Field(None, description="max_tokens of one more try for an answer that was cut off")
    extra: dict[str, Any] = Field(default_factory=dict, description="body fields sent as they are")

    @model_validator(mode="after")
    def _higher(self) -> Sampling:
        if self.raise_to is not None and self.raise_to <= self.max_tokens:
            raise ValueError(f"raise_to {self.raise_to} is no more than max_tokens {self.max_tokens}")
        return self


class Limits(_Part):
    """What the endpoint takes."""

    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    in_flight: Count = 16
    timeout_s: float = Field(120, gt=0, description="one attempt's deadline in seconds")
    attempts: Count = Field(6, description="sends of one request before it is left owed; rate limits do not count")
    unknown: Count = Field(3, description="of them, how many may end without an answer and yet perhaps be billed")


class BatchSettings(_Part):
    """How batches are cut and watched."""

    rows: Count = Field(50_000, description="rows of one batch at the most")
    megabytes: float = Field(200, gt=0, description="size of one input file at the most")
    enqueued_tokens: Count | None = Field(
        None,
        description="prompt tokens that may be in open batches; learnt from the host's refusal where it is left out",
    )
    poll_s: float = Field(60, gt=0, description="seconds between two looks, with --wait")
    cancel_s: float = Field(
        600, ge=0, description="auto: seconds that a host may take to end a batch that is cancelled"
    )
    grace_s: float = Field(
        60, ge=0, description="seconds after which a batch that the host does not show was never made"
    )
    lost_s: float = Field(
        3600, ge=0, description="seconds after which a batch that the host no longer knows is given up"
    )
    keep_files: bool = Field(False, description="leave the files at the host when their answers are here")


class PriceGiven(_Part):
    """Dollars a million tokens, for a model the price table does not know."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(None, ge=0, description="prompt tokens read from the endpoint's cache")
    reasoning: float | None = Field(None, ge=0, description="tokens thought and not said; default: as output")
    batch: float = Field(0.5, ge=0, le=1, description="share of the price that a row of a batch costs")


class Colleague(_Part):
    """A further model that answers the same rows: on a panel, or where those before it could not."""

    model: str
    base_url: str | None = Field(None, description="default: OPENAI_BASE_URL, then the provider's own")
    key_env: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="name of the variable that holds the key; default: OPENAI_API_KEY for the teacher, and its own for models "
        "at its address",
    )
    api: Literal["chat", "responses"] = Field("chat", description="chat completions, or OpenAI's Responses API")
    headers: dict[str, str] = Field(
        default_factory=dict, description="sent with every call; a value `$NAME` is read from the environment"
    )
    price: PriceGiven | None = None
    sampling: Sampling | None = Field(None, description="default: the teacher's")
    limits: Limits | None = Field(None, description="default: the teacher's")
    mode: Literal["live", "batch", "auto"] = Field(
        "live",
        description="batch: half the price, up to a day; auto: by batch as long as the deadline allows, else live",
    )
    batch: BatchSettings = BatchSettings()

    @field_validator("headers")
    @classmethod
    def _no_key(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if _SECRET_NAME.search(name) and not value.startswith("$"):
                raise ValueError(
                    f"the header {name!r} looks like a key; name a variable that holds the whole value instead: {name}: $MY_KEY"
                )
        return headers


class Teacher(Colleague):
    """The model whose answers are learnt."""

    prompt: str = "teacher.md"
    output: str | None = Field(None, description="JSON schema file of the answer")
    tools: str | None = Field(None, description="JSON file: the list of tools that an answer may call")
    sampling: Sampling = Sampling()
    limits: Limits = Limits()
    fallback: list[Colleague] = Field(
        default_factory=list, description="asked in turn for the rows that the ones before gave no accepted answer for"
    )
    panel: list[Colleague] = Field(default_factory=list, description="asked for every row too; the best answer is kept")
    terms: str = Field("", description="what the teacher's terms allow; copied to the dataset card")

    @model_validator(mode="after")
    def _one_way(self) -> Teacher:
        if self.fallback and self.panel:
            raise ValueError("give fallback or panel, not both")
        return self


class Dedup(_Part):
    """Near-duplicate removal."""

    near: float = Field(
        0.85,
        gt=0,
        le=1,
        description="Jaccard similarity of character 4-grams from which two inputs are twins",
    )
    compare: list[str] | None = Field(
        None, description="answer fields in which twins must agree; default: those that the schema enumerates"
    )
    on_conflict: Literal["keep", "drop"] = Field(
        "keep", description="of twins that contradict each other: keep the better one, or drop both"
    )


class Dataset(_Part):
    """What the student is to be taught on."""

    accept: Count | None = Field(None, description="rows wanted in all")
    per_stratum: Count | None = Field(None, description="at most so many rows a stratum")
    valid: Share = 0.1


class Expect(_Part):
    """What the dataset must be; otherwise nothing is trained and the exit code is 4."""

    rows: Count | None = Field(None, description="rows in all, at least")
    rows_per_stratum: Count | None = Field(None, description="rows of each stratum, at least")
    largest_cluster: Share | None = Field(None, description="share of the rows that may be near copies of each other")
    max_tokens: Count | None = Field(None, description="tokens of a row, prompt and answer, at most")
    same_system: bool | None = Field(None, description="every row has the same system prompt")
    valid: tuple[Share, Share] | None = Field(None, description="least and most share of validation rows")


class Train(_Part):
    """How the student is tuned."""

    with_: Literal["lora", "hosted", "none"] = Field("lora", alias="with")
    base: str = "embedded/smollm2-135m"
    epochs: float = Field(2, gt=0)
    batch_size: Count = 8
    learning_rate: float = Field(2e-3, gt=0)
    rank: Count = 16
    alpha: Count = 32
    layers: Count | None = Field(15, description="adapt only the last so many layers; null adapts all")
    context: Count | None = Field(None, description="tokens a row may hold; longer ones are dropped, never cut")
    seed: int = 0
    base_url: str | None = Field(None, description="hosted: the tuning host; default as for the teacher")
    key_env: str = Field("OPENAI_API_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    suffix: str | None = Field(None, max_length=64)
    poll_s: float = Field(10, gt=0, description="hosted: seconds between two looks at the job")
    price: PriceGiven | None = None


class Student(_Part):
    """The small model that learns."""

    prompt: str = "student.md"
    train: Train = Train()


class Evaluate(_Part):
    """How teacher, bases and student are compared."""

    arms: list[Literal["teacher", "prompted_base", "base", "student"]] = Field(
        default=["teacher", "prompted_base", "base", "student"]
    )
    metrics: list[Literal["schema", "json_fields", "agreement"]] = Field(default=["schema", "json_fields", "agreement"])
    margin: float = Field(0.02, ge=0, lt=1, description="how much worse than the teacher is still as good")
    require: Literal["distil"] | None = Field(None, description="exit 4 unless the verdict is this")
    compare: list[str] | None = Field(
        None, description="answer fields that agreement compares; default: those of the gold answers"
    )


class BudgetLimit(_Part):
    """The wall."""

    usd: float | None = Field(None, gt=0)


def _gates(given: list[str | dict[str, Any]]) -> list[str | dict[str, Any]]:
    for gate in given:
        if isinstance(gate, dict) and len(gate) != 1:
            raise ValueError(f"a gate with settings is one `name: {{…}}`, found {len(gate)} names: {', '.join(gate)}")
    return given


class TaskSpec(_Part):
    """One task, from seeds to verdict."""

    task: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="its name; names the run folder")
    about: str = ""
    seeds: Seeds
    strata: Strata = Strata()
    teacher: Teacher
    gates: Annotated[list[str | dict[str, Any]], AfterValidator(_gates)] | None = Field(
        None,
        description="default: tools and schema where the teacher has them, finish_reason, refusal, length, secrets",
    )
    dedup: Dedup = Dedup()
    dataset: Dataset = Dataset()
    expect: Expect = Expect()
    student: Student = Student()
    evaluate: Evaluate = Evaluate()
    budget: BudgetLimit = BudgetLimit()
    deadline: Annotated[str | None, BeforeValidator(lambda value: None if value is None else deadline.spelt(value))] = (
        Field(None, description="when all answers must be there: 07:00, or a time from the run's start such as 8h")
    )

    def gate_settings(self) -> list[tuple[str, dict[str, Any]]]:
        """The gates in the spec's order as (name, settings)."""
        given = {"tools": self.teacher.tools, "schema": self.teacher.output}
        own = [name for name, file in given.items() if file is not None]
        gates = [*own, "finish_reason", "refusal", "length", "secrets"] if self.gates is None else self.gates
        return [
            (gate, {}) if isinstance(gate, str) else next((n, dict(s or {})) for n, s in gate.items()) for gate in gates
        ]


def load(path: Path, overrides: Sequence[str] = ()) -> TaskSpec:
    """Read, override and check a spec; raises SpecError with all faults, or UsageError where there is no file."""
    if path.is_dir():
        path = path / "task.yaml"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"no spec at {path}; `distill init {path.parent}` writes a first one") from None
    except (UnicodeDecodeError, OSError) as fault:
        raise UsageError(f"{path}: cannot be read: {fault}") from fault
    raw, lines = yaml_lines.read(text, str(path))
    for override in overrides:
        _set(raw, override)
    try:
        return TaskSpec.model_validate(raw)
    except ValidationError as fault:
        raise SpecError(str(path), [_fault(error, lines, str(path)) for error in fault.errors()]) from None


def schema() -> dict[str, Any]:
    """The spec's JSON Schema, for editors."""
    return TaskSpec.model_json_schema(by_alias=True) | {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def _set(raw: dict[str, Any], override: str) -> None:
    """Apply one `a.b=value`; the value is read as YAML, so `3`, `true`, `null` and `[a, b]` mean what they look like."""
    dotted, equals, value = override.partition("=")
    if not equals or not dotted:
        raise UsageError(f"--set {override!r}: expected a.b=value, e.g. --set teacher.limits.in_flight=8")
    *parents, last = dotted.split(".")
    here = raw
    for name in parents:
        here = here.setdefault(name, {})
        if not isinstance(here, dict):
            raise UsageError(f"--set {override!r}: `{name}` holds {here!r}, not a group of settings")
    try:
        here[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise UsageError(f"--set {override!r}: {value!r} is not a YAML value") from None


def _fault(error: Mapping[str, Any], lines: Mapping[NodePath, int], source: str) -> Fault:
    path = tuple(
        part
        for part in error["loc"]
        if not (isinstance(part, str) and ("[" in part or part in ("str", "int", "float")))
    )
    line = next((lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines), 1)
    dotted = ".".join(map(str, path))
    kind, found = error["type"], error.get("input")
    if kind == "extra_forbidden":
        known = _known(path[:-1])
        close = difflib.get_close_matches(str(path[-1]), known, 1)
        hint = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"
        return Fault(f"{source}:{line}", f"unknown key `{dotted}`; {hint}")
    if kind == "missing":
        return Fault(f"{source}:{line}", f"`{dotted}` is missing and has no default")
    message = str(error["msg"]).removeprefix("Value error, ")
    if "headers" in path:  # its value may be the key itself
        return Fault(f"{source}:{line}", f"`{dotted}`: {message}")
    return Fault(f"{source}:{line}", f"`{dotted}` is {found!r}: {message[0].lower() + message[1:]}")


def _known(path: NodePath) -> list[str]:
    """The keys a group of the spec takes."""
    model: Any = TaskSpec
    for part in path:
        if isinstance(part, int):
            continue
        field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        if field is None:
            return []
        inner = getattr(field.annotation, "__args__", ())
        model = next((t for t in (*inner, field.annotation) if isinstance(t, type) and issubclass(t, BaseModel)), None)
        if model is None:
            return []
    return [field.alias or name for name, field in model.model_fields.items()]
