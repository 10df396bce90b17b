"""The words that decide by themselves (`distill.similarity.decisive`): negations, numbers in words, days and months, units and what is numbered.

All are spelt as `distill.text.normalise.normalise` spells them. English is covered best; of German, French, Spanish, Italian, Portuguese, Dutch,
Polish, Russian, Czech, Finnish, Hungarian, Romanian, Greek, the Scandinavian languages, Turkish, Arabic, Hebrew, Hindi, Indonesian,
Vietnamese, Chinese, Japanese, Korean and Thai there are the common negations, and of the first few the small numbers, the days and the
months. A word that is missing here costs little: texts that it alone tells apart are compared by their letters, as all others are.
"""

from __future__ import annotations

NOT = "not"
_NEGATIONS = """
no not never without cannot none nothing nobody nowhere neither nor nope non
dont doesnt didnt cant couldnt wont wouldnt shouldnt isnt arent wasnt werent havent hasnt hadnt aint mustnt neednt
unable unacceptable unaffected unanswered unannounced unattended unauthorised unauthorized unavailable unavoidable unaware
unbalanced unblock unblocked unbroken uncertain unchanged unchecked unclaimed unclean unclear uncomfortable uncommon unconfirmed
unconventional uncover uncovered undamaged undelivered undesirable undetected undisclosed undisturbed undo undocumented undone
undressed uneasy unemployed unequal unethical uneven unexpected unexplained unfair unfairly unfaithful unfamiliar unfinished
unforgivable unforeseen unfortunate unfortunately unfounded unfreeze unfriendly unfulfilled unhappy unharmed unhealthy unhelpful
unidentified unimportant uninstall uninstalled unintentional uninterrupted uninvited unjust unkind unknown unlawful unlicensed
unlike unlikely unlimited unlisted unload unloaded unlock unlocked unlocking unlucky unmarked unmarried unnamed unnatural
unnecessary unnoticed unofficial unopened unpack unpacked unpaid unpleasant unplug unplugged unpopular unpredictable unprepared
unprofessional unprotected unqualified unread unreal unrealistic unreasonable unregistered unrelated unreliable unresolved
unrestricted unsafe unsatisfied unscheduled unseen unsettled unsolicited unsolved unstable unsubscribe unsubscribed unsuccessful
unsuitable unsure untick unticked untouched untrained untrue unused unusual unusually unverified unwanted unwelcome unwell
unwilling unwise unworthy unwrap
disable disabled disadvantage disagree disagreed disallow disallowed disappear disappeared disapprove disapproved disconnect
disconnected discontinue discontinued dishonest dislike disliked disloyal disobey disorder disqualified disregard disrespectful
dissatisfied distrust
inability inaccurate inactive inadequate inappropriate incapable incompatible incompetent incomplete inconsistent inconvenient
incorrect incorrectly indirect ineffective inefficient ineligible inexperienced infrequent insecure insufficient invalid invisible
illegal illegally illegible illogical immature immoral impatient imperfect impolite impossible improper
irregular irrelevant irresponsible irreversible nonexistent nonprofit nonrefundable nonsmoking nonstop
nicht kein keine keiner keinen keinem keines nie niemals ohne nichts niemand weder nein niet geen nooit zonder niets nee
ne pas jamais sans aucun aucune rien ni nunca jamás sin ningún ninguno ninguna nada nadie tampoco
mai senza nessun nessuno nessuna niente nulla não nao sem nenhum nenhuma nem ninguém
nie nigdy bez не нет ни без никогда нельзя inte aldrig utan ingen inget inga ikke aldri uden uten
ei eivät emme älä koskaan ilman nem nincs soha nu niciodată fără nici
nikdy nikdo nic žádný není nejsem nemám nema nisam nije
không chưa đừng tidak bukan jangan belum tanpa δεν μην όχι ποτέ χωρίς
hardly scarcely barely rarely seldom
değil yok hiç لا لم لن ليس ليست غير بدون לא אין בלי नहीं मत बिना 안 못
"""
_NUMBERS = """
0 zero null zéro cero
1 one first once
2 two second twice zwei deux dos dois duas twee два
3 three third thrice drei trois tres tre três drie три
4 four fourth vier quatre cuatro quattro quatro четыре
5 five fifth fünf cinq cinco cinque vijf пять
6 six sixth sechs seis zes шесть
7 seven seventh sieben sept siete sette sete zeven семь
8 eight eighth acht huit ocho oito восемь
9 nine ninth neun neuf nueve nove negen девять
10 ten tenth zehn dix diez dieci dez tien десять
11 eleven eleventh elf onze
12 twelve twelfth zwölf douze doce dozen
13 thirteen dreizehn treize trece
14 fourteen vierzehn quatorze catorce
15 fifteen fünfzehn quinze quince
16 sixteen sechzehn seize
17 seventeen siebzehn
18 eighteen achtzehn
19 nineteen neunzehn
20 twenty zwanzig vingt veinte
30 thirty dreissig trente treinta
40 forty vierzig quarante cuarenta
50 fifty fünfzig cinquante cincuenta
60 sixty sechzig soixante sesenta
70 seventy siebzig setenta
80 eighty achtzig ochenta
90 ninety neunzig noventa
100 hundred hundert cent cien ciento
1000 thousand tausend mille mil
1000000 million millions millionen
1000000000 billion billions
2 ii
3 iii
4 iv
6 vi
7 vii
8 viii
9 ix
11 xi
12 xii
13 xiii
14 xiv
15 xv
16 xvi
17 xvii
18 xviii
19 xix
1/2 half
1/4 quarter
2x double
3x triple
12:00 noon midday
24:00 midnight
"""
_DATES = """
monday montag lundi lunes
tuesday dienstag mardi martes
wednesday mittwoch mercredi miércoles
thursday donnerstag jeudi jueves
friday freitag vendredi viernes
saturday samstag sonnabend samedi sábado
sunday sonntag dimanche domingo
january januar janvier enero
february februar février febrero
april avril abril
june juni juin junio
july juli juillet julio
august août agosto
september septembre septiembre
october oktober octobre octubre
november novembre noviembre
december dezember décembre diciembre
today heute hoy
tomorrow demain
yesterday gestern hier ayer
daily täglich diario
weekly wöchentlich semanal
monthly monatlich mensual
yearly annual annually jährlich anual
"""
_BESIDE = """
- minus
+ plus
× times mal
march märz mars marzo mar
may mai mayo
jan
feb
apr
jun
jul
aug
sep sept
oct okt
nov
dec dez
mon
tue tues
wed
thu thurs
fri
sat
sun
h hr hrs hour hours stunde stunden std heure heures hora horas uur
min mins minute minutes minuten minuto minutos
s sec secs second seconds sekunde sekunden
ms millisecond milliseconds
day days tag tage tagen jour jours día días dagen
week weeks woche wochen semaine semaines semana semanas weken
month months monat monate monaten mois mes meses maanden
year years jahr jahre jahren an ans año años jaar
am
pm
% percent prozent pct
‰
kg kilo kilos kilogram kilograms
g gram grams gramm
mg milligram milligrams
t ton tons tonne tonnes
lb lbs
oz ounce ounces
km kilometer kilometers kilometre kilometres
m meter meters metre metres
cm centimeter centimeters
mm millimeter millimeters
mi mile miles
ft feet foot
in inch inches zoll
l liter liters litre litres
ml milliliter milliliters
gb gigabyte gigabytes
mb megabyte megabytes
tb terabyte terabytes
kb kilobyte kilobytes
mbps
gbps
px pixel pixels
v volt volts
w watt watts
kw
kwh
a amp amps
mah
hz
ghz
°c celsius
°f fahrenheit
° degree degrees grad
k
pound pounds
$ usd dollar dollars us$
€ eur euro euros
£ gbp
¥ jpy yen cny rmb yuan
₹ inr rupee rupees
₽ rub
₩ krw won
chf franken
kr sek nok dkk
zł pln
ct cent cents
pcs piece pieces stück
"""
_NAMING = """
version versions ver v release build update section chapter clause article paragraph part volume vol type phase level step
python java javascript node ios android windows macos ubuntu debian php ruby go rust django firmware kernel patch
plan option gate terminal platform room seat vitamin grade class group team model series tier zone line bus tram flight
size grösse taille talla taglia drive column exercise
kapitel abschnitt teil artikel typ gleis raum klasse chapitre partie versión capítulo
"""


def _lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.strip().split("\n")]


_CURRENCIES = """
usd dollar dollars eur euro euros gbp jpy yen cny rmb yuan inr rupee rupees rub krw chf franken sek nok dkk pln
"""
DECIDES: dict[str, str] = {
    **{word: line[0] for line in _lines(_BESIDE) for word in line if word in _CURRENCIES.split()},
    **{form: line[0] for line in _lines(_DATES) for word in line for form in (word, f"{word}s")},
    **{word: line[0] for line in reversed(_lines(_NUMBERS)) for word in line[1:]},
    **dict.fromkeys(_NEGATIONS.split(), NOT),
    **{size: size for size in ("xs", "xl", "xxl", "xxxl")},
}
"""What a word says, wherever it stands."""
VALUES = frozenset(word for line in _lines(_NUMBERS) for word in line[1:])
"""Those of them that are numbers."""
BESIDE: dict[str, str] = {word: line[0] for line in reversed(_lines(_BESIDE)) for word in line}
"""What a word says beside a number: a unit, a currency, or what may be a month or a day."""
_BEFORE = """
minus plus times mal march märz mars marzo mar may mai mayo jan feb apr jun jul aug sep sept oct okt nov dec dez
$ usd us$ € eur £ gbp ¥ jpy cny rmb ₹ inr ₽ ₩ krw chf kr zł pln
"""
BEFORE = frozenset(_BEFORE.split())
"""Those of them that may stand before their number."""
NAMING = frozenset(_NAMING.split())
"""What has a number or a letter as its name: there 2.10 is not 2.1, and the single letter that follows counts."""
PER = frozenset({"per", "pro", "par"})
"""What a unit may follow as it does a number."""
NUMERALS = "〇零一二两兩三四五六七八九十百千万萬亿億"
"""Chinese and Japanese numerals,"""
INSIDE = (
    "不",
    "没",
    "沒",
    "无",
    "無",
    "未",
    "非",
    "别",
    "別",
    "勿",
    "ない",
    "ません",
    "なかった",
    "않",
    "없",
    "아니",
    "못",
    "ไม่",
)
"""and negations of scripts whose words hold them."""
