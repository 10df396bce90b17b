"""docs/tutorial.md is true: its files are written, its commands run in order, and they print what the page shows."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import forks
import pytest

from distill.cli.app import main
from distill.starter import example as starter
from distill.testing.fault_server import serve

PAGE = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text()
_FILE = re.compile(r"^(?:Save as|Replace) `([^`]+)`.*?^```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.+)\n((?:(?!\$ |```).*\n)*)", re.MULTILINE)


def written(home: Path) -> None:
    """The files that the page has its reader write."""
    for name, text in _FILE.findall(PAGE):
        (home / name).write_text(text)


def pattern(shown: str) -> str:
    """What a page shows as a regular expression; a line `…` stands for any lines."""
    return "".join(r"(?:.*\n)*" if line == "…" else re.escape(line) + "\n" for line in shown.splitlines())


def ended() -> int:
    """The exit code of the command in `sys.argv`, run in this process."""
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_the_page_runs_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command ends with 0 and prints the lines below it."""
    monkeypatch.chdir(tmp_path)
    commands = _COMMAND.findall(PAGE)
    assert [command.split()[1] for command, _ in commands][:4] == ["init", "validate", "plan", "run"]
    for command, shown in commands:
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        code = ended()
        out, err = capsys.readouterr()
        assert code == 0, (command, err)
        assert re.fullmatch(pattern(shown), out), (command, out)
        if command.startswith("distill init"):
            written(tmp_path)
    report = (tmp_path / "routing/runs/routing/001/REPORT.md").read_text()
    sections = re.findall(r"^\| ([A-Z][^|]+\?|What [^|]+) \|", PAGE, re.MULTILINE)
    assert len(sections) == 3
    assert all(f"## {section}\n" in report for section in sections)
    score = re.search(r"gets ([\d.]+ %) \(([\d.]+ % to [\d.]+ %), (\d+) rows\)", PAGE)
    assert score is not None
    assert "| Teacher | {} | {} | {} (too few rows) |".format(*score.groups()) in report


@pytest.mark.parametrize("line", re.findall(r"^```sh\n(.*)\n```", PAGE, re.MULTILINE), ids=["hosted", "local"])
async def test_one_line_names_an_endpoint(tmp_path: Path, line: str) -> None:
    """The page's line, with a server of our own at the address that it means; its first stage is enough."""
    starter.write(tmp_path / "routing")
    written(tmp_path)
    async with serve() as server:
        words = shlex.split(line.replace("http://localhost:11434/v1", server.base_url).replace("sk-…", "sk-test"))
        given = dict(word.split("=", 1) for word in words[: words.index("distill")])
        env = {**os.environ, "OPENAI_BASE_URL": server.base_url, **given}
        process = forks.distill("generate", *words[words.index("run") + 1 :], cwd=tmp_path, env=env)
        said = await process.communicate()
        assert process.returncode == 0, said
        assert len(server.ledger.entries) == 27
