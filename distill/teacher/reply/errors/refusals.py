"""What an error means for the run, in one table, by its status, its codes and types, and the words of its message.

money, access     stops the run with the host's words: no row would be taken (a limit a day or a month is one of them)
passing limits    waited for as long as the endpoint asks
of this row       policy, or too long: this row will never be taken, the others may be
passing faults    sent again a few times, whatever 4xx they come under
"""

from __future__ import annotations

import re

from distill.records import Ended
from distill.teacher.reply.errors import languages
from distill.teacher.reply.errors.faults import ErrorDetails

_MONEY = {
    "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "account_deactivated", "account_suspended", "payment_required",
    "insufficient_balance", "insufficient_credits", "insufficient_funds", "credit_balance_too_low", "billing_error", "budget_exceeded",
    "exceeded_current_quota_error", "arrearage", "spend_limit_reached", "spending_limit_reached", "monthly_limit_reached", "daily_limit_reached",
    "organization_deactivated", "organization_restricted", "billing_limit_reached", "out_of_credits", "no_credits", "credits_exhausted",
    "access_terminated", "user_suspended", "account_disabled", "insufficientquota", "insufficient_user_quota", "billing_hard_limit",
}  # fmt: skip
_ACCESS = {
    "invalid_api_key", "model_not_found", "authentication_error", "unauthenticated", "unauthorized", "invalid_authentication",
    "api_key_invalid", "missing_api_key", "invalid_api_token", "model_not_exist", "deploymentnotfound", "deployment_not_found", "invalid_model",
    # a setting that no row's request will get past
    "unsupported_parameter", "unsupported_value", "unknown_parameter", "invalid_json_schema", "unknown_model",
}  # fmt: skip
_LIMITS = {
    "rate_limit_exceeded", "rate_limit_error", "rate_limited", "rate_limit", "ratelimit", "ratelimiterror", "too_many_requests", "toomanyrequests",
    "resource_exhausted", "throttlingexception", "throttling", "throttled", "requests", "tokens", "tokens_usage_limit", "concurrency_limit_exceeded",
    "rate_limit_reached_error", "request_limit_reached", "modelnotreadyexception", "throttling.ratequota", "throttling.allocationquota",
    "limit_requests", "limit_burst_rate", "rate_limit_reached",
}  # fmt: skip
_POLICY = {
    "content_policy_violation", "content_filter", "responsibleaipolicyviolation", "moderation_blocked", "data_inspection_failed", "datainspectionfailed",
    "invalid_prompt", "content_moderation", "prompt_blocked", "safety", "content_policy", "content_blocked", "contentfilter", "policy_violation",
    "moderation", "cyber_policy_violation", "sensitive_content", "flagged",
}  # fmt: skip
_TOO_LONG = {
    "context_length_exceeded", "string_above_max_length", "request_too_large", "exceed_context_size_error", "prompt_too_long", "context_window_exceeded",
    "max_tokens_exceeded", "payload_too_large", "input_too_long", "tokens_limit_reached",
}  # fmt: skip
_PASSING = {
    "json_validate_failed", "tool_use_failed", "server_error", "internal_error", "internal_server_error", "overloaded_error", "overloaded",
    "engine_overloaded", "engine_overloaded_error", "service_unavailable", "serviceunavailable", "unavailable", "upstream_error", "timeout",
    "deadline_exceeded", "model_loading", "generation_failed", "output_parse_failed", "bad_gateway", "gateway_timeout", "aborted", "cancelled",
    "internalservererror", "modelerrorexception", "modeltimeoutexception", "capacity_exceeded", "model_overloaded", "service_tier_capacity_exceeded",
    "failed_generation", "api_error", "server_overloaded", "internal", "serviceunavailableexception", "internalserverexception", "request_timeout",
}  # fmt: skip
_BY_WORD = {
    "invalid_request_error": 400, "invalid_argument": 400, "bad_request": 400, "badrequest": 400, "validation_error": 400, "invalid_request": 400,
    "failed_precondition": 400, "out_of_range": 400, "validationexception": 400, "badrequesterror": 400, "unprocessable_entity": 422,
    "invalid_parameter": 400, "invalidparameter": 400, "permission_error": 403, "permission_denied": 403, "forbidden": 403, "accessdeniedexception": 403,
    "access_denied": 403, "not_found_error": 404, "not_found": 404, "notfounderror": 404,
}  # fmt: skip

_NO_MONEY = re.compile(
    r"insufficient (?:\w+ ){0,3}(?:balance|credits?|funds?|quota)|(?:credit|account|prepaid|available) balance|out of credits?"
    r"|(?:have|has) no (?:\w+ )?credits?\b|no credits? (?:left|remain|available)|(?:low|negative|zero) balance"
    r"|credits? (?:limit )?(?:is |are |has been |have been |was |were )?(?:exhausted|exceeded|reached|used up|expired|insufficient|too low)"
    r"|not enough (?:\w+ ){0,2}(?:credits?|balance|funds?|money)|balance (?:is |was )?(?:not enough|insufficient|too low|exhausted|empty|negative|below)"
    r"|payment (?:is )?required|payment (?:has )?failed|requires? more credits|purchase (?:more )?credits|depleted|used (?:up )?all (?:\w+ ){0,4}credits"
    r"|exceeded (?:\w+ ){0,4}(?:credits|budget|spend)|billing (?:hard |soft )?limit|billing (?:is |account )?(?:not |has not been |is not |in)?"
    r"(?:active|enabled|disabled|closed)|spend(?:ing)?[ -](?:limit|cap)"
    r"|service has been paused|limit(?: of| is|:) 0(?![\d,]|\.\d)|regain access"
    r"|budget (?:has been |was |is )?(?:exceeded|reached|exhausted)|prepaid|pre-?payment"
    rf"|arrears|arrearage|overdue|unpaid|recharge|{languages.NO_MONEY}"
    r"|free (?:trial|tier|quota|credits?)\b[^.]{0,40}(?:expired|ended|exhausted|used up|over)|quota (?:has been |is |was )?(?:exhausted|used up|depleted)"
    r"|subscription (?:\w+ ){0,3}(?:expired|inactive|cancell?ed|required)|hard limit (?:\w+ ){0,2}reached"
    r"|(?:account|organi[sz]ation|project|workspace)\b[^.]{0,40}(?:suspended|deactivated|disabled|terminated|banned|blocked|flagged|restricted|delinquent"
    r"|not active|past due|in good standing)"
)
_PERHAPS_MONEY = re.compile(
    r"exceeded your (?:current |assigned |account )?quota|check your plan and billing|top[ -]?up\b|add (?:more )?funds"
    r"|usage (?:cap|limit)s? (?:has been |have been |is |are )?(?:reached|exceeded)|reached your (?:\w+ ){0,3}usage limits?"
    rf"|{languages.PERHAPS_MONEY}"
)
_QUOTA = re.compile(r"quota (?:\w+ ){0,3}(?:exceeded|reached)|exceeded (?:\w+ ){0,3}quota")
"""Under 429 a limit that passes, unless its words say more."""
_PER_DAY = re.compile(
    r"per 86,?400 ?s|(?:after|in) (?:[4-9]\d{4}|\d{6,}) ?s"
    r"|\bby ?day\b|byday|bymonth|24[ -]?h(?:ou)?rs?\b|\btomorrow\b|\bmidnight\b|per[ _-]?(?:day|week|month|24 ?h)|/ ?(?:day|d|month)\b"
    r"|\b(?:rpd|tpd)\b|daily|monthly|weekly"
    r"|(?:today|this month)'?s? (?:limit|quota)|(?:limit|quota|exceeded|reached) (?:for|of) (?:today|the day|this month)"
    rf"|total (?:\w+ ){{0,2}}limit|{languages.PER_DAY}"
)
_PER_DAY_CODE = re.compile(r"per_?-?(?:day|month|week)|daily|monthly")
_PER_MINUTE = re.compile(
    r"per[ _-]?(?:min|minute|sec|second|hour)|/ ?(?:min|minute|m|s|sec|second)\b|\b(?:rpm|tpm|rps|qps|qpm)\b|too many (?:concurrent )?requests"
    r"|rate[ -]?limit|slow down|concurren|(?:try again|retry) (?:in|after) [\d.]+ ?(?:s|m)"
    rf"|{languages.PER_MINUTE}"
)
_SOON = re.compile(
    r"per[ _-]?(?:min|sec|hour)|/ ?min|\b(?:rpm|tpm|rps|qps|qpm)\b|(?:try again|retry) (?:in|after) [\d.]+ ?(?:m?s|m)|hourly|per(?:minute|second)"
    rf"|{languages.PER_MINUTE}"
)
"""What tells a quota that comes back by itself from one that has to be paid for."""
_MINUTE = re.compile(r"per[ _-]?(?:min|sec)|\b(?:rpm|tpm)\b|" + languages.PER_MINUTE)
_LIMIT = re.compile(r"limit|quota|exceed|exhaust|too many|throttl|used up|" + languages.LIMIT)
_NO_ACCESS = re.compile(
    rf"login fail|api secret key|authentication (?:error|failed|failure)|{languages.NO_ACCESS}"
    r"|access token (?:is )?(?:invalid|expired|not valid)"
    r"|(?:invalid|incorrect|missing|no|expired|wrong|unknown) (?:\w+ )?(?:api[ -]?key|auth credentials|authentication|access token|token provided)|api[ -]?key "
    r"(?:is |was |has )?(?:not valid|invalid|missing|expired|not found|incorrect|required|been (?:disabled|revoked))|unauthori[sz]ed"
)
_NO_MODEL = re.compile(
    r"(?:model|deployment)\b.{0,120}(?:does not exist|doesn't exist|not found|not exist|is not available|not a valid model|is not supported|no longer)"
    r"|not a valid model|no models? (?:is |are )?loaded|dedicated endpoint|(?:unknown|invalid|no such) model\b|no endpoints found|no model named"
    rf"|model identifier is invalid|{languages.NO_MODEL}"
)
_NO_SETTING = re.compile(
    r"does not support (?:tools?|functions?|parameters?|images?|json|response|the )|extra inputs are not permitted|unsupported ?param"
    r"|unrecognized (?:request )?(?:argument|parameter|field)|unknown (?:parameter|field|argument)|unexpected (?:keyword|endpoint)"
    r"|must be set to|location is not supported|(?:not (?:available|supported)|unavailable) in your (?:country|region)|country, region"
)
_OF_POLICY = re.compile(
    r"moderation|flagged|violat(?:es|ed|ing|ion)\b[^.]{0,40}(?:guideline|polic|terms)|content[ _-](?:management )?(?:policy|filter)|usage polic"
    r"|safety (?:system|polic|filter)|inappropriate content|responsible ?ai"
    rf"|content (?:exists )?risk|prohibited content|new_sensitive|{languages.POLICY}"
)
_OVER_LONG = re.compile(
    r"(?:maximum|max|model'?s?) (?:\w+ ){0,2}context|context (?:length|window|size)|(?:prompt|input|request|message)s? (?:is|are|was) too (?:long|large)"
    r"|request too large|too many (?:input |total )?tokens|reduce the length|exceeds? the (?:\w+ ){0,3}(?:number of tokens|token limit|input length)"
    rf"|{languages.TOO_LONG}"
)
_TOO_LARGE = re.compile(r"(?:request|prompt|input)s? (?:is |are )?too (?:large|long)|context (?:length|window)")
_PASSES = re.compile(
    r"failed to generate|(?:did|does) not validate|(?:is |currently |still )?loading\b|warming up|overloaded|upstream|(?:please )?(?:try again|retry)"
    r"|temporar|at capacity|timed out|internal (?:server )?error|server error|unavailable|crashed|server is busy|system (?:is )?busy"
    rf"|{languages.PASSES}"
)
_LOADS = re.compile(r"model\b.{0,80}\bloading\b|overloaded|temporarily|warming up|cold start")
_QUOTED = re.compile(
    r"'[^']{0,300}'|\"[^\"]{0,300}\"|`[^`]{0,300}`|“[^”]{0,300}”|„[^“”]{0,300}[“”]|「[^」]{0,300}」|«[^»]{0,300}»"
)
_PASSING_STATUS = {408, 409, 424, 425, 498, 499, 529}


def ended(status: int, fault: ErrorDetails) -> Ended:
    """How an attempt ended that came back with this HTTP status and error; 200 for an error that came as an answer."""
    codes, number = set(fault.codes), _number(status, fault)
    limited = number == 429 or bool(codes & _LIMITS)
    # What is quoted may be the row's own words; of a limit it is the limit's name.
    words = " - ".join(fault.words if limited else (_QUOTED.sub(" ", one) for one in fault.words))
    for table in (_of_money, _of_row, _of_access):
        if (found := table(number, codes, words)) is not None:
            return found
    said = number in (0, 400, 403) and _PER_MINUTE.search(words) and _LIMIT.search(words)
    if number == 429 or (codes & _LIMITS and number < 500) or said:
        return Ended.RATE_LIMITED
    return _other(status, number, codes, words)


def _number(status: int, fault: ErrorDetails) -> int:
    """The status that counts: a gateway's own says less than the one that it passes on of 402 and 429."""
    inner = fault.numbers
    if status != 200:
        passed_on = [one for one in inner if one in (402, 429) and status in (400, 403, 500, 502, 503)]
        return next(iter(passed_on), status)
    by_word = (_BY_WORD[one] for one in fault.codes if one in _BY_WORD)
    return next((one for one in inner if one >= 300), 0) or next(by_word, 0)


def _of_money(number: int, codes: set[str], words: str) -> Ended | None:
    """A limit that no waiting ends soon."""
    if number == 402 or codes & _MONEY:
        return Ended.NO_ACCESS
    if codes & _POLICY or (codes & (_PASSING - {"api_error"}) and number < 429):
        return None
    by_day = any(_PER_DAY_CODE.search(one) for one in codes)
    limited = number == 429 or codes & _LIMITS or _LIMIT.search(words)
    # A message may list limits of both kinds: none of them need be the one that was met.
    if by_day or (limited and _PER_DAY.search(words) and not _MINUTE.search(words)):
        return Ended.NO_ACCESS
    perhaps = _PERHAPS_MONEY.search(words) or (number != 429 and _QUOTA.search(words))
    if _NO_MONEY.search(words) or (perhaps and not _SOON.search(" ".join([words, *codes]))):
        return Ended.NO_ACCESS
    return None


def _of_row(number: int, codes: set[str], words: str) -> Ended | None:
    """What is wrong with one request alone."""
    limited = number == 429 or bool(codes & _LIMITS)  # "too many tokens" are those of a minute then
    if number == 413 or codes & _TOO_LONG or (_TOO_LARGE if limited else _OVER_LONG).search(words):
        return Ended.REFUSED
    if number < 500 and (codes & _POLICY or (number != 429 and _OF_POLICY.search(words))):
        return Ended.REFUSED
    return None


def _of_access(number: int, codes: set[str], words: str) -> Ended | None:
    """What stands in the way of every request."""
    said = number < 500 and number != 429 and any(one.search(words) for one in (_NO_ACCESS, _NO_MODEL, _NO_SETTING))
    return Ended.NO_ACCESS if codes & _ACCESS or number == 401 or said else None


def _other(status: int, number: int, codes: set[str], words: str) -> Ended:
    if 300 <= number < 400 or number == 405:
        return Ended.NO_ACCESS  # a redirect, or an address that takes no questions
    if number >= 500 or number in _PASSING_STATUS:
        return Ended.OVERLOADED
    if number in (403, 404):  # a model or a path that is not there, or not for this key, for any row
        return Ended.OVERLOADED if _LOADS.search(words) else Ended.NO_ACCESS
    if number == 451:
        return Ended.REFUSED  # one request's content, whatever its page says
    if codes & _PASSING or _PASSES.search(words):
        return Ended.OVERLOADED
    return Ended.OVERLOADED if number == 0 and status == 200 else Ended.REFUSED
