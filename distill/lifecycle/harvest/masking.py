"""What names a person, or is a credential, taken out of the texts of a row: [email], [phone], [card], [iban], [ip], [ssn], [AWS key] …

It masks what the gates `pii` and `secrets` look for, so that a row which was masked passes them, and addresses of IPv6. Names of persons,
street addresses and whatever else has no form of its own stay. A text that still holds something after a few rounds is refused.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping

from distill.curate.gates import credentials
from distill.curate.gates.private import PII_HINT, hidden, named
from distill.records import Json
from distill.text.normalise import strict_json

_ROUNDS = 4
HINT = f"{credentials.HINT}|{PII_HINT.removeprefix('(?i)')}|[0-9a-f]{{3,4}}:"
"""What every text has in which something is masked: one fast look spares most of them a hundred slow ones."""
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{3,4}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![\w:])")


class CannotMask(ValueError):
    """A text in which something is found again after it was masked."""


def masked(text: str) -> str:
    """The text without any of them; CannotMask where that does not succeed."""
    for _ in range(_ROUNDS):
        found = _IPV6.sub(_ip, hidden(text, persons=True))
        if found == text:
            break
        text = found
    if holds(text):
        raise CannotMask("a text that still holds something private after it was masked")
    return text


def holds(text: str) -> bool:
    """Whether a text holds what is to be masked."""
    personal = any(True for _ in named(text)) or any(_ip(found) != found[0] for found in _IPV6.finditer(text))
    return personal or any(pattern.search(text) for pattern in credentials.SECRETS.values())


def masked_fields(fields: Mapping[str, Json]) -> dict[str, Json]:
    """The same of every text in the fields of a seed, at every depth; JSON in a text stays JSON."""
    return {name: _value(value) for name, value in fields.items()}


def _value(value: Json) -> Json:
    if isinstance(value, str):
        return _json_text(value) if value[:1] in ("{", "[") else masked(value)
    if isinstance(value, list):
        return [_value(one) for one in value]
    return {name: _value(one) for name, one in value.items()} if isinstance(value, dict) else value


def _json_text(text: str) -> str:
    """A text of JSON, such as the arguments of a call: what is in it, and then it as a whole."""
    try:
        value = strict_json(text)
    except ValueError:
        return masked(text)
    if not isinstance(value, dict | list):
        return masked(text)
    changed = _value(value)
    return masked(text if changed == value else json.dumps(changed, ensure_ascii=False))


def _ip(found: re.Match[str]) -> str:
    """[ip] for an address that the world can reach, anything else as it is: a time of day is no address."""
    try:
        return "[ip]" if ipaddress.ip_address(found[0]).is_global else found[0]
    except ValueError:
        return found[0]
