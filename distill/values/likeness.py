"""How like one text is to another, from 0 to 1, by metrics that others use too: none of them knows what is true.

    chrf        shared runs of up to six letters, F2 (sacreBLEU's chrF): any language, and the endings of words
    bleu        shared runs of up to four words, with a penalty for what is shorter (sacreBLEU, smoothed for one sentence)
    rouge_l     the longest common run of words with gaps, F1 (Lin 2004)
    embedding   the cosine of static word vectors (WordLlama, the extra `meaning`): nearness of subject, best in English

Texts are untrusted and may be long: of each the first `LONGEST` letters are compared.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

TextMetric = Literal["chrf", "bleu", "rouge_l", "embedding"]
TEXT_METRICS: tuple[TextMetric, ...] = get_args(TextMetric)
TITLES: Mapping[str, str] = {"chrf": "chrF", "bleu": "BLEU", "rouge_l": "ROUGE-L", "embedding": "embedding"}
LONGEST = 20_000
_WORD = re.compile(r"[^\W_]+")


def likeness(metric: TextMetric, wanted: str, found: str) -> float:
    """How like `found` is to `wanted`; 1 for equal texts, 0 where one is empty. UsageError where `embedding` has no package."""
    one, other = (unicodedata.normalize("NFC", text.strip())[:LONGEST] for text in (wanted, found))
    if one == other:
        return 1.0
    return min(1.0, max(0.0, _METRICS[metric](one, other))) if one and other else 0.0


def _chrf(wanted: str, found: str) -> float:
    return float(_scorers()[0].sentence_score(found, [wanted]).score) / 100


def _bleu(wanted: str, found: str) -> float:
    scorer = _scorers()[2 if _wide(wanted) else 1]
    return float(scorer.sentence_score(found, [wanted]).score) / 100


def _rouge_l(wanted: str, found: str) -> float:
    """2 LCS / (m + n), of words in lower case; letters of a script without spaces are words."""
    from rapidfuzz.distance import LCSseq

    one, other = _words(wanted), _words(found)
    return 2 * LCSseq.similarity(one, other) / (len(one) + len(other)) if one and other else 0.0


def _embedding(wanted: str, found: str) -> float:
    import numpy as np

    one, other = (_vector(text) for text in (wanted, found))
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return round(float(one @ other) / norms, 6) if norms else 0.0


_METRICS: Mapping[str, Callable[[str, str], float]] = {
    "chrf": _chrf, "bleu": _bleu, "rouge_l": _rouge_l, "embedding": _embedding
}  # fmt: skip


@lru_cache(maxsize=1)
def _scorers() -> tuple[CHRF, BLEU, BLEU]:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    # effective_order: a text of two words has no runs of four, and would be 0 whatever it says.
    return CHRF(), BLEU(effective_order=True), BLEU(effective_order=True, tokenize="char")


@lru_cache(maxsize=4096)
def _vector(text: str) -> NDArray[np.float64]:
    from distill.similarity.embeddings import wordllama

    found: NDArray[np.float64] = wordllama([text])[0]
    return found


def _words(text: str) -> list[str]:
    found = list[str]()
    for word in _WORD.findall(text.lower()):
        found += list(word) if _wide(word) else [word]
    return found


def _wide(text: str) -> bool:
    """Whether most of a text's letters are of a script without spaces."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text[:400])
    return 2 * wide > len(text[:400])
