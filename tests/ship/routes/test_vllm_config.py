"""vLLM's configuration: one server, several adapters."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from distill.errors import UsageError
from distill.ship.routes import vllm_config
from distill.ship.routes.vllm_config import ServedAdapter

VLLM_PYTHON = os.environ.get("VLLM_PYTHON")
PARSED = """
import json, sys
from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
from vllm.utils.argparse_utils import FlexibleArgumentParser
words = ["serve", "--config", sys.argv[1]]
parser = make_arg_parser(FlexibleArgumentParser(prog="vllm serve"))
sys.argv = ["vllm", *words]
found = parser.parse_args(words[1:])
validate_parsed_serve_args(found)
print(json.dumps([found.model, found.enable_lora, found.max_lora_rank, found.max_loras, found.chat_template, found.host, found.port,
                  [[one.name, one.path] for one in found.lora_modules]]))
"""


def adapter(folder: Path, rank: int) -> Path:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank}))
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    both = [
        ServedAdapter("mood", adapter(tmp_path / "a", 4)),
        ServedAdapter("tone", adapter(tmp_path / "b = c" / "current", 20)),
    ]
    (tmp_path / "chat.jinja").write_text("{{ messages }}")
    (tmp_path / "vllm.yaml").write_bytes(vllm_config.config("some/base", both, str(tmp_path / "chat.jinja")))
    return tmp_path / "vllm.yaml"


def test_the_rank_holds_every_adapter(config: Path) -> None:
    found = yaml.safe_load(config.read_text())
    assert (found["model"], found["enable-lora"], found["max-loras"], found["max-lora-rank"]) == (
        "some/base",
        True,
        2,
        32,
    )
    assert [json.loads(one)["name"] for one in found["lora-modules"]] == ["mood", "tone"]
    assert found["host"] == "127.0.0.1"


def test_a_whole_model_goes_by_the_tasks_name() -> None:
    assert yaml.safe_load(vllm_config.whole(Path("student/model"), "mood"))["served-model-name"] == ["mood"]


def test_an_adapter_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"adapter_config.json is not there"):
        vllm_config.max_rank([tmp_path])


@pytest.mark.slow
@pytest.mark.skipif(not VLLM_PYTHON, reason="vLLM is not installed; a Python that has it: VLLM_PYTHON=VENV/bin/python")
def test_vllms_own_parser_takes_it(config: Path) -> None:
    done = subprocess.run(
        [str(VLLM_PYTHON), "-c", PARSED, config], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    folder = config.parent
    assert json.loads(done.stdout.splitlines()[-1]) == [
        "some/base", True, 32, 2, str(folder / "chat.jinja"), "127.0.0.1", 8000,
        [["mood", str(folder / "a")], ["tone", str(folder / "b = c" / "current")]],
    ]  # fmt: skip
