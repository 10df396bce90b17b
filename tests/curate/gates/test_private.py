"""What must not be learnt by heart. The keys here are made up, and put together so that no scanner takes them for real."""

import json
import time

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.curate.gates.credentials import HINT, SECRETS
from distill.curate.gates.private import _KINDS, PII_HINT, hidden, named, pii, secrets

KEYS = [
    "AKIA" + "ABCDEFGHIJ234567",
    "sk-" + "proj-abcdefghij0123456789",
    "ghp_" + "a1B2" * 9,
    "xoxb-" + "1234567890-abcdef",
    "AIza" + "Sy0123456789abcdefghijABCDEFGHIJ_-x",
    "sk_" + "live_0123456789abcdef",
    "-----BEGIN RSA " + "PRIVATE KEY-----",
    "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "postgres://app:" + "hunter2@db.local/x",
    'api_key = "' + 'a1b2c3d4e5f6"',
    "DB_PASSWORD=" + "kd83hfKq02mdX7",
    "WEATHER_API_KEY=" + "0123456789abcdef0123456789abcdef",
    '"client_secret": "' + 'Zk3mfPq81LwopTx9"',
    "Authorization: Bearer " + "abcdEFGH0123ijkl4567MNOP",
    "Authorization: Basic " + "dXNlcjpwYXNzd29yZDEyMzQ=",
    "redis://:" + "k3jf92mKqpw@cache:6379/0",
    "hooks.slack.com/services/" + "T0123ABCD/B0123ABCD/abcdefghijklmnopqrstuvwx",
    "GOCSPX-" + "abcdefghijABCDEFGHIJ01234567",
    "SG." + "abcdefghijABCDEFGHIJ01." + "abcdefghijABCDEFGHIJ0123456789abcdefghijABC",
    "dop_v1_" + "0123456789abcdef" * 4,
    "hvs." + "abcdefghijABCDEFGHIJ0123456789",
    "1234567890:AA" + "abcdefghijABCDEFGHIJ0123456789abc",
    "AGE-SECRET-KEY-1" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ023456789ABCDEFGHIJKLMNOPQRSTUVW",
    "AccountKey=" + "abcdefghij" * 9 + "==",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("where", ["answer", "prompt", "tool_calls"])
def test_a_key_anywhere_drops_the_row_and_is_not_shown_whole(frame, key, where):
    out = secrets(frame({where: f"use {key} for it"}))
    assert out.dropped["reason"].to_list() == ["secret"]
    assert key not in out.dropped["detail"][0]
    assert out.dropped["detail"][0].startswith(f"the {where} holds a")


@pytest.mark.parametrize(
    "text",
    [
        "my password: forgotten",
        "skip this task-force",
        "the token is wrong",
        "https://shop.local/orders?id=12",
        "secret = sauce",
        "AKIA",
        "const password = hash_password_sha256(pw1);",
        "password = getpass.getpass('Password: ')",
        "api_key = os.environ['API_KEY_2']",
        'SECRET_KEY = os.getenv("SECRET_KEY_V2")',
        "Set API_KEY=${MY_API_KEY_1} first",
        "api_key=config.services.v2.api_key",
        "client_secret = settings.oauth2.client_secret",
        "password=user.password_sha256_digest",
        '-H "Authorization: Bearer $TOKEN"',
        "Authorization: Bearer <your-token-here>",
        "password: at least 10 characters with 1 digit",
        "redis://:${REDIS_PASSWORD}@cache:6379/0",
    ],
)
def test_talk_of_keys_stays(frame, text):
    assert secrets(frame({"answer": text})).kept.height == 1


@pytest.mark.parametrize(
    "part", ["password=", "a_", "password=a", "secret.a", "-----BEGIN A ", "eyJaaaaaaaa.", "a://:", "authorization: ", "api_key=a.b.", "password=a1", "secret=a1("]
)  # fmt: skip
def test_no_text_makes_the_look_for_keys_slow(part):
    """Twice the text costs about twice the time, so 100,000 characters are a matter of a second."""
    text = part * (100_000 // len(part)) + "("
    start = time.process_time()
    for pattern in SECRETS.values():
        pattern.search(text)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to jo.doe+x@shop.co.uk today", "email"),
        ("call +49 170 1234567", "phone"),
        ("call (212) 555-0187", "phone"),
        ("(555)123-4567", "phone"),
        ("the number is 212-555-0187", "phone"),
        ("+49 (0)171 1234567", "phone"),
        ("+49 30/1234567", "phone"),
        ("call 0049 30 1234567", "phone"),
        ("You can reach them at 0171 1234567 after noon", "phone"),
        ("Appelez le 06 12 34 56 78", "phone"),
        ("Tel. 03-1234-5678", "phone"),
        ("call 020 7946 0123", "phone"),
        ("電話は 03-1234-5678 です", "phone"),
        ("info@müller-söhne.de", "email"),
        ("anna12 (at) web (dot) de", "email"),
        ("mail an jo@shop.comへ", "email"),
        ("card 4111 1111 1111 1111", "card"),
        ("IBAN DE89 3704 0044 0532 0130 00", "iban"),
        ("from 8.8.8.8", "ip"),
        ("SSN 123-45-6789", "ssn"),
    ],
)
def test_what_names_a_person_is_found_by_its_kind(frame, text, kind):
    assert [found for found, _ in named(text)] == [kind]
    assert pii(frame({"answer": text})).dropped["reason"].to_list() == ["pii"]


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112", "order 0000000000000000", "DE00 3704 0044 0532 0130 00", "192.168.0.1", "version 1.2.3.4567",
        "a@b", "jo@shop.example", "2026-11-21", "ticket 123-45", "$1,234,567.00", "12345678",
        "Invoice 0171 2345678 was paid.", "The part number is 030-1234-5678.", "Order 123-456-7890 is on its way.",
        "Released 2024-05-12, build 010-22-4455.", "Version 4.18.0.1 fixes it.", "decorators: user@v2.final",
        "call us about invoice 0171 2345678", "Order no. 123-456-7890", "draw: 07 12 23 34 45", "def f(x): return x @ y.T",
        "look at [at] and [dot]", "000 1234567890", "0049 30 1234567",
    ],
)  # fmt: skip
def test_numbers_that_only_look_alike_stay(frame, text):
    assert pii(frame({"answer": text})).kept.height == 1


def test_a_report_keeps_the_row_and_a_mask_takes_the_name_out_of_answer_and_prompt(frame):
    prompt = json.dumps([{"role": "user", "content": "I am jo@shop.com"}])
    rows = frame({"answer": '{"who": "jo@shop.com", "n": 1}', "prompt": prompt}, {})
    told = pii(rows, action="report")
    assert told.kept["score_pii"].to_list() == [0.0, 1.0]
    assert told.report["reported"] == 1
    masked = pii(rows, action="mask").kept
    assert json.loads(masked["answer"][0]) == {"who": "[email]", "n": 1}
    assert json.loads(masked["prompt"][0])[0]["content"] == "I am [email]"
    assert masked["answer"][1] == rows["answer"][1]


@given(st.text(max_size=200))
def test_a_mask_leaves_nothing_to_find_and_json_stays_json(frame, text):
    row = frame({"answer": json.dumps({"said": text + " jo@shop.com 4111111111111111"}, ensure_ascii=False)})
    masked = pii(row, action="mask")
    assert masked.kept.height == 1
    assert isinstance(json.loads(masked.kept["answer"][0]), dict)


def test_the_arguments_of_a_call_are_looked_at_and_masked_too(frame):
    """They train like any text; masked, they are JSON still."""
    calls = json.dumps([["mail", json.dumps({"to": "jo@shop.com", "n": 1})]])
    rows = frame({"answer": "", "tool_calls": calls})
    assert pii(rows).dropped["detail"].to_list() == ["the tool_calls holds an e-mail address"]
    masked = pii(rows, action="mask").kept["tool_calls"][0]
    assert json.loads(json.loads(masked)[0][1]) == {"to": "[email]", "n": 1}


@pytest.mark.parametrize(("kind", "pattern"), [*SECRETS.items(), *((kind, one[0]) for kind, one in _KINDS.items())])
def test_the_fast_look_passes_nothing_that_a_pattern_finds(kind, pattern):
    """Whatever text a pattern matches has the hint that sends its row to the slow look."""
    hint = HINT if kind in SECRETS else PII_HINT

    @given(st.from_regex(pattern))
    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    def check(text: str) -> None:
        if "\x00" not in text:  # no reader of ours lets one through
            assert pl.Series([text.encode("utf-8", "replace").decode()]).str.contains(hint)[0]

    check()


@pytest.mark.parametrize("key", KEYS)
def test_what_may_be_shown_holds_no_key(key):
    """Nor what follows the first line of a private one; what names a person is hidden only where that is asked."""
    text = f"before {key}\nMIIEpAIBAAKCAQEA7 jo@firm.com"
    said = hidden(text)
    assert key not in said
    assert said.startswith(("before [", 'before "['))
    assert ("MIIE" in said) is ("PRIVATE" not in key)
    assert "jo@firm.com" not in hidden(text, persons=True)
    assert hidden("An order, 48-1234.", persons=True) == "An order, 48-1234."
