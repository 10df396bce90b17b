"""vLLM itself answers a request file, and its result file is taken in."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from answered_folder import asked, session_in

from distill.records import Request
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import opened

VLLM_PYTHON = os.environ.get("VLLM_PYTHON")


@pytest.mark.slow
@pytest.mark.skipif(not VLLM_PYTHON, reason="vLLM is not installed; a Python that has it: VLLM_PYTHON=VENV/bin/python")
async def test_vllm_answers_a_request_file(tmp_path: Path, tiny_base: Path) -> None:
    """Two good rows, and one that is longer than the model's context: answers, and a refusal in vLLM's words."""
    config = tiny_base / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"torch_dtype": "float32"}))
    texts, folder = ["a lamp", "a river", "long " * 400], tmp_path / "folder"
    rows = [
        Request("file", {"model": "tiny", "messages": [{"role": "user", "content": text}], "max_tokens": 5, "seed": 7})
        for text in texts
    ]
    with opened(tmp_path / "s" / "answers.db") as store:
        with session_in(folder, store, endpoint="file", price=None) as session:
            await run_round(session, rows)
        (name,) = asked(folder)
        given, made = (str(folder / kind / f"{name}.jsonl") for kind in ("requests", "results"))
        words = ["-i", given, "-o", made, "--model", str(tiny_base), "--served-model-name", "tiny", "--enforce-eager"]
        env = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
        done = subprocess.run(  # noqa: ASYNC221 - nothing else runs beside it
            [str(VLLM_PYTHON), "-m", "vllm.entrypoints.openai.run_batch", *words],
            capture_output=True, text=True, check=False, timeout=1500, env=env,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        with session_in(folder, store, endpoint="file", price=None) as session:
            await run_round(session, rows)
            assert not session.out
        ends = [[one.ended for one in store.attempts(row.id)] for row in rows]
        assert ends == [["ok"], ["ok"], ["refused"]]
        assert "context length" in (store.attempts(rows[2].id)[0].error or "")
        assert (kept := store.get(rows[0].id)) is not None
        assert (kept.model, kept.usage.measured, kept.usage.completion_tokens) == ("tiny", True, 5)
