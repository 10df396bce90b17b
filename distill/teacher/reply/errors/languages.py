"""What refusals.py and waits.py read in English, in the words of hosts and gateways that speak other languages.

Alternatives for their patterns, in lower case: the commonest wordings and no more. What none of them knows is read by its
status and its code.
"""

from __future__ import annotations

NO_MONEY = (
    r"余额[^。]{0,6}(?:不足|用[尽完]|耗尽|为 ?0|为负)|没有可用余额|无可用资源包|欠费|请(?:先|及时|尽快)?充值"
    r"|残高[^。]{0,6}(?:不足|ありません|なくな)|잔액[^.]{0,6}부족|크레딧[^.]{0,6}부족|недостаточно средств|пополните"
    r"|guthaben[^.]{0,20}(?:aufgebraucht|erschöpft|reicht nicht|zu niedrig)|(?:kein|nicht genügend|nicht genug|zu wenig) guthaben"
    r"|solde insuffisant|crédits? (?:insuffisants?|épuisés?)|(?:saldo|crédito|credito) (?:es |é )?(?:insuficiente|insufficiente|agotado|esgotado|esaurito)"
)
PERHAPS_MONEY = (
    r"(?:额度|配额|余量|资源包)[^。]{0,8}(?:不足|用[尽完]|耗尽)|kontingent[^.]{0,20}(?:aufgebraucht|erschöpft)"
)
PER_DAY = (
    r"今[日天]|本[日月]|当[日天月]|每[日天月]|明[日天]|[日天月](?:限额|配额|上限)|今月|月間|1 ?日[あ当]たり|오늘|하루|일일|이번 ?달|월간"
    r"|(?:tages|monats)(?:limit|kontingent|quote)|täglich|monatlich|(?:pro|am) (?:tag|monat)\b|\bmorgen (?:erneut|wieder)"
    r"|quotidien|journali[èe]r|mensuel|par (?:jour|mois)\b|\bdemain\b|\bdi[aá]ri[oa]\b|giornalier|dagelijks|dzienn|\bmensual\b"
    r"|por (?:día|mes)\b|дневн|суточн|месячн|завтра"
)
PER_MINUTE = r"每(?:分钟|秒)|分钟内|并发|频率|毎分|1 ?分[あ当]たり|pro (?:minute|sekunde)|par (?:minute|seconde)|por (?:minuto|segundo)|в минуту"
LIMIT = r"限额|限制|上限|配额|超[过限出]|用[尽完]|達しま|超え|límite|excedid|überschritten|erreicht|aufgebraucht|épuisé|dépassé|лимит|초과|한도"
POLICY = r"敏感|违规|不安全|不当内容|ガイドラインに違反|inhaltsrichtlinie"
TOO_LONG = r"超长|过长|长度超[过出限]|長すぎ|zu lang\b|trop long|demasiado larg"
NO_ACCESS = (
    r"无效的令牌|令牌[^。]{0,4}(?:无效|过期|不可用)|身份验证失败|密钥[^。]{0,4}(?:无效|错误|不正确)|未授权|認証に失敗"
    r"|ungültiger (?:api-?)?(?:schlüssel|key)"
)
NO_MODEL = r"模型[^。]{0,40}(?:不存在|未开通|未找到|已下线)|モデルが(?:見つかりません|存在しません)|modell [^.]{0,60}(?:nicht gefunden|existiert nicht)"
PASSES = r"稍后(?:再试|重试)|繁忙|负载已?饱和|しばらくして|später erneut|plus tard|más tarde"

WAIT = r"(\d+(?:\.\d+)?) ?(秒|分|초|сек|sekunden?|secondes?|segundos?|minuten|minutos)"
"""A length of time beside a limit; its unit begins with one of SECONDS or else is a minute."""
SECONDS = ("秒", "초", "сек", "sek", "sec", "seg")
