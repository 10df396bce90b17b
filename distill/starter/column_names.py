"""What columns are usually called, in lower case: names tell the input, the known answer and what is only about a row apart.

Earlier names of a list win. English first, then the words of exports in other languages.
"""

from __future__ import annotations

from collections.abc import Sequence

from distill.starter.columns import ColumnFacts

INPUTS = (
    "message", "text", "input", "question", "prompt", "query", "utterance", "content", "body", "comment", "review", "ticket",
    "email", "sentence", "instruction", "description", "document", "request", "complaint", "feedback", "transcript", "article",
    "nachricht", "frage", "anfrage", "kommentar", "beschreibung", "texte", "question_text", "commentaire", "mensaje", "texto",
    "pregunta", "mensagem", "messaggio", "testo", "bericht", "tekst", "title", "subject",
)  # fmt: skip
ANSWERS = (
    "expected", "answer", "label", "gold", "target", "category", "class", "intent", "output", "reply", "response", "completion",
    "expected_output", "ground_truth", "ground truth", "gold_label", "labels", "categories", "topic", "sentiment", "team", "queue",
    "route", "department", "summary", "score", "rating", "stars", "result", "verdict", "decision", "tag", "tags", "entities",
    "highlights", "abstract", "sql", "solution", "translation", "correction",
    "antwort", "kategorie", "klasse", "thema", "bewertung", "réponse", "catégorie", "étiquette", "respuesta", "categoría",
    "resposta", "categoria", "risposta", "antwoord", "categorie",
)  # fmt: skip
ABOUT = (
    "site", "region", "country", "city", "state", "lang", "language", "locale", "source", "channel", "platform", "device",
    "store", "shop", "customer", "client", "user", "author", "agent", "name", "year", "month", "week", "day", "date", "time",
    "timestamp", "created", "created_at", "updated_at", "split", "fold", "subset", "version", "style", "file", "age", "gender",
    "land", "stadt", "sprache", "kunde", "quelle", "datum", "monat", "jahr", "pays", "ville", "langue", "idioma", "país",
)  # fmt: skip
"""What describes a row and answers nothing: a stratum perhaps, never a known answer unless somebody says so."""
SPLITS = ("split", "fold", "subset")
QUESTIONS = ("question", "query", "prompt", "instruction", "input", "frage", "pregunta")
CONTEXTS = ("context", "passage", "paragraph", "article", "document", "background", "kontext", "contexte", "contexto")
"""What a question is asked about: beside one it is a part of the input."""
HEADINGS = ("subject", "title", "headline", "betreff", "titel", "objet", "titre", "asunto", "título")
"""What stands above a text: a part of the input too."""


def named(columns: Sequence[ColumnFacts], names: Sequence[str]) -> list[ColumnFacts]:
    """The columns that are called by one of the names, in the order of the names."""
    place = {name: n for n, name in enumerate(names)}
    found = [(place[column.plain], n, column) for n, column in enumerate(columns) if column.plain in place]
    return [column for _, _, column in sorted(found, key=lambda one: one[:2])]
