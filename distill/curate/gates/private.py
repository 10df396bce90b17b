"""Gates on what must not be learnt by heart: keys and passwords, and what names a person.

    secrets   credentials by their published forms; always dropped, and never shown whole
    pii       e-mail addresses, phone numbers, cards, IBANs, IP addresses and US social security numbers:
              reported, masked as [email], or dropped

Numbers count only where their check digits are right (cards, IBANs), so an order number is no card.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from typing import Literal

import polars as pl

from distill.curate.gates import credentials
from distill.curate.gates.scoring import Fail, SampleRow, judged
from distill.records import Json
from distill.tables.outcome import Outcome, ordered, partition
from distill.text.normalise import strict_json

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}(?:@(?:[\w-]{1,63}\.)+[A-Za-z]{2,24}(?![A-Za-z0-9_-])"
    r"|(?i: ?[(\[](?:at|@)[)\]] ?[\w-]{1,63} ?[(\[](?:dot|\.)[)\]] ?[a-z]{2,24})\b)"
)
_PHONE = re.compile(
    r"(?<![\w+])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ ./-]?\d){6,12}"
    r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[ .-]\d{3}[ .-]\d{4})(?![\w-])"
)
_HOME_PHONE = re.compile(
    r"(?<![\w+/.-])(?:00[1-9]\d[ .-]?(?:\(0\)[ .-]?)?\d{2,4}[ /.-]?\d{5,9}|0[1-9](?:[ .]\d{2}){4}|0\d{1,3}-\d{2,4}-\d{4}|0\d{2,4} \d{3,4} \d{3,4}"
    r"|0[1-9]\d{1,3}[ /-]\d{5,8})(?![\w-])"
)
_CALL = re.compile(
    r"(?i)(?:\b(?:call|phone|tele(?:ph|f)on[eo]?|t[eé]l[eé]phone|tel\b|mobile?|m[oó]vil|cell|handy|fax|whatsapp|sms|reach|ring|dial|appel|joign|anruf|ruf|erreich"
    r"|llam|chiam|lig(?:ue|ar)\b)|電話|电话|전화)[^\d\n]{0,24}$"
)
"""Numbers without the code of a country look like any other, so these words must stand before them."""
_THING = re.compile(
    r"(?i)\b(?:order|invoice|part|build|ticket|case|serial|item|article|reference|ref|tracking|parcel|sku|model|contract|version|v|release|firmware"
    r"|bestellung|rechnung|auftrag|artikel|commande|facture|pedido|factura|ordine|fattura)s?(?:[ -]?(?:number|no|nr|id|code|nummer))?[.:#]{0,2} ?#?$"
)
"""What has a number of its own, right before it."""
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_IP = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")


_WHERE = ("answer", "reasoning", "tool_calls", "prompt")
"""The columns of a sample that train."""
PII_HINT = r"(?i)@|[(\[]at[)\]]|\d[\d ./()-]{5,}\d|[A-Z]{2}\d{2}"
"""What every text has that a pattern finds something in: one fast look at all rows spares most of them thirty slow ones."""


def secrets(frame: pl.DataFrame) -> Outcome:
    """Drops rows of which the answer or the prompt holds what looks like a credential."""

    def judge(row: SampleRow) -> Fail:
        for where in _WHERE:
            if where not in row:
                continue
            for name, pattern in credentials.SECRETS.items():
                if hit := pattern.search(row[where]):
                    return "secret", f"the {where} holds a {name}: {hit[0][:6]}…"
        return None

    return judged(frame, "secrets", judge, suspect=_hinted(credentials.HINT, frame))


def pii(frame: pl.DataFrame, *, action: Literal["report", "mask", "drop"] = "drop") -> Outcome:
    """What names a person, in the answer, its calls or the prompt: counted in the score alone, put as [email], or dropped."""
    rows = ordered(frame)
    suspect = _hinted(PII_HINT, rows)
    if action == "mask":
        hinted = rows.select(suspect).to_series()
        columns = [
            pl.Series(name, [_masked(text) if look else text for text, look in zip(rows[name], hinted, strict=True)])
            for name in _WHERE
            if name in rows.columns
        ]
        rows = rows.with_columns(*(column.cast(pl.String) for column in columns))
    found = judged(rows, "pii", _names, suspect=suspect)
    if action != "report":
        return found
    whole = ordered(pl.concat([found.kept, found.rejected]))
    kept = partition(whole, {}, stage="pii")
    return Outcome(kept.kept, kept.dropped, kept.report | {"reported": found.rejected.height}, kept.rejected)


def _hinted(pattern: str, frame: pl.DataFrame) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).str.contains(pattern) for name in _WHERE if name in frame.columns)


def _names(row: SampleRow) -> Fail:
    hit = next(((where, kind) for where in _WHERE for kind, _ in named(row.get(where, ""))), None)
    return None if hit is None else ("pii", f"the {hit[0]} holds {_ARTICLE[hit[1]]}")


_ARTICLE = {
    "email": "an e-mail address", "phone": "a phone number", "card": "a card number", "iban": "an IBAN", "ip": "an IP address",
    "ssn": "a social security number",
}  # fmt: skip


def named(text: str) -> Iterator[tuple[str, str]]:
    """(kind, what was found) of everything in a text that names a person."""
    for kind, (pattern, valid) in _KINDS.items():
        for hit in pattern.finditer(text):
            if valid(hit[0], text[max(0, hit.start() - _BEFORE) : hit.start()]):
                yield kind.partition(" ")[0], hit[0]


def hidden(text: str, *, persons: bool = False) -> str:
    """A text that may be shown: each credential as [AWS key], and with `persons` each address or number as [email]."""
    for name, pattern in credentials.SECRETS.items():
        # Of a private key only the first line is sure to be found, so all that follows it goes too.
        text = (
            re.sub(pattern.pattern + r"[\s\S]*", f"[{name}]", text)
            if name == "private key"
            else pattern.sub(f"[{name}]", text)
        )
    return _mask(text) if persons else text


def _masked(text: str) -> str:
    """The text with [email] and the like; JSON stays JSON, since only the texts in it are touched."""
    try:
        value = strict_json(text)
    except ValueError:
        return _mask(text)
    changed = _mask_value(value)
    return text if changed == value else json.dumps(changed, ensure_ascii=False)


def _mask_value(value: Json) -> Json:
    if isinstance(value, str):
        return _masked(value) if value[:1] in ("{", "[") else _mask(value)  # a call's arguments are JSON in a text
    if isinstance(value, list):
        return [_mask_value(part) for part in value]
    return {name: _mask_value(part) for name, part in value.items()} if isinstance(value, dict) else value


def _mask(text: str) -> str:
    for kind, hit in sorted(set(named(text)), key=lambda found: (-len(found[1]), found)):
        text = text.replace(hit, f"[{kind}]")
    return text


def _luhn(number: str, _before: str) -> bool:
    digits = [int(digit) for digit in number if digit.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) if i % 2 else digit for i, digit in enumerate(reversed(digits)))
    return len(set(digits)) > 1 and sum(doubled) % 10 == 0


def _iban(number: str, _before: str) -> bool:
    plain = number.replace(" ", "")
    moved = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def _public(address: str, before: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global and not _THING.search(before)
    except ValueError:
        return False


def _real_mail(address: str, _before: str) -> bool:
    """Not the addresses that standards set aside for examples (RFC 2606), nor a tag such as user@v2.final."""
    domain = address.rpartition("@")[2].lower()
    return not domain.endswith((".example", ".test", ".invalid", ".localhost", ".final", ".latest", ".stable", ".beta"))


def _rings(number: str, before: str) -> bool:
    return number.startswith(("+", "(")) or not _THING.search(before)


def _rings_at_home(_number: str, before: str) -> bool:
    return _CALL.search(before) is not None and not _THING.search(before)


_BEFORE = 40
"""Characters before a number that tell what it is of."""
_KINDS: dict[str, tuple[re.Pattern[str], Callable[[str, str], bool]]] = {
    "email": (_EMAIL, _real_mail),
    "iban": (_IBAN, _iban),
    "card": (_CARD, _luhn),
    "ssn": (_SSN, lambda _hit, before: not _THING.search(before)),
    "phone": (_PHONE, _rings),
    "phone at home": (_HOME_PHONE, _rings_at_home),
    "ip": (_IP, _public),
}
