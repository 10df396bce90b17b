"""The job files, each from a template beside this module; values are written as Python or YAML literals, so that none can be code.

trl            train.py     python train.py             LoRA by TRL and peft
axolotl        train.yaml   axolotl train train.yaml
llamafactory   train.yaml   llamafactory-cli train train.yaml
openai         tune.py      python tune.py              OpenAI's protocol at any address
together       tune.py      python tune.py
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from distill.errors import UsageError
from distill.student.job_files import yaml_jobs
from distill.student.job_files.settings import EMBEDDED, JobSettings
from distill.text.normalise import did_you_mean

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file's name, the command that starts it, and the format whose files lie beside it."""

    file: str
    command: str
    format: str
    text: Callable[[JobSettings], str]


def _script(template: str) -> Callable[[JobSettings], str]:
    return lambda job: _environment().get_template(template).render(job=job)


CONFIGS: Mapping[str, JobFile] = {
    "trl": JobFile("train.py", "python train.py", "trl", _script("trl.py.j2")),
    "axolotl": JobFile("train.yaml", "axolotl train train.yaml", "axolotl", yaml_jobs.axolotl),
    "llamafactory": JobFile("train.yaml", "llamafactory-cli train train.yaml", "llamafactory", yaml_jobs.llamafactory),
    "openai": JobFile("tune.py", "python tune.py", "openai", _script("openai.py.j2")),
    "together": JobFile("tune_together.py", "python tune_together.py", "openai", _script("together.py.j2")),
}
"""Name → job file."""


def named(given: Collection[str]) -> list[str]:
    """The names of job files, each once and as `a,b` too; UsageError with the known ones for any other."""
    names = [name.strip() for text in given for name in text.split(",")]
    for name in names:
        if name not in CONFIGS:
            near = did_you_mean(name, CONFIGS)
            said = near if "did you mean" in near else ""
            raise UsageError(f"--config {name!r}: known configs: {', '.join(CONFIGS)}{said}")
    return list(dict.fromkeys(names))


def render(name: str, job: JobSettings) -> bytes:
    """One job file; a base that comes with distill goes by its public name."""
    return CONFIGS[name].text(replace(job, base=EMBEDDED.get(job.base, job.base))).encode()


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - it is Python, not HTML; `finalize` spells each value as a literal
        loader=PackageLoader("distill.student.job_files", "."),
        undefined=StrictUndefined,
        finalize=_literal,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = _words
    return environment


def _literal(value: object) -> str:
    """A value as Python spells it, and a plain text as a formatter would."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    plain = type(value) is str and value.isprintable() and '"' not in value and "\\" not in value
    return f'"{value}"' if plain else repr(value)


class _Words(str):
    """A text that stands in a comment or a docstring: its own letters, without those that could end one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "".join(letter for letter in self if letter.isalnum() or letter in " ._-/:@+")


def _words(text: str) -> _Words:
    return _Words(text)
