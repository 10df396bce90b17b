"""The page on teachers of one's own: vLLM's own parser takes its commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "local-teachers.md"
VLLM_PYTHON = os.environ.get("VLLM_PYTHON")
PARSED = """
import json, sys
import vllm.platforms
from vllm.platforms.cpu import CpuPlatform
vllm.platforms._current_platform = CpuPlatform()  # on whatever machine this runs
from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
from vllm.utils.argparse_utils import FlexibleArgumentParser
found = []
for words in json.loads(sys.argv[1]):
    parser = make_arg_parser(FlexibleArgumentParser(prog="vllm serve"))
    sys.argv = ["vllm", "serve", *words]
    one = parser.parse_args(words)
    validate_parsed_serve_args(one)
    found.append([one.model_tag or one.model, one.port, one.data_parallel_size, one.max_model_len])
print(json.dumps(found))
"""


def served() -> list[list[str]]:
    """The words behind each `vllm serve` of the page, as the shell would give them for the second GPU."""
    text = PAGE.read_text().replace("\\\n", " ").replace("$((8000 + gpu))", "8001").replace('"$TEACHER_KEY"', "key")
    return [shlex.split(words) for words in re.findall(r"vllm serve ([^&`\n]+)", text)]


def test_the_page_shows_replicas_and_vllms_own_way() -> None:
    replica, own = served()
    assert replica[:3] == ["Qwen/Qwen3-8B", "--served-model-name", "qwen3-8b"]
    assert own == ["Qwen/Qwen3-8B", "--data-parallel-size", "4"]


@pytest.mark.slow
@pytest.mark.skipif(not VLLM_PYTHON, reason="vLLM is not installed; a Python that has it: VLLM_PYTHON=VENV/bin/python")
def test_vllms_own_parser_takes_the_commands() -> None:
    words = [str(VLLM_PYTHON), "-c", PARSED, json.dumps(served())]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == [
        ["Qwen/Qwen3-8B", 8001, 1, 16384],
        ["Qwen/Qwen3-8B", 8000, 4, None],
    ]
