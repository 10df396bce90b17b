"""Pairs of texts that differ in one number, date, unit or negation, and so say something else: no two of them are near-duplicates.

Half are filled templates, in several languages, half the project's support messages with one number changed or one negation
put in. Made by a seed, the same on every machine.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

Pair = tuple[str, str, str]
"""(what differs, one text, the other)."""

MESSAGES = Path(__file__).parent.parent / "data" / "support_messages.jsonl"
TEMPLATES = [
    ("number", "Which element has the atomic number {n}?"),
    ("number", "Please cancel order {n} and send the money back to my card, I do not need it any more."),
    ("number", "Wo bleibt meine Bestellung Nr. {n}, ich warte seit einer Woche darauf?"),
    ("number", "Ma commande {n} est arrivée cassée, que dois-je faire maintenant ?"),
    ("number", "Mi pedido {n} todavía está en camino, me pueden decir dónde?"),
    ("number", "订单{n}什么时候可以送到我家"),
    ("number", "注文番号{n}の荷物はいつ届きますか"),
    ("number", "Напишите, пожалуйста, где сейчас заказ {n}"),
    ("minus", "The thermometer in the cold store shows {sign}{small} degrees this morning, is that normal?"),
    ("amount", "I was charged {currency}{amount} for the subscription this month, please explain."),
    ("amount", "Mir wurden {amount} € für das Abo abgebucht, bitte erklären Sie das."),
    ("percent", "The voucher promises {small} % off the whole basket at the checkout."),
    ("version", "The app crashes at the start since version {v1}.{v2} on my phone."),
    ("version", "Does Python {v1}.{v2} support this syntax for type hints?"),
    ("version", "Upgrade the firmware from 1.0.0 to {v1}.{v2}.{v3} before you connect the sensor."),
    ("date", "The technician was booked for {day} {month} and the bill is due the week after."),
    ("date", "Our meeting on {weekday} is still in the calendar, is it not?"),
    ("date", "The contract ends on 20{yy}-{mm:02}-{dd:02} unless it is renewed in writing."),
    ("date", "Der Vertrag läuft am {dd}. {monat} aus, wie kann ich verlängern?"),
    ("time", "The train leaves at {hour}:{minute:02} from platform nine, doesn't it?"),
    ("time", "The store opens at {twelve} {half} on weekdays and is closed on holidays."),
    ("unit", "Take the tablet every {small} {unit} with a glass of water after a meal."),
    ("unit", "Add {small} {weight} of salt to the water and stir until it has dissolved."),
    ("word", "We ordered {word} chairs for the meeting room and they have arrived."),
    ("word", "Wir haben {wort} Stühle für den Saal bestellt, sie sind angekommen."),
    ("word", "我买了{hanzi}个苹果请尽快发货"),
    ("code", "Please send a replacement for part {letter}-{n}, the one that we have is bent."),
    ("code", "Is the licence key {letter}{small}{letter2}-{n} still valid for the new laptop?"),
    ("sum", "What is {small} {operator} {small2}, and how do you work it out?"),
    ("name", "Is breakfast included in plan {letter} or do we have to book it on top?"),
]
NEGATIONS = [
    ("The parcel has{} arrived at the address that I gave you last week.", ("", " not")),
    ("I {} log in to my account with the new password since this morning.", ("can", "can't")),
    ("I {} change the delivery address for the order of yesterday.", ("can", "cannot")),
    ("I am {} to download the invoice of last month from the portal.", ("able", "unable")),
    ("The refund was{} credited to the card that I paid with.", ("", " never")),
    ("Please deliver the order {} the gift wrapping that I chose.", ("with", "without")),
    ("The box had{} screws in it when we opened it yesterday evening.", ("", " no")),
    ("The invoice is still {} in your system, please check.", ("paid", "unpaid")),
    ("Do{} send me any more of these offers by mail, please.", ("", " not")),
    ("The fare is {} if the trip is cancelled on the same day.", ("refundable", "non-refundable")),
    ("Die Lieferung ist{} vollständig angekommen, bitte prüfen Sie das.", ("", " nicht")),
    ("Ich habe {} Rechnung für die letzte Bestellung bekommen.", ("eine", "keine")),
    ("Die Hose wurde {} Etikett geliefert, ist das so richtig?", ("mit", "ohne")),
    ("Le colis est{} arrivé à l'adresse que je vous ai donnée.", ("", " jamais")),
    ("Je {} reçu la facture du mois dernier par courriel.", ("l'ai", "n'ai pas")),
    ("El paquete{} ha llegado a la dirección que les di.", ("", " no")),
    ("Quiero el pedido {} envoltorio de regalo, por favor.", ("con", "sin")),
    ("Il pacco{} è arrivato all'indirizzo che vi ho dato.", ("", " non")),
    ("A encomenda{} chegou ao endereço que eu indiquei.", ("", " não")),
    ("Het pakket is{} aangekomen op het adres dat ik gaf.", ("", " niet")),
    ("Посылка{} пришла на тот адрес, который я указал.", ("", " не")),
    ("我的包裹{}收到了请帮我查一下订单", ("", "没")),
    ("荷物が届いてい{}ので確認してください", ("る", "ない")),
]
CHOICES = {
    "month": ["March", "April", "May", "June", "September"], "monat": ["März", "April", "Mai", "Juni"],
    "weekday": ["Monday", "Tuesday", "Wednesday", "Friday"], "unit": ["hours", "days", "minutes", "weeks"],
    "weight": ["g", "kg", "mg", "oz"], "word": ["three", "four", "five", "seven", "twelve", "twenty"],
    "wort": ["drei", "vier", "fünf", "sieben", "zwölf"], "hanzi": ["三", "四", "五", "七"], "currency": ["$", "€", "£"],
    "sign": ["", "-", "\N{MINUS SIGN}"], "half": ["am", "pm"], "operator": ["+", "-", "*"], "letter": list("BCDFGHK"), "letter2": list("XYZ"),
}  # fmt: skip
RANGES = {
    "n": (1, 99999), "small": (1, 40), "small2": (41, 90), "v1": (1, 9), "v2": (0, 30), "v3": (0, 9), "day": (1, 28), "dd": (1, 28),
    "mm": (1, 12), "yy": (20, 40), "hour": (6, 22), "minute": (0, 59), "twelve": (1, 12),
}  # fmt: skip
VERBS = re.compile(r"\b(is|are|was|has|have|did|does|can|will|ist|hat|kann|est)\b")
PUT_IN = {"ist": "ist nicht", "hat": "hat nicht", "kann": "kann nicht", "est": "est jamais"}
SLOT = re.compile(r"\{(\w+)[^}]*\}")
NUMBER = re.compile(r"(?<![\w.,:/-])\d{1,6}(?![\w.,:/-])")


def pairs(count: int, *, seed: int = 7) -> list[Pair]:
    """`count` pairs, no two alike."""
    chance = random.Random(seed)
    messages = [json.loads(line)["message"] for line in MESSAGES.read_text("utf-8").splitlines()]
    found: dict[tuple[str, str], str] = {}
    while len(found) < count:
        kind = chance.random()
        made = _changed(chance, messages) if kind < 0.5 else _negated(chance) if kind < 0.6 else _filled(chance)
        if made is not None:
            found.setdefault(made[1:], made[0])
    return [(kind, *texts) for texts, kind in found.items()]


def _filled(chance: random.Random) -> Pair | None:
    """A template filled twice, with another value in one of its slots."""
    kind, template = chance.choice(TEMPLATES)
    slots = SLOT.findall(template)
    one = {slot: _value(chance, slot) for slot in slots}
    slot = chance.choice(slots)
    other = one | {slot: _value(chance, slot)}
    same = one[slot] == other[slot] or {one[slot], other[slot]} <= {"-", "\N{MINUS SIGN}"}
    return None if same else (f"{kind} ({slot})", template.format(**one), template.format(**other))


def _value(chance: random.Random, slot: str) -> str | int:
    if slot == "amount":
        return f"{chance.randint(1, 90)}.{chance.randint(10, 99)}"
    return chance.choice(CHOICES[slot]) if slot in CHOICES else chance.randint(*RANGES[slot])


def _negated(chance: random.Random) -> Pair:
    """With and without; some words before it make as many different texts as are wanted."""
    template, (one, other) = chance.choice(NEGATIONS)
    head = f"{chance.choice(['Hello', 'Hi', 'Dear team', 'Good day', 'Hey'])} {chance.choice(['Anna', 'Ben', 'Cleo', 'Dana', 'Eli', 'Finn', 'Gus'])}, "
    return "negation", head + template.format(one), head + template.format(other)


def _changed(chance: random.Random, messages: list[str]) -> Pair | None:
    """A message with another number in one place, or with a negation."""
    text = chance.choice(messages)
    hits = list(NUMBER.finditer(text))
    if hits and chance.random() < 0.7:
        hit = chance.choice(hits)
        value = str(chance.randint(1, 10 ** len(hit.group()) + 5))
        other = f"{text[: hit.start()]}{value}{text[hit.end() :]}"
        return None if int(value) == int(hit.group()) else ("number in a message", text, other)
    hits = list(VERBS.finditer(text))
    if not hits or "not" in text.lower():
        return None
    hit = chance.choice(hits)
    said = PUT_IN.get(hit.group(), f"{hit.group()} not")
    return "negation in a message", text, f"{text[: hit.start()]}{said}{text[hit.end() :]}"
