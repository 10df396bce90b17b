"""The readiness list, for people: a line an item, its numbers, and what to do next where it is not met."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.advise.readiness.checklist import Checklist

_MARK = {"met": "[x]", "not met": "[ ]", "not measured": "[?]"}


def checklist_lines(found: Checklist) -> list[str]:
    """The count first."""
    said = f"{found.run}: {found.met} of {len(found.items)} met, {found.not_met} not met, {found.not_measured} not measured"
    lines = [said]
    for item in found.items:
        lines.append(f"  {_MARK[item.state]} {item.name}: {item.found}  (wanted: {item.wanted})")
        if item.next_step:
            lines.append(f"        next: {item.next_step}")
    return lines
