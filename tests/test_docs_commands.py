"""Pages show commands that exist: each verb is one of `distill`, each option one of its verb."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from distill.cli.app import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("docs/decisions/*.md"))]
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]  # a group has commands
GENERATED = {"cli.md", "changelog.md"}


def shown(page: Path) -> list[list[str]]:
    """The words behind `distill` of each command in the page's console and sh blocks."""
    blocks = re.findall(r"^```(?:console|sh)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    lines = (line.removeprefix("$ ") for block in blocks for line in block.replace("\\\n", " ").splitlines())
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("distill ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_exist(page: Path) -> None:
    if page.name in GENERATED:
        return
    for verb, *words in shown(page):
        known = {option for parameter in COMMANDS[verb].params for option in parameter.opts}
        options = {word.split("=")[0] for word in words if word.startswith("--")}
        assert options <= known, (verb, options - known)


PLAIN = ("curation", "duplicates", "strata", "judge", "verify", "fault-server", "benchmarks")


@pytest.mark.parametrize("name", PLAIN)
def test_pages_begin_with_purpose_and_example(name: str) -> None:
    """One paragraph of what the page is for, then a block to copy."""
    heading, purpose, example = (ROOT / "docs" / f"{name}.md").read_text().split("\n\n")[:3]
    assert heading.startswith("# ")
    assert len(purpose.split()) < 75
    assert example.startswith("```")


def test_terms_of_the_field_lead_to_a_page() -> None:
    """Who searches for the usual word finds a page, and no page has our old one."""
    texts = "\n".join((ROOT / "docs" / f"{name}.md").read_text() for name in PLAIN).lower()
    for term in ("near-duplicate", "contamination", "13-gram overlap with held-out rows", "llm judge", "synthetic seed",
                 "rejection sampling", "best-of-n", "non-inferiority", "batch job"):  # fmt: skip
        assert term in texts, term
    assert not re.search(r"\b(twins?|nights?|mend|hangs on|heirs?|jury|colleagues?)\b", texts)
