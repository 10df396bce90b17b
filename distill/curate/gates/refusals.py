"""How assistants decline, as one pattern for the start of a text: an opening that may be missing, "I cannot", a verb, and an
object that says nothing of the matter ("this request"), at the end of its clause.

The object is what tells a refusal from work: "I can't process returns after 30 days, but ..." and a customer's "I can't
log in" name a thing, and pass. So some refusals pass too; a clean answer hardly ever goes. Written against normalised text.
"""

from __future__ import annotations

import re

_END = r"(?=\s*(?:[.!?;:,…。！？，、)\"”—–]|$| -)|\s(?:as|because|since) (?:it|this|that|they) (?:violates?|goes?|is against)|\sdue to\b)"
"""Where a clause is over, or goes on with a rule."""


def _spoken(openings: str, but: str, *bodies: str) -> str:
    """Up to three of the openings, then one of the bodies, then the end of the clause."""
    return (
        rf"(?:(?:{openings})[,.:;!，。、！]?\s?(?:[–—-]\s)?(?:(?:{but})[,，]?\s?)?){{0,3}}(?:{'|'.join(bodies)}){_END}"
    )


_REQUEST = r"(?:requests?|questions?|prompts?|query|queries|topics?|content|information|tasks?|inquiry|subject|instructions?|one)"
_THIS = rf"(?:(?:this|that|these|those|your|such|such an?|the|any)(?: (?:kind|type|sort)s? of)? {_REQUEST}|this|that|these|those)"
_CANNOT = (
    r"(?:can ?not|can['’]?t|won['’]?t(?: be able to)?|will not(?: be able to)?|do(?:n['’]t| not) have the ability to|"
    r"(?:['’]m|['’]re| ?am| ?are) (?:unable to|not able to|not allowed to|not permitted to|not authori[sz]ed to|not in a position to)|"
    r"(?:['’]m|['’]re| ?am| ?are) not comfortable|do(?:n['’]t| not) feel comfortable)(?: in good conscience)?"
)
_HELP = (
    rf"(?:help|assist|support)(?:ing)?(?: you)?(?: any)?(?: further)?(?: (?:with (?:{_THIS}|it)|here|in this|in that|on this|"
    rf"on that))?(?: for you)?"
)
_ACT = (
    r"(?:answer|answering|respond to|responding to|reply to|discuss|discussing|talk about|comply with|engage with|engage in|fulfil+|"
    r"complete|process|"
    r"continue with|share|sharing|provide|providing|provide you with|give you|generate|generating|write|writing|create|creating|produce|"
    r"address|comment on|perform|"
    rf"advise on|(?:provide|offer|give)(?: you)?(?: with)? (?:any )?(?:assistance|help|support|a response|an answer|advice|a response to|"
    rf"an answer to|assistance with|help with|advice on)"
    rf"|(?:generate|provide|give) a response to) {_THIS}(?: (?:with|for) you)?"
)
_OPENING = (
    r"no|sorry|(?:i|we)(?:['’]m| am|['’]re| are)(?: very| so| really| truly| terribly)? (?:sorry|afraid)(?: that)?|unfortunately|regrettably|"
    r"(?:my |our )?(?:sincere |deepest )?apologies|(?:i|we) (?:sincerely )?apologi[sz]e(?: for (?:the|any) (?:inconvenience|confusion))?|(?:i|we) regret(?: to (?:inform|"
    r"tell) you)?(?: that)?|thanks?(?: you)? for (?:asking|your (?:question|message|request))"
)
_ENGLISH = [
    _spoken(
        _OPENING, "but",
        rf"(?:i|we) ?{_CANNOT} (?:{_HELP}|{_ACT}|(?:answer|answering|respond|comply|discuss)(?: further)?)",
        r"(?:i|we)(?: will|['’]ll|['’]m going to| am going to)? (?:have to|must|need to)(?: respectfully| politely)? (?:decline|refuse)"
        rf"(?: (?:to (?:{_HELP}|{_ACT}|answer|respond|comply)|{_THIS}))?",
        rf"i(?:['’]d| would) (?:rather|prefer) not (?:to )?(?:{_HELP}|{_ACT}|answer|respond)",
        r"(?:that|this)(?: is not|['’]s not| isn['’]t) something (?:that )?(?:i|we) (?:can(?: do| help(?: you)? with| assist(?: you)? with|"
        r" discuss| provide| answer)|(?:am|are) able to \w+(?: with)?)",
        r"(?:this|that)(?:['’]s| is) (?:outside|beyond)(?: of)? what i(?: can|['’]m able to| am able to) (?:do|help(?: you)? with|"
        r"assist(?: you)? with|discuss)",
    ),
    # "I can't do this." alone is what a customer writes, too.
    rf"(?:(?:{_OPENING})[,.:;!]? ?(?:but )?){{1,3}}(?:i|we) ?{_CANNOT} do (?:that|this)(?: for you)?(?=\s*(?:[.!?;]|$))",
    rf"(?:(?:{_OPENING})[,.:;!]? ?(?:but )?){{0,3}}(?:as|since i am|since i['’]m|because i am|because i['’]m) an? (?:ai|"
    rf"artificial intelligence|(?:large )?language model)"
    r"(?:(?: language)? model| assistant| chatbot)?,? i\b",
    r"(?:it|that) (?:would not|wouldn['’]t|is not|isn['’]t)(?: be)? (?:appropriate|ethical|right|responsible) for me to\b",
    rf"(?:(?:{_OPENING})[,.:;!]? ?(?:but )?){{0,3}}(?:(?:this|that|your|the) (?:request|question|prompt|content) (?:goes against|"
    rf"violates|(?:can ?not|can['’]t) be (?:processed|completed|fulfilled|"
    r"answered) (?:because|as|since) it (?:violates|goes))|(?:helping|assisting|answering)(?: you)?(?: with)? (?:this|that)(?: request|"
    r" question)? would (?:violate|go against))",
]  # fmt: skip

_DE = (
    r"(?:(?:dabei|damit|hierbei|hiermit|dazu|hierzu|darauf|das|dies|dir|ihnen|euch|leider|da|hier|"
    r"(?:bei |auf |mit |zu )?(?:diese[rnsm]?|solche[rnsm]?|deine[rnsm]?|ihre[rnsm]?|die) (?:art von )?(?:anfragen?|fragen?|bitte|"
    r"anliegen|aufgabe|thema|inhalte?|wunsch)) ){0,4}"
)
_DE_ACT = r"nicht (?:weiter ?)?(?:helfen|behilflich sein|unterstützen|beantworten|antworten|eingehen|erfüllen|bearbeiten|nachkommen|besprechen)"
_NL = (
    r"(?:(?:je|jou|u|jullie|daar|hier|daarmee|hiermee|daarbij|hierbij|helaas|dat|dit|(?:op |aan |met |bij )?(?:deze|die|dit|dat|uw|je|"
    r"jouw) (?:vraag|vragen|verzoek|onderwerp|taak|aanvraag)) ){0,4}"
)
_NL_ACT = (
    r"niet (?:mee |bij |verder |op )?(?:helpen|assisteren|beantwoorden|antwoorden|ingaan|voldoen|bespreken|uitvoeren)"
)
_FR = (
    r"(?:(?: (?:avec|à|sur|dans|pour|de|en))? (?:cela|ça|ceci|(?:cette|votre|ta|ce|ces) (?:genre de |type de )?(?:demande|question|"
    r"requête|sujet|tâche|contenu|informations?)))"
)
_ES = (
    r"(?:(?: (?:con|en|a|sobre|de))? (?:eso|esto|ello|(?:est[ae]|es[ae]|su|tu) (?:tipo de )?(?:solicitud|pregunta|petición|consulta|"
    r"tema|tarea|contenido|información|asunto)))"
)
_IT = (
    r"(?:(?: (?:con|a|in|di|su))? (?:questo|ciò|quello|(?:questa|quella|questo|tale|la tua|la sua|alla tua|"
    r"alla sua) (?:tipo di )?(?:richiesta|domanda|argomento|compito|contenuto|informazioni?)))"
)
_PT = (
    r"(?:(?: (?:com|a|em|sobre|de))? (?:isso|isto|(?:(?:a |o |ao |à )?(?:ess[ea]|est[ea]|seu|sua)) (?:tipo de )?(?:pedido|pergunta|"
    r"solicitação|tema|assunto|tarefa|conteúdo|informação)|nisso))"
)
_PL = (
    r"(?: (?:w tym|z tym|ci|panu|pani|na to(?: pytanie)?|tego(?: polecenia| zadania| żądania)?|tej (?:prośby|odpowiedzi|informacji)|"
    r"tę prośbę|to)){1,2}"
)
_RU = (
    r"(?: (?:вам|тебе|с этим(?: запросом| вопросом)?|в этом|с этой просьбой|на (?:этот|ваш|такой) вопрос|на это|(?:этот|ваш|"
    r"такой) запрос|эту (?:просьбу|тему|информацию)|это)){1,2}"
)
_ZH = r"(?:无法|無法|不能|没法|沒辦法|没办法|不便)(?:为|為|帮|幫|给|給)?(?:您|你)?"
_ZH_WHAT = (
    r"(?:您|你)?的?(?:这个|这一|这种|这类|该|此|這個|這類|相关|相關|任何)?(?:的)?(?:问题|問題|请求|請求|要求|需求|内容|內容|话题|話題|"
    r"任务|任務|帮助|幫助|协助|協助|信息|資訊)"
)
_OTHERS = [
    _spoken(
        r"(?:es )?tut mir (?:sehr |wirklich )?leid|leider|entschuldigung|entschuldigen sie|verzeihung|sorry|ich bedau[e]?re|bedauerlicherweise", "aber|doch",
        rf"{_DE}(?:kann|darf|werde) ich {_DE}{_DE_ACT}", rf"ich (?:kann|darf|werde) {_DE}{_DE_ACT}",
        rf"ich bin (?:leider )?nicht in der lage,? {_DE}zu (?:helfen|beantworten|antworten|erfüllen|bearbeiten|unterstützen)",
        r"(?:als|da ich) (?:ein |eine |eine? )?(?:ki|künstliche intelligenz|sprachmodell)(?:-modell|-assistent|modell)?(?: bin)?,? (?:kann|"
        r"habe|darf) ich\b.{0,80}?",
    ),
    _spoken(
        r"(?:je suis |nous sommes )?(?:vraiment |sincèrement |très )?désolée?s?|malheureusement|je regrette|excusez-moi|toutes mes excuses|pardon", "mais",
        r"(?:je|nous) ne (?:peux|pouvons|pourrai|suis|sommes) (?:malheureusement )?pas(?: (?:en mesure|autorisée?s?|capables?))? ?(?:de |à |"
        r"d['’])?(?:(?:vous |te )|t['’])?"
        rf"(?:(?:aider|assister|répondre){_FR}?|(?:y répondre)|(?:traiter|satisfaire|accéder|discuter|fournir|faire|donner suite){_FR})",
    ),
    r"en tant qu(?:['’](?:ia|intelligence artificielle|assistant (?:ia|virtuel))|e modèle de langage),? je ne\b",
    _spoken(
        r"lo siento(?: mucho)?|lamentablemente|desafortunadamente|por desgracia|perdón|disculp[ae]|lo lamento|me temo que", "pero",
        r"no (?:puedo|podemos|podré|soy capaz de|estoy autorizad[oa] (?:a|para)|estoy en condiciones de) "
        rf"(?:(?:ayudar|asistir|responder|contestar)(?:te|le|les|lo|la|os)?{_ES}?|(?:cumplir|procesar|atender|proporcionar|hacer|compartir|"
        rf"hablar|generar|completar){_ES})",
    ),
    r"como (?:una )?(?:ia|inteligencia artificial|modelo de lenguaje),? no\b",
    _spoken(
        r"(?:mi|ci) (?:di)?spiace|(?:sono )?spiacente|purtroppo|scusa(?:mi)?|mi scusi", "ma",
        r"non (?:posso|possiamo|sono in grado di|mi è possibile|sono autorizzat[oa] a) "
        rf"(?:(?:aiutar|assister|risponder)(?:e|ti|la|vi|lo|le)?{_IT}?|(?:soddisfare|elaborare|evadere|fornire|discutere|parlare|fare|"
        rf"completare){_IT})",
    ),
    _spoken(
        r"desculpe|desculpa|lamento|sinto muito|infelizmente|peço desculpas?", "mas",
        r"(?:eu )?não (?:posso|podemos|consigo|sou capaz de|estou autorizad[oa] a) (?:te |o |a |lhe )?"
        rf"(?:(?:ajudar|ajudá-l[oa]s?|auxiliar|responder){_PT}?|(?:atender|cumprir|processar|fornecer|discutir|fazer|completar){_PT})",
    ),
    _spoken(r"(?:het )?spijt me|sorry|helaas|excuses", "maar", rf"ik (?:kan|mag|zal) {_NL}{_NL_ACT}", rf"{_NL}(?:kan|mag) ik {_NL}{_NL_ACT}"),
    _spoken(
        r"przepraszam|przykro mi|niestety", "ale",
        rf"nie (?:mogę|jestem w stanie)(?: (?:ci|panu|pani|w tym|z tym|na to)){{0,2}} (?:(?:pomóc|odpowiedzieć)(?:{_PL})?|(?:spełnić|"
        rf"zrealizować|wykonać|udzielić){_PL})",
    ),
    _spoken(
        r"извините|простите|к сожалению|прошу прощения|(?:мне )?(?:очень )?жаль", "но",
        rf"я не (?:могу|смогу|в состоянии|вправе|имею права)(?: (?:вам|тебе|с этим|на это)){{0,2}} (?:(?:помочь|ответить)(?:{_RU})?|"
        rf"(?:выполнить|обсуждать|предоставить|обработать){_RU})",
    ),
    _spoken(
        r"(?:很|非常|十分|真的|真)?(?:抱歉|遗憾|遺憾|对不起|對不起|不好意思)", "但是?|不过",
        rf"我?(?:们|們)?{_ZH}(?:回答|帮助|幫助|协助|協助|满足|滿足|讨论|討論|提供|处理|處理|完成|执行|執行|生成|回复|帮忙|"
        rf"幫忙){{1,2}}(?:{_ZH_WHAT}|(?<=帮助|幫助|协助|協助|帮忙|幫忙|回答|回复))",
    ),
    _spoken(
        r"(?:誠に|大変)?(?:申し訳|申しわけ)(?:ありません|ございません|ない)(?:のです)?が?|すみません(?:が)?|恐れ入りますが|残念ながら|ごめんなさい", "しかし",
        r"(?:その|この|そのような|このような|こちらの|ご|お){0,2}(?:それ|これ|リクエスト|要望|要求|質問|依頼|問い合わせ|内容|件|情報|"
        r"話題)?(?:について|に関して)?(?:には|では|に|は|を|へ)?"
        r"(?:お|ご)?(?:応え|答え|手伝い|力に|対応|回答|協力|サポート|提供|支援)(?:する(?:こと)?)?(?:は|が)?(?:でき(?:ません|かねます|ない)|"
        r"いたしかねます|しかねます|なれません)",
    ),
    _spoken(
        r"(?:정말 |대단히 )?(?:죄송(?:합니다|하지만|합니다만)|미안(?:합니다|하지만)|유감(?:스럽지만|이지만)|아쉽지만|안타깝지만)", "하지만",
        r"(?:제가 )?(?:(?:해당|그|이|이런|그런|그러한|이러한|요청하신|귀하의) ?)?(?:(?:요청|질문|내용|부분|작업|주제|문의|"
        r"것)(?:에 대해(?:서는?)?|에 대한|은|는|을|를|에는|에)? ?)?"
        r"(?:도와 ?(?:드릴|줄)|도움을 (?:드릴|줄)|답변 ?(?:드릴|할|해 드릴|을 드릴|을 제공할)|답할|대답(?:할|해 드릴)|응할|처리(?:할|"
        r"해 드릴)|수행할|제공(?:할|해 드릴)) ?수(?:가|는)? ?없(?:습니다|어요|네요)",
    ),
]  # fmt: skip

REFUSALS = re.compile("|".join([*_ENGLISH, *_OTHERS]))
