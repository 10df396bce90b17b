"""`distill ablate` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from ended import Distill

HOME_OF_RUN = Path("runs") / "mood" / "001"


def test_it_is_printed_kept_and_shown_in_the_report(finished_moods: Path, distill: Distill) -> None:
    """The balance dropped a quarter of the rows; a second command trains nothing, and the report is written again."""
    home, folder = ("--home", finished_moods.parent), finished_moods.parent / HOME_OF_RUN
    first = distill("ablate", "mood", "--seeds", "2", *home)
    assert first.code == 0, first.err
    assert "ablation of mood/001 (linear): 120 training rows × 2 seeds each" in first.err
    assert "without balance: of 40 rows that it dropped, 40 come into the dataset" in first.err
    assert "to do: 4 of 4 trainings of 120 rows each" in first.err
    assert "dedup: the student learns the same rows without it" in first.out
    again = distill("ablate", "mood/001", "--seeds", "2", "--json", *home)
    assert json.loads(again.out) == json.loads((folder / "ablation.json").read_text())["ablations"]["linear"]
    assert again.err == ""
    assert distill("report", finished_moods).code == 0
    for page in ("report.html", "REPORT.md"):
        assert "What is each gate worth?" in (folder / page).read_text()
    assert json.loads((folder / "report.json").read_text())["ablations"]["linear"]["rows"] == 120


def test_what_has_no_ablation_is_told(task: Path, distill: Distill) -> None:
    assert distill("run", task).code == 0
    home = ("--home", task.parent)
    none = distill("ablate", "mood", *home)
    assert none.code == 2
    assert "nothing is trained (student.train.with: none); `distill ablate mood --with linear`" in none.err
    unknown = distill("ablate", "mood", "--with", "linear", "--without", "lenght", *home)
    assert unknown.code == 2
    assert "there is no such gate; expected" in unknown.err
    assert distill("ablate", "nothing", *home).code == 2
    assert not (task.parent / HOME_OF_RUN / "ablation.json").exists()
