"""`task.yaml` → `TaskSpec`, or every fault of it at once.

Unknown keys are refused with the nearest known one, duplicate keys too; each fault carries the line it stands on, and never
a value that may be a key. `--set a.b=c` is applied to the raw mapping first, so it is checked like the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.errors import Fault, SpecError, UsageError
from distill.records import Json
from distill.secrets import withheld
from distill.spec.loading import validation, yaml_lines
from distill.spec.loading.places import Places, dotted
from distill.spec.loading.yaml_lines import NodePath
from distill.spec.task import TaskSpec

SPEC_FILE = "task.yaml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A spec with the place of each setting, and its faults: then what is wrong is left out of `task`, so that what it
    names can be looked at too. None where so little is right that nothing can be.
    """

    spec: TaskSpec | None
    places: Places
    faults: list[Fault]


def load(path: Path, overrides: Sequence[str] = ()) -> TaskSpec:
    """Read, override and check a spec; raises SpecError with all faults, or UsageError where there is no file."""
    loaded = look(path, overrides)
    if loaded.faults or loaded.spec is None:
        raise SpecError(loaded.places.source, loaded.faults)
    return loaded.spec


def look(path: Path, overrides: Sequence[str] = (), options: Mapping[str, str] | None = None) -> Loaded:
    """As `load`, with the faults in place of an error where the rest can be looked at all the same. `options` gives the
    name under which the user knows an override that is no `--set`: setting → option.
    """
    if path.is_dir():
        path = path / SPEC_FILE
    read = yaml_lines.read(_text(path), str(path))
    raw, places = read.raw, Places(str(path), read.lines)
    faults = list(read.faults)
    places.lost |= read.lost
    for override in overrides:
        faults += _set(raw, override, places, options or {})
    faults += _keys(raw, places)
    spec, wrong = validation.checked(raw, places)
    return Loaded(spec, places, _in_order(faults + wrong))


def task_of(path: Path) -> str:
    """The name of a spec's task, whatever else is wrong with it; UsageError or SpecError where it has none."""
    file = path / SPEC_FILE if path.is_dir() else path
    name = yaml_lines.read(_text(file), str(file)).raw.get("task")
    if not isinstance(name, str):
        raise SpecError(str(file), [Fault(f"{file}:1", "`task`, its name, is missing")])
    return name


def schema() -> dict[str, Json]:
    """The spec's JSON Schema, for editors."""
    return TaskSpec.model_json_schema(by_alias=True) | {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def _text(path: Path) -> str:
    """The file's text; UsageError where there is none, or none that is a spec's."""
    shown = withheld.masked(str(path))
    try:
        if not path.is_file():
            raise UsageError(
                f"no spec at {shown}: it {_instead(path)}; name a task.yaml or its folder, or let `distill init FOLDER` write a first one"
            )
        if path.stat().st_size > 4 * yaml_lines.MOST_BYTES:
            said = f"{shown} holds {path.stat().st_size:,} bytes, far more than a spec; rows belong into a file that `seeds.from` names"
            raise UsageError(said)
        data = path.read_bytes()
    except (OSError, ValueError) as fault:
        if isinstance(fault, UsageError):
            raise
        raise UsageError(f"{shown}: cannot be read: {getattr(fault, 'strerror', None) or fault}") from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{shown} is UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise UsageError(f"{shown}:{line}: the byte {data[fault.start]:#04x} is not UTF-8; save it as UTF-8") from None


def _instead(path: Path) -> str:
    """What stands where a spec should."""
    if path.is_symlink() and not path.exists():
        return "is a link that leads nowhere"
    if path.exists():
        return "is no plain file"
    alike = path.with_suffix(".yml")
    return f"does not exist, but {alike.name} next to it does" if alike.is_file() else "does not exist"


def _set(raw: dict[str, Json], override: str, places: Places, options: Mapping[str, str]) -> list[Fault]:
    """Apply one `a.b=value`; the value is read as YAML, so `3`, `true`, `null` and `[a, b]` mean what they look like."""
    setting, equals, value = override.partition("=")
    if not equals or not setting or "\0" in override:
        given = withheld.shown(override) or "(withheld: it looks like a key)"
        raise UsageError(f"--set {given}: expected a.b=value, e.g. --set teacher.limits.in_flight=8")
    option = options.get(setting, f"--set {withheld.masked(setting)}")
    path = tuple(setting.split("."))
    *parents, last = path
    here = raw
    for name in parents:
        here = here.setdefault(name, {})
        if isinstance(here, list):
            raise UsageError(
                f"{option}: `{name}` is a list, which is given as a whole: --set {withheld.masked(name)}=[a, b]"
            )
        if not isinstance(here, dict):
            raise UsageError(f"{option}: `{name}` holds a single value, not a group of settings")
    try:
        here[str(last)] = yaml_lines.value(value, option)
    except SpecError as fault:
        return list(fault.faults)
    places.options[path] = option
    return []


def _keys(raw: Json, places: Places, path: NodePath = ()) -> Iterator[Fault]:
    """A key that was pasted into any setting of a spec, which is copied to each run's folder."""
    if isinstance(raw, dict | list):
        inside = raw.items() if isinstance(raw, dict) else enumerate(raw)
        for name, value in inside:
            yield from _keys(value, places, (*path, name))
            if isinstance(name, str) and withheld.is_key(name):
                yield Fault(places.of(path), "a name here looks like a key; it is withheld, take it out of the spec")
        return
    if not isinstance(raw, str):
        return
    named = path[-1:] == ("key_env",) and withheld.looks_like_key(raw) and not raw.isupper()
    if named or (withheld.is_key(raw) and "base_url" not in path[-2:]):
        places.lost.add(path)
        yield Fault(places.of(path), f"`{dotted(path)}` {withheld.KEY_HINT}")


def _in_order(faults: Sequence[Fault]) -> list[Fault]:
    """By line, each once; of a setting that looks like a key the one other fault that is kept is that no key has its name."""
    unknown = {one.message.split("`")[1] for one in faults if one.message.startswith("unknown key `")}
    secret = {one.message.split("`")[1] for one in faults if one.message.endswith(withheld.KEY_HINT)} - unknown

    def follows(fault: Fault) -> bool:
        named = fault.message.split("`")[1] if fault.message.count("`") > 1 else ""
        keyed = fault.message.endswith(withheld.KEY_HINT)
        return named in unknown if keyed else named in secret

    def line(fault: Fault) -> tuple[str, int]:
        source, _, number = fault.where.rpartition(":")
        return (source, int(number)) if number.isdigit() else (fault.where, 0)

    return sorted((one for one in dict.fromkeys(faults) if not follows(one)), key=line)
