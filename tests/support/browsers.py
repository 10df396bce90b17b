"""A headless Chromium where one is installed: the page as it holds it, what of it a phone hides, and on how many sheets it prints."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

BROWSER = next((found for name in ("chromium", "google-chrome", "chrome") if (found := shutil.which(name))), None)
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--virtual-time-budget=3000",
)  # fmt: skip
_FRAME = """<iframe src="{page}" style="border:0;width:{width}px;height:900px"></iframe>"""
_MEASURED = """<script>
onload = () => {
  const pages = [...document.querySelectorAll("iframe")].map((frame) => frame.contentDocument.documentElement);
  document.title = pages.map((page) => page.scrollWidth - page.clientWidth).join(" ");
}
</script>"""


def dumped(page: Path, *options: str) -> str:
    """The page as the browser holds it after all that runs has run."""
    return _called(page, "--dump-dom", *options).decode("utf-8", "replace")


def hidden_at_the_side(page: Path, widths: Sequence[int]) -> dict[int, int]:
    """Width → how many pixels of the page are reached by scrolling sideways only, in a window of that width."""
    frames = page.with_name(f"frame-{page.name}")
    shown = [_FRAME.format(page=page.name, width=width) for width in widths]
    frames.write_text("<!doctype html>" + "".join(shown) + _MEASURED)
    found = re.search(r"<title>([\d ]+)</title>", dumped(frames, "--allow-file-access-from-files"))
    assert found, "the frames cannot see into the page"
    return dict(zip(widths, map(int, found[1].split()), strict=True))


def sheets(page: Path) -> int:
    """Of paper, on which it prints."""
    paper = page.with_suffix(".pdf")
    _called(page, "--no-pdf-header-footer", f"--print-to-pdf={paper}")
    return len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))


def _called(page: Path, *options: str) -> bytes:
    assert BROWSER is not None
    with tempfile.TemporaryDirectory() as profile:
        call = [BROWSER, *QUIET, f"--user-data-dir={profile}", *options, page.resolve().as_uri()]
        return subprocess.run(call, check=True, capture_output=True, timeout=120).stdout
