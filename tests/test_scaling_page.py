"""The sums of docs/scaling.md are those of `distill scale`, its sample of how many rows are enough too, and its script samples."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ended import Distill

from distill.advise.scale.rates import RATES
from distill.advise.scale.sums import counted, sample_for

PAGE = (Path(__file__).parents[1] / "docs" / "scaling.md").read_text()
SHOWN = re.findall(r"^```console\n\$ distill (scale [^\n]*)\n```\n\n```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=["million", "billion"])
def test_the_tables_are_what_the_commands_print(command: str, shown: str, distill: Distill) -> None:
    assert distill(*command.split()).out.startswith(shown)


def test_the_figures_in_the_text_are_those_of_the_tables(distill: Distill) -> None:
    billion = json.loads(distill("scale", "--rows", "1b", "--price", "0.1/0.5", "--json").out)["all"]
    bytes_a_call = 660 * RATES["bytes_a_token"].value + RATES["bytes_around"].value
    text = " ".join(PAGE.split())
    for said in (
        f"{bytes_a_call:,.0f} bytes a call: {billion['jsonl_bytes'] / 1e12:.2f} TB",
        f"takes {billion['read_core_hours']:.1f} hours of a core",
        f"so {billion['sketch_bytes'] / 1e9:.0f} GB; 21 band keys",
        f"are {billion['band_bytes'] / 1e9:.0f} GB that a cluster shuffles",
        f"are {billion['curate_core_hours']:.0f} hours of a core",
        f"are ${billion['live_usd']:,.0f} at $0.10 and $0.50 a million",
        f"takes {billion['gpu_hours']:,.0f} hours of GPUs",
        f"{billion['endpoints']:,} servers of four",
        f"It read {RATES['read_rows_a_second'].value:,.0f} rows",
        "holds {:,.0f} to {:,.0f} of what is one call in 10,000".format(*counted(1e6, 1e-4)),
        f"so 843 × 2,048 / 128 / 4 = {843 * 2048 / 128 / 4:,.0f} tokens",
    ):
        assert said in text, said
    assert RATES["gpu_prompt_tokens_a_second"].value == 843 * 2048 / 128 / 4
    assert RATES["gpu_answer_tokens_a_second"].value == round(1728 / 2)


@pytest.mark.parametrize("least", [20, 100, 500])
def test_the_rows_of_a_sample(least: int) -> None:
    cells = [f"{sample_for(share, least):,.0f}" for share in (1e-2, 1e-3, 1e-4)]
    assert f"| {least} | {' | '.join(cells)} |" in PAGE


def test_the_script_takes_one_row_in_a_thousand_and_all_its_copies(tmp_path: Path) -> None:
    """Where a log lies and what else a row holds changes nothing."""
    (script,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    path = tmp_path / "sample.py"
    path.write_text(script)
    rows = [
        json.dumps({"n": n, "messages": [{"role": "user", "content": f"where is parcel {n % 20_000}?"}]})
        for n in range(40_000)
    ]
    done = subprocess.run(
        [sys.executable, path], input="\n".join(rows) + "\n", capture_output=True, text=True, check=True
    )
    found = [json.loads(line)["n"] for line in done.stdout.splitlines()]
    low, high = counted(40_000, 1e-3)
    assert low - 10 < len(found) < high + 10
    assert {n % 20_000 for n in found if n < 20_000} == {n % 20_000 for n in found if n >= 20_000}
