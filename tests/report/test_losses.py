"""What each stratum lost, and what edge cases are covered."""

from __future__ import annotations

from run_tables import gathered, made

from distill.report import losses


def test_rare_reasons_share_a_column() -> None:
    reasons = [("form", f"r{i}") for i in range(30)]
    found = gathered(made(400, reasons=reasons)).by_stratum
    assert len(found.columns) == 10
    assert found.columns[-1].reason == "21 other reasons"
    assert all(row.asked == row.kept + sum(row.counts) for row in found.rows)


def test_an_edge_case_stands_beside_its_natural_share() -> None:
    tables = made(90, reasons=[])
    cases = [{"where": {"kind": "s1"}, "at_least": 7, "got": 45}]
    found = losses.edge_cases(cases, tables["seeds"], tables["samples"])[0]
    assert (found.seeds, found.natural, found.share) == (30, 1 / 3, 0.5)
