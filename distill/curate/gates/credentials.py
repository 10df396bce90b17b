"""Credentials by their published forms, and the assignments that hold one: `DB_PASSWORD=...`, `Authorization: Bearer ...`.

Every look ahead is bounded, so that no text costs more than its length. Code that only names a secret is none: a value that is
called (`hash(pw1)`), dotted (`settings.oauth2.secret`), or begins with `$` or `<`.
"""

from __future__ import annotations

import re

_NAME = (
    r"(?<![A-Za-z0-9])(?:[A-Za-z0-9]{1,30}[_-]){0,6}"
    r"(?:password|passwd|pwd|(?:client[_-]?)?secret|api[_-]?key|access[_-]?key|secret[_-]?key|(?:access|auth|api|refresh)[_-]?token)"
)
_VALUE = r"[A-Za-z0-9+/_.~=!@#%&*^:?|$-]"
_DOTTED = r"[A-Za-z_][A-Za-z0-9_]{0,63}(?:\.[A-Za-z_][A-Za-z0-9_]{0,63}){1,8}(?![A-Za-z0-9+/_.~=!@#%&*^:?|$-])"

SECRETS: dict[str, re.Pattern[str]] = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]{1,20} ){0,5}PRIVATE KEY"),
    "age key": re.compile(r"\bAGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    "AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "OpenAI or Anthropic key": re.compile(r"\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{20,}"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
    "GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "Slack token": re.compile(
        r"\b(?:xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{20,}|hooks\.slack\.com/services/T\w{6,20}/B\w{6,20}/\w{16,})"
    ),
    "Google key": re.compile(r"\b(?:AIza[0-9A-Za-z_-]{35}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{30,})"),
    "Stripe key": re.compile(r"\b(?:[rs]k_(?:live|test)_[0-9A-Za-z]{16,}|whsec_[A-Za-z0-9+/=]{24,})"),
    "Hugging Face token": re.compile(r"\bhf_[A-Za-z]{30,}\b"),
    "npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "PyPI token": re.compile(r"\bpypi-AgE[\w-]{30,}"),
    "SendGrid key": re.compile(r"\bSG\.[\w-]{16,64}\.[\w-]{30,}"),
    "Twilio key": re.compile(r"\bSK[0-9a-f]{32}\b"),
    "Mailgun key": re.compile(r"\bkey-[0-9a-f]{32}\b"),
    "DigitalOcean token": re.compile(r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    "Shopify token": re.compile(r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b"),
    "Square token": re.compile(r"\bsq0(?:atp|csp)-[\w-]{20,}"),
    "Docker token": re.compile(r"\bdckr_pat_[\w-]{20,}"),
    "Databricks token": re.compile(r"\bdapi[0-9a-f]{32}\b"),
    "Groq key": re.compile(r"\bgsk_[A-Za-z0-9]{40,}"),
    "xAI key": re.compile(r"\bxai-[A-Za-z0-9]{60,}"),
    "Perplexity key": re.compile(r"\bpplx-[A-Za-z0-9]{40,}"),
    "Replicate token": re.compile(r"\br8_[A-Za-z0-9]{37}\b"),
    "Telegram token": re.compile(r"\b\d{8,10}:AA[\w-]{33}"),
    "Linear key": re.compile(r"\blin_api_\w{32,}"),
    "Notion token": re.compile(r"\b(?:ntn_|secret_)[A-Za-z0-9]{40,}"),
    "Atlassian token": re.compile(r"\bATATT3[\w=-]{60,}"),
    "Figma token": re.compile(r"\bfigd_[\w-]{32,}"),
    "Grafana token": re.compile(r"\bgl(?:sa|c)_[\w=]{32,}"),
    "Vault token": re.compile(r"\bhv[sb]\.[\w-]{24,}"),
    "Supabase token": re.compile(r"\bsbp_[0-9a-f]{40}\b"),
    "Azure key": re.compile(r"\bAccountKey=[A-Za-z0-9+/]{80,}"),
    "JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,}"),
    "password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,64}:(?![$<{])[^\s/@]{3,128}@[^\s/@]+"),
    "authorization header": re.compile(
        r"(?i)\bauthorization\b[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:bearer|basic|token)\s{1,4}[A-Za-z0-9._~+/-]{20,}"
    ),
    "password": re.compile(
        rf"(?i){_NAME}(?![A-Za-z0-9])[\"']?\s{{0,4}}[:=]\s{{0,4}}[\"']?(?![$<{{]|{_DOTTED})"
        rf"(?={_VALUE}{{0,128}}\d)(?={_VALUE}{{0,128}}[A-Za-z]){_VALUE}{{10,2000}}+(?![(\[])"
    ),
}
"""What each is called where a row is dropped for it: its form."""

HINT = (
    r"(?i)PRIVATE KEY|SECRET|AKIA|ASIA|sk-|gh[pousr]_|github_pat_|glpat-|xox|xapp-|hooks\.slack|AIza|GOCSPX|ya29|[rs]k_(live|test)_|whsec_"
    r"|hf_|npm_|pypi-|SG\.|SK[0-9a-f]{32}|key-[0-9a-f]{32}|do[opr]_v1|shp(at|ca|pa|ss)_|sq0|dckr_|dapi|gsk_|xai-|pplx-|r8_|:AA|lin_api|ntn_|ATATT3"
    r"|figd_|gl(sa|c)_|hv[sb]\.|sbp_|AccountKey|eyJ|://|authorization|passw|pwd|api[_-]?key|access[_-]?key|token"
)
"""What every text has that one of them finds something in: one fast look at all rows spares most of them forty slow ones."""
