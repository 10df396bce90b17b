"""docs/moving-from-openai.md: its script, as it stands there, against a host that stands for the names of the page."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import host_process
from chats import write_rows

PAGE = (Path(__file__).parents[1] / "docs" / "moving-from-openai.md").read_text()


async def test_the_script_of_the_page_with_two_variables(tmp_path: Path, tiny_base: Path) -> None:
    script, rows = tmp_path / "tune.py", write_rows(tmp_path / "rows.jsonl", 12)
    script.write_text(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0])
    exports = dict(re.findall(r"^export (\w+)=(\S+)$", PAGE, re.MULTILINE))
    assert list(exports) == ["OPENAI_BASE_URL", "OPENAI_API_KEY"]
    host = await host_process.start(tmp_path / "host", "--base", f"smollm2-135m={tiny_base}")
    assert exports["OPENAI_BASE_URL"] == host.url.replace(str(host.port), "8000")
    environment = os.environ | exports | {"OPENAI_BASE_URL": host.url}
    said = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, script, rows],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    host.process.kill()
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    states = re.findall(r"^(validating_files|queued|running|succeeded)$", said.stdout, re.MULTILINE)
    assert states[-1] == "succeeded"
    assert re.search(r"^ft:gpt-4o-mini-2024-07-18:distill:support:\w+ \d+ None$", said.stdout, re.MULTILINE), lines
