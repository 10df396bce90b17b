"""Which of many texts are near which: found once, asked by every step that needs it.

A node is a text after `normalise`, so equal texts are one. An edge joins two texts whose 4-grams overlap by the threshold or
more (`distill.similar`) or, where that is asked for, two that one slip of typing sets apart (`distill.slips`) or that mean
nearly the same (`distill.meaning`). The seeds' graph
serves all rounds of curation, since a sample's input is its seed's; `table` and `read` keep it in a Parquet file. A text that
is not in the graph is compared anew.

Of a crowd (more than 16 texts in a chain of edges) the graph may hold only the edges to a few of its members, so that
boilerplate does not cost the square of its number. Such a crowd is compared again in the order asked about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from distill import similar
from distill.similar import clusters, near_pairs
from distill.text import normalise, spelling

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["near", "typing", "meaning"]
Edge = tuple[float, Kind]
ROOM = 64
"""With how many before it a text of a crowd is compared again, at least."""
Pair = tuple[int, int, float, Kind]


@dataclass(frozen=True, slots=True)
class Twin:
    """The nearest of the texts asked about."""

    index: int
    value: float
    kind: Kind = "near"

    def __str__(self) -> str:
        apart = "one slip of typing apart, " if self.kind == "typing" else ""
        return f"{apart}{'cosine' if self.kind == 'meaning' else 'similarity'} {self.value:.2f}"

    def beside(self, near: float, meaning: float | None) -> str:
        """How near it is, and the limit that it passed; a slip of typing has none."""
        limit = {"near": near, "meaning": meaning}.get(self.kind)
        return str(self) if limit is None else f"{self}, limit {limit}"


@dataclass(frozen=True, slots=True)
class Graph:
    """Build one with `of`; nothing changes it afterwards."""

    threshold: float
    meaning: float | None
    """The cosine from which two texts mean the same; None where meaning was not asked about."""
    texts: Sequence[bytes] = field(repr=False)
    """Of each node its text's `spelling`: the texts themselves would not fit in memory beside a million rows."""
    nodes: Mapping[bytes, int] = field(repr=False)
    edges: Mapping[int, Mapping[int, Edge]] = field(repr=False)
    """Of each node that has any, its neighbours; each edge stands at both ends."""
    crowd: Mapping[int, int] = field(repr=False)
    """Of each node in a crowd, the crowd's smallest node."""
    typing: bool = False
    """Whether slips of typing were asked about."""

    @classmethod
    def of(cls, texts: Iterable[str], *, threshold: float, meaning: float | None = None, typing: bool = False) -> Graph:
        """The graph of texts, with edges from a similarity in (0, 1] on, and from a cosine in (0, 1] on where one is given.

        With `typing`, also between texts that one slip of typing sets apart; their value is their similarity.
        """
        plain = list(dict.fromkeys(map(normalise, texts)))
        spelt = [spelling(text) for text in plain]
        pairs: list[Pair] = [(i, j, value, "near") for i, j, value in near_pairs(plain, threshold=threshold)]
        if typing:
            from distill.slips import slips

            pairs += [(i, j, value, "typing") for i, j, value in slips(plain)]
        if meaning is not None:
            from distill.meaning import alike

            pairs += [(i, j, value, "meaning") for i, j, value in alike(plain, threshold=meaning)]
        return cls._of(spelt, pairs, threshold, meaning, typing)

    @classmethod
    def _of(
        cls, spelt: Sequence[bytes], pairs: Sequence[Pair], threshold: float, meaning: float | None, typing: bool
    ) -> Graph:
        from distill.sketches import LEAST

        edges: dict[int, dict[int, Edge]] = {}
        for i, j, value, kind in pairs:  # near copies come first, and what is near need not be more
            edges.setdefault(i, {}).setdefault(j, (value, kind))
            edges.setdefault(j, {}).setdefault(i, (value, kind))
        ends = sorted(edges)
        place = {node: at for at, node in enumerate(ends)}
        roots = clusters(len(ends), [(place[i], place[j], value) for i, j, value, _ in pairs])
        sizes = Counter(roots)
        crowd = {node: ends[root] for node, root in zip(ends, roots, strict=True) if sizes[root] > LEAST}
        return cls(threshold, meaning, spelt, {text: node for node, text in enumerate(spelt)}, edges, crowd, typing)

    @classmethod
    def read(
        cls,
        table: pl.DataFrame,
        texts: Mapping[str, str],
        *,
        threshold: float,
        meaning: float | None = None,
        typing: bool = False,
    ) -> Graph:
        """The graph of `table` again; `texts` are all texts that it was made of, by their ids."""
        spelt = list(dict.fromkeys(map(spelling, texts.values())))
        nodes = {text: node for node, text in enumerate(spelt)}
        node = {name: nodes[spelling(text)] for name, text in texts.items()}
        rows = table.sort("a", "b").iter_rows()
        pairs = [(*sorted((node[a], node[b])), value, kind) for a, b, value, kind in rows if a in node and b in node]
        return cls._of(spelt, pairs, threshold, meaning, typing)

    def table(self, texts: Mapping[str, str]) -> pl.DataFrame:
        """Every edge between `texts` (by id) as (a, b, similarity, kind), a < b; of equal texts the smallest id stands for all."""
        import polars as pl

        names: dict[int, str] = {}
        for name in sorted(texts):
            node = self.nodes.get(spelling(texts[name]))
            if node is not None:
                names.setdefault(node, name)
        rows = sorted(
            (*sorted((names[i], names[j])), value, kind)
            for i, own in self.edges.items()
            for j, (value, kind) in own.items()
            if i < j and i in names and j in names
        )
        schema = {"a": pl.String, "b": pl.String, "similarity": pl.Float64, "kind": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def twins(self, texts: Sequence[str] | pl.Series, *, threshold: float) -> list[Twin | None]:
        """For each text, best first: None where it stays, else the nearest that stays.

        A text goes only when it is near one that stays. Chains never count (a ~ b ~ c drops b alone when a and c
        are far apart), so a cluster always keeps a survivor and boilerplate cannot melt a whole source into one row.
        """
        spelt = [spelling(text) for text in texts]
        links = self._links(spelt, texts, threshold)
        stays: dict[bytes, int] = {}
        gone: dict[bytes, Twin] = {}
        found: list[Twin | None] = []
        for j, text in enumerate(spelt):
            if text in stays:
                found.append(Twin(stays[text], 1.0))
            elif text in gone:  # a copy goes wherever its first appearance went
                found.append(gone[text])
            else:
                near = [Twin(stays[other], *edge) for other, edge in links(text).items() if other in stays]
                twin = max(near, key=_nearness, default=None)
                if twin is None:
                    stays[text] = j
                else:
                    gone[text] = twin
                found.append(twin)
        return found

    def nearest(
        self, texts: Sequence[str] | pl.Series, others: Sequence[str], *, threshold: float
    ) -> list[Twin | None]:
        """For each text its nearest of `others`, at or above the threshold."""
        spelt = [spelling(text) for text in texts]
        asked = {key: i for i, key in enumerate(spelt)}
        place: dict[bytes, int] = {}
        for p, text in enumerate(others):
            place.setdefault(spelling(text), p)
        best = {key: Twin(place[key], 1.0) for key in asked if key in place}

        def compare(some: Sequence[bytes], pool: Sequence[bytes]) -> None:
            if not some or not pool:
                return
            held = [others[place[key]] for key in pool]
            asking = [texts[asked[key]] for key in some]
            for i, p, value, kind in _anew(asking, held, threshold=threshold, typing=self.typing):
                note(some[i], Twin(place[pool[p]], value, kind))

        def note(key: bytes, twin: Twin) -> None:
            best[key] = max(best.get(key, twin), twin, key=_nearness)

        for other, index in place.items():
            for key, edge in self._known(other, threshold).items():
                if key in asked:
                    note(key, Twin(index, *edge))
        known = [key for key in asked if self._has(key, threshold)]
        compare([key for key in asked if not self._has(key, threshold)], list(place))
        compare(known, [other for other in place if not self._has(other, threshold)])
        crowded = [key for key in known if self.nodes[key] in self.crowd]
        compare(crowded, [other for other in place if self.nodes.get(other) in self.crowd])
        return [best.get(key) for key in spelt]

    def near(self, text: str) -> Mapping[bytes, Edge]:
        """The neighbours of a text by their spelling; of one that is not in the graph none are known."""
        return self._known(spelling(text), self.threshold)

    def _has(self, key: bytes, threshold: float) -> bool:
        return threshold >= self.threshold and key in self.nodes

    def _known(self, key: bytes, threshold: float) -> dict[bytes, Edge]:
        own = self.edges.get(self.nodes.get(key, -1))
        if own is None:
            return {}
        return {self.texts[other]: edge for other, edge in own.items() if edge[1] != "near" or edge[0] >= threshold}

    def _links(
        self, spelt: Sequence[bytes], texts: Sequence[str] | pl.Series, threshold: float
    ) -> Callable[[bytes], Mapping[bytes, Edge]]:
        """What tells the neighbours of each of some texts."""
        from distill.sketches import PAIRS

        place = {key: i for i, key in enumerate(spelt)}
        new = any(not self._has(key, threshold) for key in place)
        anew = [key for key in place if new or self.nodes[key] in self.crowd]
        found: dict[bytes, dict[bytes, Edge]] = {}
        room = max(ROOM, PAIRS // max(1, len(place)))
        for i, j, value in near_pairs([texts[place[key]] for key in anew], threshold=threshold, room=room):
            found.setdefault(anew[i], {})[anew[j]] = (value, "near")
            found.setdefault(anew[j], {})[anew[i]] = (value, "near")
        if self.typing and new:
            from distill.slips import slips

            for i, j, value in slips([normalise(texts[place[key]]) for key in anew]):
                found.setdefault(anew[i], {}).setdefault(anew[j], (value, "typing"))
                found.setdefault(anew[j], {}).setdefault(anew[i], (value, "typing"))
        return lambda key: {**self._known(key, threshold), **found.get(key, {})}


def _anew(texts: Sequence[str], others: Sequence[str], *, threshold: float, typing: bool) -> Iterator[Pair]:
    """(text, other, value, kind) of the nearest of the others, and of all that a slip of typing sets apart."""
    for i, found in enumerate(similar.nearest(texts, others, threshold=threshold)):
        if found is not None:
            yield i, *found, "near"
    if typing:
        from distill.slips import between

        for i, p, value in between(texts, others):
            yield i, p, value, "typing"


def _nearness(twin: Twin) -> tuple[bool, float, int]:
    """What is spelt alike before what means the same, for their numbers do not compare; then the first."""
    return twin.kind != "meaning", twin.value, -twin.index
