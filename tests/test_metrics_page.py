"""The functions that the page on metrics shows do what it says."""

from __future__ import annotations

import re
from pathlib import Path

from answered import BARE, judged, means

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"


def test_the_pages_functions_score_answers(task: Path) -> None:
    check, own = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (task.parent / "verify.py").write_text(check)
    (task.parent / "metrics.py").write_text(own)
    right, raises = "def scale(x):\n    return 3 * x\n", "raise NotImplementedError\n"
    found, scores = judged(
        task, {"teacher": [right] * 20, "student": [right, raises] * 10}, *BARE, "gates=[{verify: {seconds: 20}}]",
        'evaluate.metrics=[auto, {python: metrics.py}, {python: "metrics.py:greets"}]', gold=[{"scale_of_2": 6}] * 20,
    )  # fmt: skip
    assert means(found)["verify"] == 0.5
    assert means(found)["score"] == 1
    assert means(found)["greets"] == 0
    assert "NotImplementedError:" in scores.filter(metric="verify", value=0.0)["reason"].to_list()
