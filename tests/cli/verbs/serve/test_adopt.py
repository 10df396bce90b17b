"""`distill adopt` from the list of tunes to the verdict, step by step, with the tune dark before the student is trained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import old_tunes
import pytest
import tuning_host
from ended import Distill
from served import in_thread
from tuning_jobs import TuningHost

MODEL = "ft:tiny:acme:router:1x"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, distill: Distill) -> Iterator[TuningHost]:
    with in_thread(tuning_host.serve) as served:
        (tmp_path / ".git").mkdir()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("OPENAI_BASE_URL", served.base_url)
        yield served


def test_the_whole_circle(host: TuningHost, distill: Distill, tmp_path: Path) -> None:
    """Files, then answers, then the tune is dark; the student is trained and held against it, and nothing is asked twice."""
    old_tunes.tuned(host, old_tunes.rows(120), old_tunes.rows(40, start=500))
    host.ends[MODEL] = "2027-01-14"
    listed = distill("adopt", "--inventory")
    assert listed.code == 0
    assert MODEL in listed.out
    assert "next: distill adopt ftjob-1" in listed.out
    files = distill("adopt", MODEL, "--base", "linear", "--only", "files")
    assert files.code == 0, files
    assert "it answers until 2027-01-14: " in files.out
    assert "task: prompts/router/task.yaml: 120 rows, 40 rows of the validation file held out" in files.out
    assert host.questions == 0
    answers = distill("adopt", "ftjob-1", "--only", "answers")
    assert answers.code == 0, answers
    assert "recorded: 40 of 40 held-out rows; $0.0000 spent in run router/001" in answers.out
    assert host.questions == 40
    host.dark.add(MODEL)
    done = distill("adopt", "ftjob-1")
    assert done.code == 0, done
    assert (
        f"the student may replace {MODEL}" in done.out or f"not yet: the student does not replace {MODEL}" in done.out
    )
    assert "old tune" in done.out
    assert "student less tune" in done.out
    again = json.loads(distill("adopt", "ftjob-1", "--json").out)
    assert again["replacement"]["word"] in ("may replace it", "not yet")
    assert (again["answers"]["answered"], again["run"]["requests_sent"], host.questions) == (40, 0, 40)
    assert distill("run", "prompts/router").code == 0
    assert host.questions == 40


def test_a_price_is_told_and_waits_for_a_person(host: TuningHost, distill: Distill) -> None:
    old_tunes.tuned(host, old_tunes.rows(60))
    asked = distill("adopt", "ftjob-1", "--base", "linear", "--price", "0.3,1.2")
    assert (asked.code, host.questions) == (0, 0)
    assert "answers: 20 to ask of ft:tiny:acme:router:1x, 0 in the store; $0." in asked.out
    assert "go on: distill adopt ftjob-1 --max-usd 0.01" in asked.out
    told = json.loads(distill("adopt", "ftjob-1", "--json").out)
    assert told["price"]["to_send"] == 20
    alone = distill("adopt", "ftjob-1", "--only", "student", "--max-usd", "0.05")
    assert (alone.code, host.questions) == (2, 0)
    assert "20 held-out rows have no answer of ft:tiny:acme:router:1x yet" in alone.err
    assert distill("adopt", "ftjob-1", "--only", "answers", "--max-usd", "0.05").code == 0
    assert host.questions == 20


def test_a_tune_that_is_dark_leaves_its_rows_to_a_student(host: TuningHost, distill: Distill) -> None:
    """Nobody can say whether the student replaces it; what the student gets right of the known answers is reported."""
    old_tunes.tuned(host, old_tunes.rows(120), old_tunes.rows(40, start=500))
    assert distill("adopt", "ftjob-1", "--base", "linear", "--only", "files").code == 0
    host.dark.add(MODEL)
    done = distill("adopt", "ftjob-1")
    assert done.code == 0, done
    assert f"{MODEL} answers no more: its host does not know it" in done.out
    assert f"not known whether the student may replace {MODEL}" in done.out
    assert "student" in done.out.splitlines()[-1]


def test_what_cannot_be_adopted_is_told_with_the_next_move(host: TuningHost, distill: Distill) -> None:
    missing = distill("adopt", "ft:tiny:acme:nothing:9x")
    assert missing.code == 2
    assert "distill adopt --inventory" in missing.err
    assert distill("adopt", "--inventory").out.startswith("no tunes at ")
    job = old_tunes.tuned(host, old_tunes.rows(20))
    del host.files[job["training_file"]]
    gone = distill("adopt", "ftjob-1")
    assert gone.code == 2
    assert "training.jsonl is gone" in gone.err
    assert "saved all the same" in gone.err
    host.refused["/v1/"] = 401
    assert distill("adopt", "ftjob-1").code == 6
