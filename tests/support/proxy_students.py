"""A project whose student serves, and the settings of a proxy before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from distill.lifecycle.registry.promote import promote
from distill.proxy.settings import ProxySettings, StudentSettings

GLAD, CROSS = "thank you, lovely 55433 1234", "never again, awful 31676 777"
FAR = "квантовая хромодинамика"


def promoted(home: Path, run: str = "mood/001") -> StudentSettings:
    """The run's student serves from now on."""
    promote(run, home, anyway=True)
    return StudentSettings(spec=home / "task.yaml", look_every_s=1e6)


def settings(home: Path, student: StudentSettings, **more: Any) -> ProxySettings:
    return ProxySettings("mood", home, "http://127.0.0.1:9/v1", home / "logs" / "mood", "live", student, **more)
