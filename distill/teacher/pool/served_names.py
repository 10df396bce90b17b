"""Which model each endpoint's replies name, so that two models are not taken for one.

Names that `distill.text.model_names` takes for the same model are. An endpoint that names none says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from distill.text.model_names import same
from distill.text.normalise import storable

_LONGEST = 120


@dataclass(slots=True)
class ServedNames:
    """Asked model → the endpoint that answered first, and the name in its reply."""

    _first: dict[str, tuple[str, str]] = field(default_factory=dict)

    def heard(self, url: str, asked: str, named: str) -> str:
        """A sentence where a reply names another model than the first endpoint's replies do; else nothing."""
        if not named:
            return ""
        first_url, first = self._first.setdefault(asked, (url, named))
        if first_url == url or same(first, named) or (same(asked, first) and same(asked, named)):
            return ""
        return (
            f"the endpoints of base_url serve different models: {first_url} answers as {_shown(first)!r}, {url} as {_shown(named)!r} "
            f"(asked for {_shown(asked)!r})"
        )


def _shown(name: str) -> str:
    return storable(name)[:_LONGEST]
