"""The first screen of a run's report as a picture: report.html in a headless Chromium, written to docs/pictures/report.png.

python docs/pictures/report.py runs/support-triage/001 [--width 1160 --height 900 --out FILE]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--virtual-time-budget=2000",
    "--run-all-compositor-stages-before-draw",  # or a busy machine leaves parts of the page blank
)  # fmt: skip


def picture(page: Path, out: Path, *, width: int, height: int) -> None:
    """Draw `page` into `out`, a PNG of so many pixels."""
    browser = next((found for name in ("chromium", "google-chrome", "chrome") if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit("a picture of the report needs chromium; on Debian or Ubuntu: apt install chromium")
    with tempfile.TemporaryDirectory() as profile:
        call = [
            browser,
            *_QUIET,
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            f"--screenshot={out}",
        ]
        subprocess.run([*call, page.resolve().as_uri()], check=True, capture_output=True)  # noqa: S603 - the page of our own run


def main() -> None:
    settings = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    settings.add_argument("run", type=Path, help="the folder of a finished run")
    settings.add_argument("--out", type=Path, default=Path(__file__).with_name("report.png"))
    settings.add_argument("--width", type=int, default=1160)
    settings.add_argument("--height", type=int, default=900)
    given = settings.parse_args()
    page = given.run / "report.html"
    if not page.exists():
        sys.exit(f"{page} is not there; `make distill` writes the example's")
    picture(page, given.out, width=given.width, height=given.height)


if __name__ == "__main__":
    main()
