"""A run as a value: its JSON, and how it shows itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from distill.curate.accounting.shortfall import Shortfall
from distill.errors import UsageError
from distill.evaluate.verdict import ComparisonVerdict
from distill.generate.served_models import Named
from distill.pipeline.result import Funnel, Run

RUN = Run(
    name="mood/001", folder=Path("/runs/mood/001"), done=["curate"], skipped=["generate"], changed={"curate": ["a changed"]},
    requests_sent=3, from_the_store=2, pending=1, usd=0.5, usd_estimated=0.0, shortfall=[Shortfall("a", 5, 3, "length", 2)],
    models=[Named("m", "n", 1, 2)], funnel=Funnel([{"stage": "seeds"}], 4, 4, 0, 3, 1),
    verdict=ComparisonVerdict("undecided", ["Undecided: <b>few</b> rows."], 40), report=Path("/runs/mood/001/report.html"), exit_code=3,
)  # fmt: skip


def test_json_has_the_keys_of_the_command_line() -> None:
    """In their order; every value is plain."""
    found = json.loads(json.dumps(RUN.as_json()))
    assert list(found) == [
        "run", "folder", "done", "skipped", "changed", "requests_sent", "from_the_store", "owed", "shortfall", "large_losses",
        "nothing", "usd", "usd_estimated", "unpriced_calls", "warnings", "models", "funnel", "verdict", "diagnosis", "figures", "gate", "preview", "report", "exit",
        "endpoints",
    ]  # fmt: skip
    assert (found["run"], found["owed"], found["exit"]) == ("mood/001", 1, 3)
    assert found["shortfall"] == [{"stratum": "a", "wanted": 5, "got": 3, "reason": "length", "count": 2}]
    assert found["models"] == [{"asked": "m", "named": "n", "answers": 1, "total": 2}]
    assert list(found["funnel"]) == ["stages", "seeds", "questions", "gold", "kept", "dropped", "conserved"]
    assert found["verdict"]["rows_needed"] == 40
    assert found["report"] == "/runs/mood/001/report.html"


def test_repr_is_one_line_of_figures() -> None:
    assert repr(RUN).startswith(
        "Run(name='mood/001', done='curate', kept=3, dropped=1, requests_sent=3, spent='$0.5000'"
    )
    assert "pending=1" in repr(RUN)
    assert "pending" not in repr(replace(RUN, pending=0))


def test_html_is_escaped() -> None:
    shown = replace(RUN, name="<script>")._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "&lt;b&gt;few&lt;/b&gt;" in shown
    assert "<script>" not in shown


def test_table_that_is_not_there_names_its_command(tmp_path: Path) -> None:
    run = replace(RUN, folder=tmp_path / "runs" / "mood" / "001")
    with pytest.raises(UsageError, match="`distill curate mood` writes it again"):
        _ = run.dataset


def test_spend_without_a_send_is_an_empty_frame() -> None:
    assert RUN.spend.height == 0
    assert {"spender", "usd", "prompt_tokens"} <= set(RUN.spend.columns)
