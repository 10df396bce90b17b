"""With `--json` what goes wrong is one JSON object on stdout too, in every verb, and stderr is empty."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ended import Distill, Said

from distill.cli.app import VERBS

EVERY = [verb for verbs in VERBS.values() for verb in verbs]
TAKES_A_SPEC = [
    "validate", "exam", "plan", "run", "generate", "curate", "export", "train", "evaluate", "report", "status", "calibrate", "refresh",
]  # fmt: skip
TAKES_A_RUN = {"status": (), "explain": ("row",), "show": (), "clean": ("--yes",), "preflight": (), "curve": (), "ablate": (), "chat": (),
    "roi": (), "checklist": (), "promote": (), "rollback": (), "history": (), "verify": (), "diff": (), "routes": (),
    "push": ("--to", "out"), "ship": ("--as", "merged", "--out", "out"),
}  # fmt: skip
TAKES_NEITHER = [
    "monitor",
    "host",
    "adopt",
    "proxy",
    "init",
    "list",
    "advise",
    "scale",
    "explain-miss",
    "gates",
    "presets",
    "schema",
    "fault-server",
]


def error(said: Said, code: int = 2) -> dict[str, object]:
    """The one object; its code is the exit code."""
    assert said.err == ""
    found = json.loads(said.out)
    assert list(found) == ["error"]
    assert said.code == code
    assert found["error"]["code"] == code
    assert found["error"]["message"]
    assert isinstance(found["error"]["faults"], list)
    return dict(found["error"])


def test_every_verb_stands_in_one_of_these_lists() -> None:
    assert sorted({*TAKES_A_SPEC, *TAKES_A_RUN, *TAKES_NEITHER}) == sorted(EVERY)


@pytest.mark.parametrize("verb", EVERY)
def test_an_option_that_there_is_not(verb: str, distill: Distill) -> None:
    """Before and behind `--json`: the reader of stdout gets an object all the same."""
    for words in (("--json", "--no-such-option"), ("--no-such-option", "--json")):
        assert "--no-such-option" in str(error(distill(verb, *words))["message"])


@pytest.mark.parametrize("verb", sorted({*TAKES_A_SPEC, *TAKES_A_RUN, "explain-miss"} - {"verify", "diff"}))
def test_an_argument_that_is_missing(verb: str, distill: Distill) -> None:
    assert "Missing argument" in str(error(distill(verb, "--json"))["message"])


@pytest.mark.parametrize("verb", TAKES_A_SPEC)
def test_a_spec_with_faults_has_each_with_its_place(verb: str, task: Path, distill: Distill) -> None:
    task.write_text(
        task.read_text().replace("accept: 20", "accept: many").replace("task: mood", "task: mood\nsedes: 1")
    )
    sets = () if verb != "status" else ("--set", "dataset.accept=many")
    faults = error(distill(verb, task, *sets, "--json"))["faults"]
    assert isinstance(faults, list)
    assert len(faults) == 2
    assert all(fault["where"] and fault["message"] for fault in faults)


@pytest.mark.parametrize("verb", TAKES_A_SPEC)
def test_a_spec_that_is_not_there(verb: str, task: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(task.parent)
    assert "nowhere" in str(error(distill(verb, "nowhere", "--json"))["message"])


@pytest.mark.parametrize(("verb", "words"), TAKES_A_RUN.items())
@pytest.mark.parametrize("name", ["mood/007", "nothing", "latest"])
def test_a_run_that_is_not_there(
    verb: str, words: tuple[str, ...], name: str, task: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(task.parent)
    error(distill(verb, name, *words, "--json"))


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("init",), "folder"),
        (("adopt",), "--inventory"),
        (("adopt", "ft:a", "--inventory"), "ft:a"),
        (("adopt", "ft:a", "--price", "cheap"), "cheap"),
        (("init", "--from", "none.csv"), "none.csv"),
        (("explain-miss", "a", "b"), "a"),
        (("fault-server", "--fault", "no-such-fault=0.5"), "no-such-fault"),
        (("fault-server", "--port", "70000"), "65535"),
        (("advise", "--wrong", "prise"), "prise"),
        (("host", "--address", "192.0.2.1"), "--key-env"),
        (("host", "--base", "x"), "NAME=PATH"),
        (("host", "--alias", "x=y"), "smollm2-135m"),
        (("host", "--status"), "no host yet"),
        (("gates", "more"), "more"),
        (("presets", "more"), "more"),
        (("schema", "more"), "more"),
        (("no-such-verb",), "no-such-verb"),
        (("run", "task.yaml", "--set", "dataset.accept"), "dataset.accept"),
        (("run", "task.yaml", "--max-usd", "0"), "--max-usd"),
        (("curate", "task.yaml", "--what-if", "nonsense"), "nonsense"),
        (("refresh", "task.yaml"), "refresh"),
        (("status", "mood", "--all"), "mood"),
        (("show", "mood", "half"), "half"),
    ],
)
def test_other_mistakes(
    words: tuple[str, ...], part: str, task: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(task.parent)
    assert part in str(error(distill(*words, "--json"))["message"])


def test_other_exit_codes_too(task: Path, distill: Distill) -> None:
    """A key that is refused, a gate that nothing passes (the run has a result, which is printed), a file that the system refuses."""
    said = error(distill("run", task, "--set", "teacher.model=gpt-4o-mini", "--json"), 6)
    assert "OPENAI_API_KEY" in str(said["message"])
    (task.parent / "runs" / "mood" / "001").mkdir(parents=True, exist_ok=True)
    (task.parent / "runs" / "mood" / "001" / "manifest.json").mkdir()
    assert "manifest.json" in str(error(distill("run", task, "--json"))["message"])
