"""Which model the replies name, beside the one that was asked.

A name that differs only in its provider's prefix, a date or snapshot behind it, a tag, its case, a path or a file's ending is
the same model; a router that answers with another one is named at the run's end, the report and the dataset's card.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from distill.task.run import ActiveRun
from distill.teacher.store import queries
from distill.text.normalise import storable

_FILE = re.compile(r"\.(?:gguf|safetensors|bin|ggml)$")
_QUANTISED = re.compile(r"[-.](?:i?q\d[\w-]*|fp?\d{1,2}|bf16|int\d|awq|gptq|mlx|gguf|\dbit)$")
_SNAPSHOT = re.compile(r"[-@](?:\d{4}-\d{2}-\d{2}|\d{8}(?:-v\d+)?|\d{6}|\d{4}|\d{2}-\d{2}|\d{3}|latest|preview|exp)$")
_VENDOR = re.compile(
    r"^(?:(?:us|eu|apac|jp|au|global)\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|google|nvidia|moonshot|minimax|zai)\."
)
"""As Bedrock writes them before a name."""
_LONGEST = 120
_LATEST = 10_000
"""Answers of a run that are looked at where no dataset names all."""


class Named(NamedTuple):
    """So many `answers` of a `total` to questions for `asked` name `named`."""

    asked: str
    named: str
    answers: int
    total: int

    def __str__(self) -> str:
        return f"asked for {self.asked}; {self.answers:,} of {self.total:,} answers name {self.named}"


def same(asked: str, named: str) -> bool:
    """Whether two names are of one model; a server that names none says nothing."""
    if not named or asked == named:
        return True
    tags = [_tagged(re.split(r"[/\\]", name.strip().lower())[-1])[1] for name in (asked, named)]
    if all(tags) and not (tags[0].startswith(tags[1]) or tags[1].startswith(tags[0])):
        return False
    return bool(_forms(asked) & _forms(named))


def others(run: ActiveRun) -> list[Named]:
    """The models that answered though another was asked, the commonest first."""
    dataset, sent = _of_dataset(run), _of_sends(run)
    found: list[Named] = []
    for asked in dict.fromkeys([*(key[0] for key in sent), *(key[0] for key in dataset)]):
        counts = max((_named_for(asked, source) for source in (sent, dataset)), key=Counter.total)
        total = counts.total()
        found += [Named(asked, named, count, total) for named, count in counts.most_common(5) if not same(asked, named)]
    return found


def other_models(found: Iterable[Named]) -> list[str]:
    """The same for people."""
    return [f"{model}; the endpoint may answer with another model than the spec's" for model in found]


def _named_for(asked: str, source: Counter[tuple[str, str]]) -> Counter[str]:
    return Counter({named: count for (model, named), count in source.items() if model == asked})


def _of_dataset(run: ActiveRun) -> Counter[tuple[str, str]]:
    """(asked, named) of every answer to the run's questions, wherever it was paid for."""
    if not (run.folder / "samples.parquet").exists():
        return Counter()
    rows = run.table("samples.parquet", ["teacher", "model"]).group_by("teacher", "model").len().iter_rows()
    teachers = run.task.teachers
    found = Counter[tuple[str, str]]()
    for teacher, named, count in rows:
        if 0 <= teacher < len(teachers):
            found[teachers[teacher].address.model, _shown(named)] += count
    return found


def _of_sends(run: ActiveRun) -> Counter[tuple[str, str]]:
    """(asked, named) of what this run itself paid for, test rows and judges too; of a large one the latest."""
    found = Counter[tuple[str, str]]()
    for one in queries.named_models(run.store.reader, run.folder.name, _LATEST):
        if one.asked:
            found[str(one.asked), _shown(one.named)] += one.answers
    return found


def _shown(named: str) -> str:
    """A name as it may be printed and written, whatever the endpoint sent as one."""
    return storable(named)[:_LONGEST]


def _forms(name: str) -> set[str]:
    """Every shorter spelling of a name without its tag: no path, provider, file's ending, quantisation or snapshot."""
    plain = re.sub(r"[\s_]+", "-", name.strip().lower().replace("\\", "/").rstrip("/"))
    head, tag = _tagged(plain.rpartition("/")[2])
    forms = {head, *_shorter(head)}
    return (
        forms | {f"{head}-{tag}", *_shorter(f"{head}-{tag}")} if tag else forms
    )  # Ollama's "llama3:8b" is "llama3-8b"


def _tagged(bare: str) -> tuple[str, str]:
    """A name and the tag behind it; a tuned model's name ("ft:base:org::id") is one whole."""
    if bare.startswith("ft:"):
        return bare, ""
    head, _, tag = bare.partition(":")
    return head, "" if tag == "latest" or tag.isdigit() else tag


def _shorter(form: str) -> Iterable[str]:
    form = _VENDOR.sub("", form)
    yield form
    for _ in range(6):
        cut = next((cut for one in (_FILE, _SNAPSHOT, _QUANTISED) if (cut := one.sub("", form)) != form), None)
        if not cut:
            return
        form = cut
        yield form
