"""The panel of a run as a picture: the example task asks a teacher for its rows, and what the terminal shows half-way is kept.

    python docs/pictures/panel.py [--out FILE]

The teacher is the fault server of the package: a local endpoint with the limits and the delay of a hosted one. It runs in a
copy of the project, so no run of yours is touched.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from distill.cli.live.panel import Panel
from distill.pipeline.open_task import open_task
from distill.pipeline.run import work
from distill.teacher.progress import Progress
from distill.testing.fault_server import Script, serve

ROOT = Path(__file__).parents[2]
COMMAND = "$ distill run prompts/support-triage --set teacher.model=gpt-6-luna --set seeds.gold_rows=compare"
_HALF = 0.55
_FONT = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)


class Photographed(Panel):
    """A panel that keeps what it shows once `_HALF` of the rows are answered."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = [COMMAND]
        self.svg = ""

    def say(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, spender: str, progress: Progress) -> None:
        self._now = {spender: progress}
        if not self.svg and spender == "teacher" and progress.answered >= _HALF * (progress.total or 1):
            self.svg = self._photograph()

    def _photograph(self) -> str:
        console = Console(record=True, width=112, file=io.StringIO(), force_terminal=True, highlight=False)
        for line in self.lines:
            console.print(Text(line), soft_wrap=True)
        console.print(self._draw())
        # A picture fetches nothing: without its font from elsewhere it is shown in the reader's own.
        return _FONT.sub("", console.export_svg(title="distill", clear=False))


async def photograph() -> str:
    """The SVG of a real run's panel."""
    panel = Photographed()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for name in ("prompts", "data"):
            shutil.copytree(ROOT / name, home / name)
        shutil.copy(ROOT / "pyproject.toml", home)
        async with serve(Script(latency_s=0.6)) as server:
            task = open_task(
                home / "prompts" / "support-triage" / "task.yaml", overrides=_settings(server.base_url), env={}
            )
            await work(task, stages=("generate",), watch=panel, anyway=True)
    return panel.svg


def _settings(base_url: str) -> list[str]:
    return [
        "teacher.model=gpt-6-luna", f"teacher.base_url={base_url}", "teacher.limits={in_flight: 32}",
        "seeds.gold_rows=compare", "teacher.exam={rows: 0}",
    ]  # fmt: skip


def main() -> None:
    settings = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    settings.add_argument("--out", type=Path, default=Path(__file__).with_name("panel.svg"))
    out = settings.parse_args().out
    svg = asyncio.run(photograph())
    if not svg:
        sys.exit("the run ended before half of its rows were answered, so there is no picture")
    out.write_text(svg)


if __name__ == "__main__":
    main()
