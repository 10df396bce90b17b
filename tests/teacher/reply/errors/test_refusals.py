"""What an error means, under any status and in any shape: stop, wait, send again, or give up this row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distill.records import Ended, Request
from distill.teacher import reply

ASKED = Request("x", {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8})
STOP, WAIT, AGAIN, ROW = Ended.NO_ACCESS, Ended.RATE_LIMITED, Ended.OVERLOADED, Ended.REFUSED


def error(message: str = "", **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def google(message: str, quota: str | None, delay: str | None) -> list[dict[str, Any]]:
    details = [{"@type": "t/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]}] if quota else []
    details += [{"@type": "t/google.rpc.RetryInfo", "retryDelay": delay}] if delay else []
    return [error(message, code=429, status="RESOURCE_EXHAUSTED", details=details)]


QUOTA = "You exceeded your current quota, please check your plan and billing details."
OPENAI_RPM = (
    "Rate limit reached for gpt-x in organization org-1 on requests per min. Limit: 3 / min. Please try again in 20s. "
    "Please add a payment method to your account to increase your rate limit. Visit https://x/account/billing to add one."
)
MONEY = [
    (429, error(QUOTA, type="insufficient_quota", code="insufficient_quota")), (429, error(QUOTA, type="insufficient_quota", code="429")),
    (429, error(QUOTA, code=429, status="RESOURCE_EXHAUSTED")), (429, google(QUOTA, "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "43s")),
    (400, error("Your credit balance is too low to access the API. Please go to Plans & Billing.", type="invalid_request_error")),
    (402, error("This request requires more credits, or fewer max_tokens.", code=402)), (402, {}), (403, error("Insufficient Balance")),
    (429, error("Your account is suspended due to insufficient balance, please recharge", type="exceeded_current_quota_error")),
    (400, error("Access denied, please make sure your account is in good standing.", code="Arrearage")),
    (400, error("Budget has been exceeded! Current cost: 1.2, Max budget: 1.0", type="budget_exceeded", code="400")),
    (429, error("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock more", code=429)),
    (429, error("Rate limit reached for model x on tokens per day (TPD): Limit 100000, Used 99000. Please try again in 7m12s.", code="rate_limit_exceeded")),
    (429, error("This request would exceed your organization's monthly spend limit", type="rate_limit_error")),
    (429, {"code": 1113, "msg": "Your account is in arrears, please recharge and try again."}), (403, error("The account is deactivated.")),
    (429, error("You have used all available credits or reached your monthly spending limit.")), (400, error("Billing hard limit has been reached",
    code="billing_hard_limit_reached")),
    (500, error("insufficient balance")), (429, {"error": "You have exceeded your monthly included credits for Inference Providers."}),
]  # fmt: skip
LIMITS = [
    (429, error(OPENAI_RPM, type="requests", code="rate_limit_exceeded")), (429, google(QUOTA, "GenerateRequestsPerMinutePerProjectPerModel", "18s")),
    (429, google(QUOTA + " Please retry in 36.6s.", None, "36s")), (429, error("")), (429, {}), (400,
    error("Rate limit of 10 per minute reached")),
    (429, error("Quota exceeded for metric 'requests per minute'", status="RESOURCE_EXHAUSTED", code=429)), (403, error("API rate limit exceeded")),
    (500, error("upstream", code=429)), (400, {"__type": "com.amazon#ThrottlingException", "message": "Too many requests, please wait"}),
    (429, error("Rate limit reached on tokens per minute (TPM): Limit 6000. Need more? Upgrade today at https://x/settings/billing", code="rate_limit_exceeded")),
]  # fmt: skip
PASSING = [
    (400, error("Failed to generate JSON. Please adjust your prompt.", type="invalid_request_error", code="json_validate_failed")),
    (400, error("Tool use failed", code="tool_use_failed")), (400, error("The model's output did not validate against the schema")), (408, {}), (409, {}), (424,
    {}), (425, {}),
    (498, error("capacity", code="capacity_exceeded")), (499, {}), (529, error("Overloaded", type="overloaded_error")), (500, b"<html>oops</html>"), (503,
    {"error": "Model x is currently loading", "estimated_time": 20.0}),
    (400, error("The server had an error", type="server_error")), (400, error("Upstream request failed, please try again")), (404,
    error("The model is loading")), (502, b""),
]  # fmt: skip
ROWS = [
    (400, error("flagged", code="content_policy_violation")), (403, error("Your input was flagged by moderation", metadata={"reasons": ["x"]})), (413, {}),
    (422, {"detail": "no"}),
    (400, error("The response was filtered due to the prompt triggering content management policy.", code="content_filter",
    innererror={"code": "ResponsibleAIPolicyViolation"})),
    (400, error("This model's maximum context length is 8192 tokens.", code="context_length_exceeded")), (400,
    error("prompt is too long: 210000 tokens > 200000 maximum", type="invalid_request_error")),
    (413, error("Request too large for model x on tokens per minute (TPM): Limit 6000, Requested 8000", code="rate_limit_exceeded")), (400,
    error("This request is not taken")),
    (422, {"detail": [{"loc": ["body", "messages"], "msg": "field required", "type": "missing"}]}), (400,
    error("Unknown value 'insufficient balance, account suspended'")),
    (429, error("Request too large for x on tokens per min (TPM): Limit 10000, Requested 20000.", code="rate_limit_exceeded")),
]  # fmt: skip
ACCESS = [
    (401, error("Incorrect API key provided")), (400, error("API key not valid. Please pass a valid API key.", status="INVALID_ARGUMENT")), (404,
    error("The model `x` does not exist", code="model_not_found")),
    (404, b"Not Found"), (307, b""), (403, error("Forbidden")), (400, error("x is not a valid model ID", code=400)), (400, error("Unsupported parameter",
    code="unsupported_parameter")),
]  # fmt: skip
ALL = [
    (case, ended)
    for cases, ended in ((MONEY, STOP), (LIMITS, WAIT), (PASSING, AGAIN), (ROWS, ROW), (ACCESS, STOP))
    for case in cases
]


@pytest.mark.parametrize(
    ("case", "ended"), ALL, ids=[f"{n} {case[0]} {str(case[1])[:50]}" for n, (case, _) in enumerate(ALL)]
)
def test_an_error_is_what_its_words_say(case: tuple[int, Any], ended: Ended) -> None:
    """Money and access stop the run, limits are waited for, faults that pass are sent again, and one row may be refused."""
    status, body = case
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = reply.refused(status, raw, {}, ASKED, now=0.0)
    assert answer.ended is ended
    assert answer.error


UNDER_200 = [
    (error("Rate limit exceeded upstream", code=429, metadata={"provider_name": "X"}), WAIT), (error("x", code="429"), WAIT), (error("x",
    type="rate_limit_error"), WAIT),
    (error("no credits", code=402), STOP), (error("No auth credentials found", code=401), STOP), (error("upstream failed", code=502), AGAIN),
    ({"error": {"error": {"message": "x", "code": 429}}}, WAIT), ([error("x", code=429)], WAIT), ({"error": "Too many requests, slow down: rate limit"}, WAIT),
    ({"error": "something broke"}, AGAIN), ({"detail": "Rate limit exceeded"}, WAIT), ({"message": "quota", "code": 429}, WAIT), ({"errors": [{"message": "x",
    "code": 401}]}, STOP),
    ({"status": "error", "message": "Service unavailable"}, AGAIN), (error("x", code="content_filter", innererror={"code": "ResponsibleAIPolicyViolation"}), ROW),
    ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, AGAIN), ({"base_resp": {"status_code": 1008,
    "status_msg": "insufficient balance"}}, STOP),
    ({"object": "error", "message": "bad", "type": "BadRequestError", "code": 400}, ROW), (error("bad", type="invalid_request_error"), ROW),
    ({"error": {"message": json.dumps(error("x", code=429))}}, WAIT), ({"success": False, "errors": [{"code": 10000,
    "message": "Authentication error: invalid api token"}]}, STOP),
    ({"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": json.dumps(error("Insufficient Balance"))}}}, STOP),
    ({"base_resp": {"status_code": 1026, "status_msg": "input new_sensitive"}}, ROW), ({"data": error("Too Many Requests", code=429)}, WAIT),
    ({"Response": {"Error": {"Code": "FailedOperation.ResourcePackExhausted", "Message": "资源包余量已用尽"}, "RequestId": "1"}}, STOP),
    ({"Response": {"Error": {"Code": "LimitExceeded", "Message": "请求频率超限"}, "RequestId": "1"}}, WAIT),
    ({"error_code": 19, "error_msg": "Open api total request limit reached"}, STOP), ({"error_code": 110, "error_msg": "Access token invalid or no longer valid"}, STOP),
]  # fmt: skip


@pytest.mark.parametrize(("body", "ended"), UNDER_200, ids=[str(body)[:60] for body, _ in UNDER_200])
def test_an_error_under_200_is_read_as_its_code_would_be(body: Any, ended: Ended) -> None:
    """It costs nothing but what it says of its tokens, and is never taken for an answer."""
    answer = reply.read_body(json.dumps(body).encode(), ASKED, price=None)
    assert answer.ended is ended
    assert (answer.usage.prompt_tokens, answer.usd) == (0, 0.0)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [(google(QUOTA, "PerMinute", "43s"), 43), (google(QUOTA, "PerMinute", "1.5s"), 1.5), (error("Please try again in 20s."), 20), (error("try again in 1m30s"),
    90), (error("Please retry after 1m30s"), 90),
     (error("try again in 250ms"), 0.25), (error("Retry after 30 seconds."), 30), (error("Please retry in 36.6s."), 36.6), (error("x", retry_after=12), 12),
     (error("x", metadata={"retry_after_ms": 500}), 0.5),
     ({"error": "loading", "estimated_time": 20.0}, 20), (error("try again in 1 hour and 2 minutes"), 3600), (error("try again later"), None),
     (error("wait 5 seconds"), 5), (error("x", retry_after=1e300), None),
     (error("x", retry_after=-3), 0), (error("try again in 6h"), 3600), (error("x", retry_after="7"), 7),
     (error("Too many requests, retry after: 15 sec"), 15), (error("Zu viele Anfragen. Bitte warten Sie 30 Sekunden."), 30), (error("请求过快，请60秒后重试"), 60),
     (error("2分後に再試行してください"), 120), ({"detail": "Request was throttled. Expected available in 9 seconds."}, 9)],
)  # fmt: skip
def test_a_wait_in_a_body_is_obeyed(body: Any, seconds: float | None) -> None:
    """In a field or in words, an hour at most; a header goes before it."""
    raw = json.dumps(body).encode()
    assert reply.refused(429, raw, {}, ASKED, now=0.0).retry_after_s == seconds
    assert reply.refused(429, raw, {"retry-after": "3"}, ASKED, now=0.0).retry_after_s == 3


def test_the_hosts_words_are_kept() -> None:
    """With the upstream's own behind a gateway's, and with the place of a fault in the request."""
    body = error("Provider returned error", code=400, metadata={"raw": json.dumps(error("Temperature is too high"))})
    assert (
        reply.refused(400, json.dumps(body).encode(), {}, ASKED, now=0.0).error
        == "Provider returned error - Temperature is too high"
    )
    body = {"detail": [{"loc": ["body", "top_p"], "msg": "too high", "type": "x"}]}
    assert reply.refused(422, json.dumps(body).encode(), {}, ASKED, now=0.0).error == "body.top_p: too high"
    for nowhere in (
        b"Not Found",
        b"404 page not found",
        b'{"detail": "Not Found"}',
        b"<html>Cannot POST /x</html>",
        b"",
    ):
        assert "base_url" in reply.refused(404, nowhere, {}, ASKED, now=0.0).error
    for model in (error("The model `x` does not exist"), error("No endpoints found for x."), error("model not found")):
        assert "base_url" not in reply.refused(404, json.dumps(model).encode(), {}, ASKED, now=0.0).error


def failing(finish: Any = "error", **more: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": '{"mood": "gl'}, "finish_reason": finish, **more}
    return json.dumps({"choices": [choice], "usage": {"prompt_tokens": 40, "completion_tokens": 8}}).encode()


@pytest.mark.parametrize(
    "body",
    [failing(), failing(error={"code": 502, "message": "Upstream died"}), failing("stop", error={"message": "x"}), failing(None, error={"code": 429}),
    failing("MALFORMED_FUNCTION_CALL"),
     failing("abort"), failing("engine_overloaded"), failing("load"), json.dumps(json.loads(failing()) | {"error": {"code": 502, "message": "x"}}).encode()],
)  # fmt: skip
def test_a_generation_that_failed_is_no_answer(body: bytes) -> None:
    """It is sent again, and costs what it says that it used."""
    answer = reply.read_body(body, ASKED, price=None)
    assert (answer.ended, answer.text) == (Ended.MALFORMED, "")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.measured) == (40, 8, True)
    assert answer.raw


SIBLINGS = [
    (400, {"code": "Arrearage", "message": "x"}, STOP), (429, error("You have run out of credits."), STOP), (429, error("Your account balance is insufficient"), STOP),
    (403, error("Credit limit exceeded"), STOP), (429, error("Please top up your account"), STOP), (400, error("quota exceeded for this project"), STOP),
    (429, error("Allocated quota exceeded, please increase your quota limit.", code="Throttling.AllocationQuota"), WAIT), (429,
    error("Limit resets at midnight"), STOP),
    (429, error("You have reached the limit of 50 requests in 24 hours"), STOP), (429, error("Resource exhausted. Please try again later.",
    status="RESOURCE_EXHAUSTED"), WAIT),
    (429, error("You exceeded your current requests list."), WAIT), (429, b"Too Many Requests", WAIT), (403, b"<html>blocked</html>", STOP),
    (400, error("余额不足或无可用资源包,请充值。", code="1113"), STOP), (429, error("Limits: 10 per minute, 1000 per day. You are too fast."), WAIT),
    (503, error("insufficient_quota", code="insufficient_quota"), STOP), (500, error("maximum context length is 4096 tokens"), ROW),
    (400, error("Invalid value: 'my account was suspended, insufficient balance'"), ROW), (401, error("", code="rate_limit"), STOP),
    (405, b"", STOP), (429, {"title": "Too Many Requests", "status": 429}, WAIT), (400, error("prompt contains: \"daily limit exceeded, retry\""), ROW),
    (451, error("Unavailable For Legal Reasons"), ROW), (429, error("Exceeded the call rate limit. Please retry after 86400 seconds."), STOP),
    (429, {"error": "you've reached your hourly usage limit, please try again in 22 minutes"}, WAIT), (429, {"error": "You've reached your weekly usage limit"}, STOP),
    (400, {"message": "Model m is unavailable in your region."}, STOP), (400, error("„Mein Tageslimit ist erreicht“ ist kein gültiger Wert"), ROW),
    (400, error("参数错误：“我的账户余额不足，请充值”不是有效的枚举值"), ROW), (429, error("Rate limit: 20 RPM. Upgrade today to get more."), WAIT),
    (400, {"message": "The provided model identifier is invalid."}, STOP), (400, error("quota exceeded for today", code=429), STOP),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "ended"), SIBLINGS)
def test_other_words_for_the_same(status: int, body: Any, ended: Ended) -> None:
    """Money under any status, limits that pass under 429, and a row's own words in quotes, which say nothing of the account."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert reply.refused(status, raw, {}, ASKED, now=0.0).ended is ended


ELSEWHERE = [
    (429, "您已达到今日API调用次数上限，请联系客服购买资源包", STOP), (429, "配额已用完，请明天再试", STOP), (403, "该令牌额度已用尽", STOP), (400, "账户余额不足", STOP),
    (429, "您当前使用该API的并发数过高，请降低并发，或联系客服增加限额。", WAIT), (429, "每分钟请求次数超过限制", WAIT), (400, "每分钟请求次数超过限制", WAIT),
    (429, "该模型当前访问量过大，请您稍后再试", WAIT), (400, "系统繁忙，请稍后再试", AGAIN), (400, "模型不存在，请检查模型代码。", STOP), (400, "Prompt 超长", ROW),
    (400, "系统检测到输入或生成内容可能包含不安全或敏感内容", ROW), (400, "输入长度超出限制", ROW), (429, "本日の利用上限に達しました。", STOP),
    (400, "クレジット残高が不足しています。", STOP), (429, "リクエスト数の上限に達しました。しばらくしてから再試行してください。", WAIT),
    (429, "Tageskontingent aufgebraucht. Bitte versuchen Sie es morgen erneut.", STOP), (400, "Nicht genügend Guthaben auf dem Konto.", STOP),
    (429, "Zu viele Anfragen pro Minute.", WAIT), (400, "Das Modell \u201em\u201c wurde nicht gefunden.", STOP), (429, "Votre quota mensuel est épuisé.", STOP),
    (400, "Saldo insuficiente", STOP), (429, "Has superado el límite diario de solicitudes.", STOP), (429, "Превышен дневной лимит запросов", STOP),
    (429, "Limite diário de requisições atingido", STOP), (429, "Limite giornaliero raggiunto", STOP), (429, "Przekroczono dzienny limit", STOP),
    (429, "일일 사용 한도를 초과했습니다.", STOP), (400, "Der Wert \u201etemperature\u201c ist falsch.", ROW),
]  # fmt: skip


@pytest.mark.parametrize(("status", "message", "ended"), ELSEWHERE)
def test_hosts_that_speak_other_languages_are_understood(status: int, message: str, ended: Ended) -> None:
    """No money and a limit a day stop the run, a limit a minute is waited for, one row's fault is its own."""
    assert reply.refused(status, json.dumps(error(message)).encode(), {}, ASKED, now=0.0).ended is ended


@pytest.mark.parametrize(
    "beside",
    [{"error": None}, {"error": {}}, {"error": ""}, {"error": {"code": 0, "message": ""}}, {"error": {"code": None, "message": None}}, {"code": 200,
    "message": "success"},
     {"base_resp": {"status_code": 0, "status_msg": "success"}}, {"detail": "x"}, {"status": "ok"}],
)  # fmt: skip
def test_an_error_that_says_nothing_beside_an_answer_is_none(beside: dict[str, Any]) -> None:
    """Some servers send the field always, or a code for success."""
    chat = json.loads(failing("stop")) | beside
    assert reply.read_body(json.dumps(chat).encode(), ASKED, price=None).ended is Ended.OK
    wrapped = {"code": 200, "message": "success", "data": json.loads(failing({"type": "stop"}))}
    assert reply.read_body(json.dumps(wrapped).encode(), ASKED, price=None).ended is Ended.OK
