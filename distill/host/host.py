"""One running host: its settings, its home, its database, what trains and what answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.host.home import Home
    from distill.host.serving.engine import Engine
    from distill.host.settings import HostSettings
    from distill.host.state.database import Database
    from distill.host.training.queue import TrainingQueue


@dataclass(slots=True)
class Host:
    """What every route sees, as `request.app.state.host`."""

    settings: HostSettings
    home: Home
    db: Database
    engine: Engine
    queue: TrainingQueue
