"""Which of many texts are near which: found once, asked by every step that needs it.

A node is a text after `normalise`, so equal texts are one. An edge joins two texts whose 4-grams overlap by the threshold or
more (`distill.similarity.pairs`) or, where that is asked for, two that differ by one typo (`distill.similarity.typos.typo_pairs`) or that mean
nearly the same (`distill.similarity.embeddings`). The seeds' graph serves all rounds of curation, since a sample's input is
its seed's; `distill.similarity.graph_table` keeps it in a Parquet file. A text that is not in the graph is compared anew.

Of a crowd (more than 16 texts in a chain of edges) the graph may hold only the edges to a few of its members, so that
boilerplate does not cost the square of its number. Such a crowd is compared again in the order asked about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from distill import memory
from distill.similarity import pairs as similar
from distill.similarity.arrays import Bools, Int64s
from distill.similarity.embeddings import alike
from distill.similarity.keys import Keys, Spellings, first_of_equal, keys_of
from distill.similarity.minhash import LEAST, PAIRS
from distill.similarity.pairs import clusters, near_pairs
from distill.similarity.typos.typo_pairs import typo_pairs, typo_pairs_between
from distill.text.normalise import normalise

if TYPE_CHECKING:
    import polars as pl

    Texts = Sequence[str] | pl.Series

EdgeKind = Literal["near", "typo", "meaning"]
Edge = tuple[float, EdgeKind]
ROOM = 64
"""With how many before it a text of a crowd is compared again, at least."""
ScoredPair = tuple[int, int, float, EdgeKind]
_NONE: Mapping[int, Edge] = {}


@dataclass(frozen=True, slots=True)
class NearText:
    """The nearest of the texts asked about."""

    index: int
    value: float
    kind: EdgeKind = "near"

    def __str__(self) -> str:
        apart = "one typo apart, " if self.kind == "typo" else ""
        return f"{apart}{'cosine' if self.kind == 'meaning' else 'similarity'} {self.value:.2f}"

    def with_limit(self, near: float, meaning: float | None) -> str:
        """How near it is, and the limit that it passed; a typo has none."""
        limit = {"near": near, "meaning": meaning}.get(self.kind)
        return str(self) if limit is None else f"{self}, limit {limit}"


@dataclass(frozen=True, slots=True)
class Graph:
    """Build one with `of`; nothing changes it afterwards."""

    threshold: float
    meaning: float | None
    """The cosine from which two texts mean the same; None where meaning was not asked about."""
    nodes: Spellings = field(repr=False)
    """The place of a text's spelling is its node: the texts themselves would not fit in memory beside a million rows."""
    edges: Mapping[int, Mapping[int, Edge]] = field(repr=False)
    """Of each node that has any, its neighbours; each edge stands at both ends."""
    crowd: frozenset[int] = field(repr=False)
    """The nodes that are in a crowd."""
    typos: bool = False
    """Whether typos were asked about."""
    numbers: bool = True
    """Whether texts with other numbers or negations have no edge between them."""

    @classmethod
    def of(
        cls, texts: Iterable[str], *, threshold: float, meaning: float | None = None, typos: bool = False,
        numbers: bool = True,
    ) -> Graph:  # fmt: skip
        """The graph of texts, with edges from a similarity in (0, 1] on, and from a cosine in (0, 1] on where one is given.

        With `typos`, also between texts that differ by one; their value is their similarity. With `numbers`,
        none between texts whose numbers or negations differ (`distill.similarity.decisive`).
        """
        plain = list(dict.fromkeys(map(normalise, texts)))
        held = sum(map(len, plain))
        memory.release(held)
        nodes = Spellings.of(keys_of(plain))
        pairs = _spelt_alike(plain, threshold=threshold, numbers=numbers, typos=typos)
        if meaning is not None:
            pairs += [(i, j, value, "meaning") for i, j, value in alike(plain, threshold=meaning, numbers=numbers)]
        del plain
        memory.release(held)
        return cls(threshold, meaning, nodes, *edges_and_crowd(pairs), typos, numbers)

    def near_duplicates(self, texts: Texts, *, threshold: float) -> list[NearText | None]:
        """For each text, best first: None where it stays, else the nearest that stays.

        A text goes only when it is near one that stays. Chains never count (a ~ b ~ c drops b alone when a and c
        are far apart), so a cluster always keeps a survivor and boilerplate cannot melt a whole source into one row.
        """
        keys = keys_of(texts)
        first = first_of_equal(keys)
        linked, links = self._links(keys, first, texts, threshold)
        found: list[NearText | None] = [None] * len(first)
        for j in np.flatnonzero(linked | (first < np.arange(len(first)))).tolist():
            if (own := int(first[j])) < j:  # a copy goes wherever its first appearance went
                found[j] = found[own] or NearText(own, 1.0)
            else:
                near = (NearText(i, *edge) for i, edge in links(j).items() if i < j and found[i] is None)
                found[j] = max(near, key=_nearness, default=None)
        return found

    def nearest(self, texts: Texts, others: Sequence[str], *, threshold: float) -> list[NearText | None]:
        """For each text its nearest of `others`, at or above the threshold.

                                other in the graph    other not in it
            text in the graph   its edges (1)         compared anew
            text not in it      compared anew         compared anew

        (1) Of two in a crowd the graph may lack the edge, so these are compared anew as well.
        """
        keys, other_keys = keys_of(texts), keys_of(others)
        first = first_of_equal(keys)
        queries, targets = np.unique(first), np.unique(first_of_equal(other_keys))
        node, other_node = self._places(keys, threshold), self._places(other_keys, threshold)
        best: dict[int, NearText] = {}

        def note(i: int, one: NearText) -> None:
            best[i] = max(best.get(i, one), one, key=_nearness)

        def compare(some: Int64s, with_: Int64s) -> None:
            if len(some) and len(with_):
                left, right = [texts[i] for i in some.tolist()], [others[p] for p in with_.tolist()]
                for i, p, value, kind in self._anew(left, right, threshold):
                    note(int(some[i]), NearText(int(with_[p]), value, kind))

        equal = Spellings.of(other_keys[targets]).find(keys[queries])
        for i, p in zip(queries[equal >= 0].tolist(), equal[equal >= 0].tolist(), strict=True):
            note(i, NearText(int(targets[p]), 1.0))
        query_of = self._at(node, queries)
        for p in targets[other_node[targets] >= 0].tolist():
            for neighbour, edge in self._edges(int(other_node[p]), threshold):
                if (i := int(query_of[neighbour])) >= 0:
                    note(i, NearText(p, *edge))
        in_graph, target_in_graph = node[queries] >= 0, other_node[targets] >= 0
        compare(queries[~in_graph], targets)
        compare(queries[in_graph], targets[~target_in_graph])
        compare(
            queries[in_graph & self._crowded(node[queries])],
            targets[target_in_graph & self._crowded(other_node[targets])],
        )
        return [best.get(i) for i in first.tolist()]

    def neighbours(self, texts: Texts) -> tuple[list[int], list[Mapping[int, Edge]]]:
        """(the node of each text, -1 for one that is not in the graph; its neighbours by their nodes)."""
        nodes = self.nodes.find(keys_of(texts)).tolist()
        return nodes, [self.edges.get(node, _NONE) for node in nodes]

    def _places(self, keys: Keys, threshold: float) -> Int64s:
        """The node of each key, -1 where the graph cannot tell its neighbours."""
        return self.nodes.find(keys) if threshold >= self.threshold else np.full(len(keys), -1)

    def _at(self, node: Int64s, some: Int64s) -> Int64s:
        """Of each node which of some texts it is, -1 for none."""
        at = np.full(len(self.nodes) + 1, -1, np.int64)
        at[node[some]] = some
        at[-1] = -1
        return at

    def _edges(self, node: int, threshold: float) -> list[tuple[int, Edge]]:
        own = self.edges.get(node, {}).items()
        return [(other, edge) for other, edge in own if edge[1] != "near" or edge[0] >= threshold]

    def _crowded(self, node: Int64s) -> Bools:
        return np.isin(node, np.fromiter(self.crowd, np.int64, len(self.crowd)))

    def _links(
        self, keys: Keys, first: Int64s, texts: Texts, threshold: float
    ) -> tuple[Bools, Callable[[int], Mapping[int, Edge]]]:
        """(which of some texts have neighbours, what tells those of each); of equal texts the first has them."""
        singles = np.unique(first)
        node = self._places(keys, threshold)
        at = self._at(node, singles)
        new = bool((node[singles] < 0).any())
        anew = singles if new else singles[self._crowded(node[singles])]
        typos = self.typos and new
        some = [normalise(texts[i]) if typos else texts[i] for i in anew.tolist()]
        room = max(ROOM, PAIRS // max(1, len(singles)))
        pairs = _spelt_alike(some, threshold=threshold, numbers=self.numbers, typos=typos, room=room)
        found = _neighbours_of((int(anew[a]), int(anew[b]), value, kind) for a, b, value, kind in pairs)
        linked = np.isin(node, np.fromiter(self.edges, np.int64, len(self.edges)))
        linked[list(found)] = True

        def links(i: int) -> dict[int, Edge]:
            known = ((int(at[other]), edge) for other, edge in self._edges(int(node[i]), threshold))
            return {place: edge for place, edge in known if place >= 0} | found.get(i, {})

        return linked, links

    def _anew(self, texts: Sequence[str], others: Sequence[str], threshold: float) -> Iterator[ScoredPair]:
        """(text, other, value, kind) of the nearest of the others, and of all that differ by one typo."""
        for i, found in enumerate(similar.nearest(texts, others, threshold=threshold, numbers=self.numbers)):
            if found is not None:
                yield i, *found, "near"
        if self.typos:
            for i, p, value in typo_pairs_between(texts, others, numbers=self.numbers):
                yield i, p, value, "typo"


def _nearness(one: NearText) -> tuple[bool, float, int]:
    """What is spelt alike before what means the same, for their numbers do not compare; then the first."""
    return one.kind != "meaning", one.value, -one.index


def _spelt_alike(
    texts: Sequence[str], *, threshold: float, numbers: bool, typos: bool, room: int | None = None
) -> list[ScoredPair]:
    """The near copies among texts, then with `typos` those that differ by one, for which they are normalised and all different."""
    near = near_pairs(texts, threshold=threshold, numbers=numbers, room=room)
    pairs: list[ScoredPair] = [(i, j, value, "near") for i, j, value in near]
    if typos:
        memory.release(sum(map(len, texts)))
        pairs += [(i, j, value, "typo") for i, j, value in typo_pairs(texts, numbers=numbers)]
    return pairs


def _neighbours_of(pairs: Iterable[ScoredPair]) -> dict[int, dict[int, Edge]]:
    """Each end's neighbours; of several edges between two texts the first counts, so near copies stand before typos."""
    edges: dict[int, dict[int, Edge]] = {}
    for i, j, value, kind in pairs:
        edges.setdefault(i, {}).setdefault(j, (value, kind))
        edges.setdefault(j, {}).setdefault(i, (value, kind))
    return edges


def edges_and_crowd(pairs: Sequence[ScoredPair]) -> tuple[dict[int, dict[int, Edge]], frozenset[int]]:
    """A graph's `edges` and `crowd`."""
    edges = _neighbours_of(pairs)
    ends = sorted(edges)
    place = {node: at for at, node in enumerate(ends)}
    roots = clusters(len(ends), [(place[i], place[j], value) for i, j, value, _ in pairs])
    sizes = Counter(roots)
    return edges, frozenset(node for node, root in zip(ends, roots, strict=True) if sizes[root] > LEAST)
