"""A run whose teacher is a list of endpoints: the same dataset, nothing bought twice, and each endpoint told apart."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from distill.cli.text.plan import plan_lines
from distill.cli.text.status import status_lines
from distill.errors import SpecError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.plan import plan
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, Server, serve
from distill.views import status

STAGES = ("generate", "curate", "export")
ALWAYS = ("teacher.model=m", "evaluate.arms=[]", "student.train.with=none")


async def work(task: Path, urls: Sequence[str] | str, home: str, stages: Sequence[str] = STAGES) -> Run:
    """One run; a list is written as one."""
    opened = open_task(
        task, overrides=[*ALWAYS, f"teacher.base_url={json.dumps(urls)}"], env={}, home=task.parent / home
    )
    return await running.work(opened, stages=stages, watch=Silent())


def files(run: Run) -> dict[str, str]:
    return {
        name: hashlib.blake2b((run.folder / name).read_bytes()).hexdigest()
        for name in ("train.jsonl", "valid.jsonl", "test.jsonl")
    }


def billed(*servers: Server) -> Counter[str]:
    return sum((server.ledger.billed for server in servers), Counter[str]())


async def test_a_list_makes_the_dataset_of_one_endpoint_with_one_of_them_failing_midway(task: Path) -> None:
    """Its rows are answered elsewhere; status, report and JSON say what each endpoint came to."""
    async with serve() as one, serve(Script(latency_s=0.01)) as a, serve(Script(faults={"500": 1.0})) as broken:
        alone = await work(task, one.base_url, "alone")
        several = await work(task, [a.base_url, broken.base_url], "several", ORDER)
        assert files(several) == files(alone)
        assert set(billed(a, broken).values()) == {1}
        assert billed(a) == billed(one)
        told = {row.endpoint: row for row in status.status(several.folder, []).endpoints}
        assert told[a.base_url].answered == a.ledger.billed.total()
        assert told[broken.base_url].failed == len(broken.ledger.entries) > 0
        lines = "\n".join(status_lines(status.status(several.folder, [])))
        assert f"  at {a.base_url}: {told[a.base_url].answered} answered in" in lines
        assert {row["endpoint"] for row in several.as_json()["endpoints"]} == {a.base_url, broken.base_url}
        for page in ("report.html", "REPORT.md"):
            assert broken.base_url.split("/")[2] in (several.folder / page).read_text()
        assert alone.as_json()["endpoints"] == []


async def test_no_answer_is_bought_twice_when_the_list_changes(task: Path) -> None:
    """From one address to a list, another order, a third endpoint, one of them alone as a list; no run is begun for it either."""
    async with serve() as a, serve() as b, serve() as c:
        first = await work(task, a.base_url, "home")
        sent = len(a.ledger.entries)
        await work(task, [a.base_url, b.base_url], "home")
        for urls in ([b.base_url, a.base_url], [c.base_url, b.base_url, a.base_url], [c.base_url]):
            again = await work(task, urls, "home")
            assert (again.requests_sent, again.done) == (0, []), urls
            assert files(again) == files(first)
        assert (len(a.ledger.entries), len(b.ledger.entries), len(c.ledger.entries)) == (sent, 0, 0)
        opened = open_task(
            task, overrides=[*ALWAYS, f"teacher.base_url=[{b.base_url}]"], env={}, home=task.parent / "home"
        )
        ahead = plan.plan(opened)
        assert (ahead.spenders[0].to_send, ahead.spenders[0].endpoints) == (0, 1)
        opened = open_task(
            task, overrides=[*ALWAYS, "teacher.base_url=[http://a/v1, http://b/v1]"], env={"OPENAI_API_KEY": "k"}
        )
        assert "at 2 endpoints, m at each" in "\n".join(plan_lines(plan.plan(opened)))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("teacher.base_url=[]", "`teacher.base_url` is an empty list: write the addresses"),
        ("teacher.base_url=[http://a/v1, http://A:80/v1/]", "address 2 is the same endpoint as address 1 (http://a/v1)"),
        ("teacher.base_url=[http://a/v1, ftp://b]", "address 2 is 'ftp://b', no http address"),
        ("teacher.base_url=[http://a/v1, http://me:sk-1234@b/v1]", "address 2 holds a user or a password, which is withheld"),
        ("teacher.base_url=[http://a/v1, 7]", "expected an address, say"),
        ("teacher={model: m, base_url: [http://a/v1, http://b/v1], mode: batch}", "`batch` puts batches at one endpoint, and base_url lists 2"),
        ("teacher={model: m, base_url: http://a/v1, each_address: true, mode: auto}", "and each_address is set"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_is_one_clear_line(task: Path, setting: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        open_task(task, overrides=[*ALWAYS[1:], *([] if "={" in setting else ["teacher.model=m"]), setting], env={})
    assert said in str(caught.value)
    assert "sk-1234" not in str(caught.value)
    assert len(caught.value.faults) == 1
