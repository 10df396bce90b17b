"""What of a run would be promoted: the files of its student, with what it was tuned on and what it scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from distill import __version__
from distill.errors import UsageError
from distill.evaluate.comparison import Comparison
from distill.lifecycle.registry.base import identity_of
from distill.lifecycle.registry.integrity import of_run, student_changed
from distill.lifecycle.registry.student import RegisteredStudent, RegisteredVerdict
from distill.pipeline import arguments
from distill.records import Json, content_id
from distill.rundir import MANIFEST, SPEC, RunDir, file_hash, read_json, read_result
from distill.spec import SPEC_FILE, load
from distill.stats import Estimate
from distill.student.adapter import MODEL, PEFT
from distill.student.hosted.stage import HOSTED
from distill.student.linear import FILES
from distill.task import used_spec

_GGUF = "student/adapter.gguf"
_SERVED = {"adapter": f"student/{PEFT}", "gguf": _GGUF, "model": f"student/{MODEL}", **FILES}
"""What serves a student → the file that it is known by."""
_TEXTS = {
    "prompt": ("student.md", "student", "prompt"), "schema": ("answer.schema.json", "teacher", "output"),
    "tools": ("tools.json", "teacher", "tools"), "template": ("template.jinja", "student", "template"),
}  # fmt: skip
"""What the task says to a student → its name in the registry, and the setting that names the file."""
_ROUTING = "student/routing.json"
_BESIDE = ("task.yaml", "spec.json", "CARD.md", "comparison.json")


@dataclass(frozen=True, slots=True)
class StudentCandidate:
    """A student that may be promoted. `sources` are its files by their names in the registry; `doubt` is why its verdict does not
    speak for it, empty where it does."""

    run: RunDir
    sources: Mapping[str, Path]
    serve: Mapping[str, str]
    verdict: RegisteredVerdict | None
    doubt: str
    weights: str
    """Fingerprint of the base; empty where it is not on this machine."""
    mlflow: str | None
    """registry.mlflow of the spec as it is now."""


def candidate_of(run: RunDir, given: str) -> StudentCandidate:
    """The student of a run that an argument named; UsageError where it has none, or is not as it was made."""
    used = used_spec.read(run.path)
    if used is None:
        raise UsageError(
            f"{run.path / SPEC} cannot be read, so nothing says what its student is; `distill run {run.task}` writes it"
        )
    tuned, serve = _tuned(run), _serve(run)
    if not serve:
        raise UsageError(f"run {run.name} has no student to promote; `distill train {run.name}` tunes one")
    _as_made(run, used)
    comparison, doubt = _compared(run)
    spec = _spec_of(run, given)
    texts = _texts(used, spec.parent, run)
    beside = {name: run.path / name for name in _BESIDE if (run.path / name).is_file()}
    if comparison is None:
        beside.pop("comparison.json", None)
    return StudentCandidate(
        run, tuned | texts | beside, serve, _verdict(comparison), doubt, identity_of(run, used, spec), load(spec).registry.mlflow
    )  # fmt: skip


def _spec_of(run: RunDir, given: str) -> Path:
    """The spec of a run, or of the task that was named: the files that it names lie beside it."""
    named = Path(given)
    known = arguments.exists(named / SPEC_FILE) or (arguments.exists(named) and named.is_file())
    spec = arguments.spec_of(named if known and not arguments.exists(named / MANIFEST) else run.path).resolve()
    return spec / SPEC_FILE if spec.is_dir() else spec


def _tuned(run: RunDir) -> dict[str, Path]:
    """All that training and comparison left in the student's folder, but what an unfinished training would go on from."""
    root = run.path / "student"
    named = {str(path.relative_to(run.path)): path for path in sorted(root.rglob("*")) if path.is_file()}
    return {
        name: path
        for name, path in named.items()
        if not name.startswith("student/checkpoints/") and not any(part.startswith(".") for part in Path(name).parts)
    }


def _serve(run: RunDir) -> dict[str, str]:
    found = {
        kind: str(Path(file).parent) if kind in ("adapter", "model") else file
        for kind, file in _SERVED.items()
        if (run.path / file).is_file()
    }
    hosted = run.path / HOSTED
    return found | ({"hosted": str(read_json(hosted, dict, needs="model")["model"])} if hosted.is_file() else {})


def _as_made(run: RunDir, used: Mapping[str, Json]) -> None:
    """UsageError where the student's files are not those that its training wrote, or are of another base."""
    for one in of_run(run):
        if one.file.startswith("student/") or one.file == "comparison.json":
            raise UsageError(
                f"{run.path / one.file} is {one.fate} since {run.name} was made, so it is not the student that was compared; "
                f"`distill run {run.task}` makes it again"
            )
    base = used["spec"]["student"]["train"]["base"]
    trained = run.manifest()["stages"].get("train", {}).get("reads", {}).get("spec:student.train.base")
    if trained not in (None, content_id(base)):
        raise UsageError(
            f"{run.path / SPEC} says the base {base!r}, and the student of {run.name} was tuned on another; `distill run {run.task}` makes one of it"
        )


def _compared(run: RunDir) -> tuple[Comparison | None, str]:
    """The comparison, where it is of this student, and why it does not speak for it."""
    path = run.path / "comparison.json"
    if not path.is_file():
        return None, f"it was never compared (`distill evaluate {run.name}` does)"
    if student_changed(run):
        return None, f"its comparison is of another student (`distill evaluate {run.name}` compares this one)"
    found = read_result(path, Comparison)
    word, said = found.verdict.word, " ".join(found.verdict.sentences[:1]).rstrip(".")
    return found, "" if word == "distil" else f"its verdict is {word!r}: {said}"


def _verdict(comparison: Comparison | None) -> RegisteredVerdict | None:
    if comparison is None:
        return None
    metric, student = comparison.metric, comparison.arms.get("student")
    gap = next((one for one in comparison.differences if one.metric == metric and one.b == "teacher"), None)
    return RegisteredVerdict(
        word=comparison.verdict.word, headline=" ".join(comparison.verdict.sentences[:1]), metric=metric,
        student=student.metrics.get(metric) if student else None,
        to_teacher=Estimate(gap.mean, gap.low, gap.high, gap.n) if gap else None,
    )  # fmt: skip


def _texts(used: Mapping[str, Json], folder: Path, run: RunDir) -> dict[str, Path]:
    """The prompt, the schema and the tools that the run used; UsageError where one is another by now."""
    found = {}
    for name, part, key in _TEXTS.values():
        given = used["spec"][part].get(key)
        if not given:
            continue
        path, was = folder / given, used["files"].get(given)
        now = file_hash(path)
        if now == "absent" or was not in (None, now):
            raise UsageError(
                f"{path} is {'gone' if now == 'absent' else 'changed'} since run {run.name} was made with it; put that one back, or "
                f"`distill run {run.task}` makes a student with this one"
            )
        found[name] = path
    return found


def _named_texts() -> dict[str, str]:
    return {kind: name for kind, (name, _, _) in _TEXTS.items()} | {"routing": _ROUTING}


def record(one: StudentCandidate, *, number: int, folder: str, promoted: str, content: str) -> RegisteredStudent:
    """What the registry says of it, without its files and its seal."""
    spec: Mapping[str, Json] = (used_spec.read(one.run.path) or {})["spec"]
    manifest = one.run.manifest()
    stages: Mapping[str, Mapping[str, Json]] = manifest["stages"]
    asked = stages.get("generate", {}).get("started")
    return RegisteredStudent(
        task=one.run.task, number=number, folder=folder, run=one.run.name, promoted=promoted, content=content,
        how=spec["student"]["train"]["with"], base=spec["student"]["train"]["base"], weights=one.weights, serve=one.serve,
        texts={kind: name for kind, name in _named_texts().items() if name in one.sources},
        teacher=str(manifest.get("teacher") or ""),
        asked=datetime.fromtimestamp(asked, UTC).isoformat(timespec="seconds") if asked else "",
        rows=dict(stages.get("export", {}).get("rows") or {}),
        dataset=str((stages.get("export", {}).get("outputs") or {}).get("train.jsonl", "")),
        verdict=one.verdict, anyway=one.doubt, distill=__version__,
    )  # fmt: skip
