"""Phrase rules over free text: one spelling for every wording, and a match that knows negation (agent.md sections 3-4).

`normalise` turns a message into plain lower-case words ("I don't!" -> " i do not | "), so that a rule is one short
pattern. A `|` ends a sentence and a `,` a clause: a gap in a pattern never crosses the end of a sentence.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from app.domain.spelling import mend

MAX_CHARS = 8_000

# Building blocks, written <name> in a pattern. A gap is bounded, so no pattern can run away on hostile text.
WORDS = {
    "near": r"[^|,]{0,15}?",
    "gap": r"[^|]{0,30}?",
    "far": r"[^|]{0,60}?",
    "wide": r"[^|]{0,120}?",
    "end": r"(?= [|,]| ?$)",
    "start": r"(?:^|(?<=\|)) ",
    "stop": r"(?:st[o0]p+|stpo|sotp|stahp|quit|cease|halt|discontinue|desist|refrain|lay off|no more|knock it off"
    r"|knock off|cut out|cut it out|enough with|enough of|end (?:these|this|the|all|your)|over with)",
    "channel": r"(?:texts?|texting|txts?|e ?mails?|e ?mailing|calls?|calling|sms|whats ?apps?"
    r"|messages?|messaging)",
    "contact": r"(?:text(?:s|ing|ed)?|txt\w*|messag\w+|msgs?|e ?mail\w*|call(?:s|ing)?|contact\w*|writ(?:e|ing)"
    r"|reminders?|reminding|alerts?|mailings?|letters|flyers|notif\w+|bothered|bothering|bother (?:me|us)|nagging"
    r"|nag (?:me|us)|pestering|badger\w*"
    r"|harass\w*|spam\w*|send\w*|reach(?:ing)? out|pester\w*|bugging|ping\w*"
    r"|communicat\w+|correspond\w+|solicit\w*|newsletters?|bombard\w*|hound\w*|chas(?:ing|ed)|promotions?|promos?|marketing|sms"
    r"|whats ?app\w*)",
    "day": r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|mon|tues?|wed|thur?s?|fri|sat|sun|tomorrow|today|tonight"
    r"|week ?end|weekday|lunes|martes|miercoles|jueves|viernes|sabado|domingo|manana|lundi|mardi|mercredi|jeudi"
    r"|vendredi|samedi|dimanche|demain)",
    "month": r"(?:january|february|march|april|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)",
    "clock": r"(?:\d{1,2}(?: ?: ?\d\d)? ?(?:am|pm|h|o ?clock)|\d{1,2}:\d\d|half past \w+|noon|midday"
    r"|(?:at|after|before|around|by) \d{1,2})",
    "ordinal": r"\d{1,2}(?:st|nd|rd|th)",
    "visit": r"(?:appointments?|visits?|bookings?|slots?|cleanings?|check ?ups?|consult\w*|exams?|cita"
    r"|rendez vous|rdv)",
    "tooth": r"(?:tooth|teeth|toothache|molars?|wisdom|gums?|jaws?|mouth|face|root canal|implant|socket|nerve)",
    "face": r"(?:face|cheeks?|jaw(?:line)?|neck|throat|tongue|lips?|eyes?|mouth|chin|glands?)",
    "swell": r"(?:swoll?en|swelled|swelling|swells?|swole|puff(?:y|ed|ing)\w*|balloon\w*|(?:blown|blew|blowing) up)",
    "pain": r"(?:pain|pains|ache|aches|aching|hurts?|hurting|toothache|throbbing|throbs)",
    "severe": r"(?:severe|extreme|excruciating|unbearable|intolerable|intense|terrible|horrible|horrific|horrendous"
    r"|worst"
    r"|insane|crippling|blinding|agoni[sz]ing|acute|massive|unreal|tremendous|incredible|major|so much|tons of"
    r"|awful|serious|constant)",
    "drug": r"(?:pills?|tablets?|capsules?|ibuprofens?|advil|motrin|tylenol|paracetamol|acetaminophen|aspirins?"
    "|vicodin"
    r"|percocet|oxy\w*|codeine|tramadol|naproxen|aleve|painkillers?|pain killers?|pain meds?|sleeping)",
}

WORDS["slot"] = (
    rf"(?:{WORDS['day']}|{WORDS['clock']}|{WORDS['ordinal']}|(?:next|this|the following) (?:week|month)"
    rf"|(?:in|next|this|early|late|mid|end of) (?:may|{WORDS['month']})"
    rf"|{WORDS['month']} \d{{1,2}}|\d{{1,2}} {WORDS['month']}"
    r"|mornings?|afternoons?|evenings?|lunch ?time)\b"
)

_MACRO = re.compile(r"<([a-z]+)>")
_NEGATOR = re.compile(
    r"\b(?:no|not|never|without|nor|neither|zero|nothing|hardly|sin|pas|aucune?|jamais|nunca|kein\w*)\b"
    # What someone cannot do because of it does not deny it: "could not sleep, severe pain".
    r"(?! (?:sleep|slept|sleeping|eat|eaten|eating|think|handle|take|stand|function|open|swallow|breathe|stop|bear"
    r"|had such|felt such|been in such|only|sure|kidding|joking|lying))"
)
_SCOPE_BREAK = re.compile(
    r"[|,?]|\b(?:i|my|this|the|is|it|am|are|he|she|his|her|we|our|but|because|since|so|please|interested|just|also"
    r"|then"
    r"|thanks)\b"
)
_NEGATION_REACH_WORDS = 5
_SENTENCE_REACH = 300


@dataclass(frozen=True, slots=True)
class Phrase:
    """One line of a rule table. `unless` is looked for in the sentence of the match, negation just before it."""

    name: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    negatable: bool


def compile_words(pattern: str) -> re.Pattern[str]:
    """Compile a pattern over normalised text, with `<name>` standing for an entry of `WORDS`."""
    return re.compile(_MACRO.sub(lambda macro: WORDS[macro[1]], pattern))


def phrase(name: str, *wordings: str, unless: tuple[str, ...] = (), negatable: bool = False) -> Phrase:
    """A rule that any of the wordings fires; with `negatable`, a match that a negation reaches does not count."""
    excuse = compile_words("|".join(unless)) if unless else None
    return Phrase(name, compile_words("|".join(wordings)), excuse, negatable)


def find_all(rule: Phrase, text: str) -> Iterator[int]:
    """Where the rule holds in a normalised text: start of each match that is neither excused nor negated."""
    for match in rule.pattern.finditer(text):
        if rule.negatable and is_negated(text, match.start()):
            continue
        if rule.unless is None or not rule.unless.search(sentence_at(text, match.start(), match.end())):
            yield match.start()


def first_rule(rules: Iterable[Phrase], text: str) -> str | None:
    """Name of the first rule that holds, in table order."""
    return next((rule.name for rule in rules if next(find_all(rule, text), None) is not None), None)


def sentence_at(text: str, start: int, end: int) -> str:
    """The sentence (or sentences) that a match lies in; of an endless one, what is near."""
    first, last = max(0, start - _SENTENCE_REACH), min(len(text), end + _SENTENCE_REACH)
    after = text.find("|", end, last)
    return text[max(first, text.rfind("|", first, start + 1) + 1) : after if after >= 0 else last]


def is_negated(text: str, position: int) -> bool:
    """Whether "no", "not", "without" ... reaches the word at `position`, also over a list ("no pain or swelling")."""
    before = text[max(0, position - 60) : position]
    negators = list(_NEGATOR.finditer(before))
    if not negators:
        return False
    between = before[negators[-1].end() :]
    if " or " in between:
        between = between.replace(",", "")
    return len(between.split()) <= _NEGATION_REACH_WORDS and not _SCOPE_BREAK.search(between)


_INVISIBLE = dict.fromkeys(
    [
        *(*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xAD, 0x34F, 0x61C, 0x180E),
        *(*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, *range(0xFE00, 0xFE10)),
        *range(0xE0000, 0xE0080),
    ]
)
_SIGNS = {"🆘": "emergency", "🩸": "blood", "🛑": "stopsign", "⛔": "stopsign", "🚫": "stopsign", "✋": "stopsign"}
_SIGNS |= dict.fromkeys("👍✅👌💯🆗", "thumbsup") | dict.fromkeys("👎❌✖", "thumbsdown")
_SIGNS |= dict.fromkeys("🙏❤🥰😍😊😀🙂💕🎉👏", "smiley") | dict.fromkeys("😡🤬😠🙄😤😞", "frown")
_SIGN_TABLE = str.maketrans({sign: f" {word} " for sign, word in _SIGNS.items()} | dict.fromkeys("’‘`´ʼ", "'"))
# Letters written as digits and signs within a word ("rem0ve"), and words spelt with marks between ("s-t-o-p").
_MEANT = {"0": "o", "1": "i", "3": "e", "4": "a", "@": "a", "$": "s"}
_DISGUISED = re.compile(r"(?<=[a-z])[0134@$](?=[a-z]{2})|(?<=[a-z]{2})[0134@$](?=[a-z])")
_PARTED = re.compile(r"(?<![a-z0-9])(?:[a-z0][-.*_]){2,}[a-z0](?![a-z0-9])")
# Letters of other alphabets that look Latin, read so in a word that has Latin letters as well.
_LOOK_ALIKES = str.maketrans("аеорсухѕіјһԁԛԝтмнквοαειρτυνκχ", "aeopcyxsijhdqwtmhkboaeiptuvkx")
_FOREIGN = re.compile(r"[\u0370-\u052f]")
_LATIN = re.compile(r"[a-z]")
_TOKEN = re.compile(r"\w+")
# How people type: each short form and what it stands for.
_SHORT_FORMS = dict(
    pair.split("=")
    for pair in (
        "dont=do not, didnt=did not, doesnt=does not, isnt=is not, arent=are not, wasnt=was not, werent=were not, "
        "havent=have not, hasnt=has not, hadnt=had not, wouldnt=would not, shouldnt=should not, couldnt=could not, "
        "neednt=need not, cannot=can not, cant=can not, wont=will not, aint=is not, im=i am, ive=i have, "
        "youre=you are, youve=you have, thats=that is, whats=what is, lets=let us, theres=there is, its=it is, "
        "whens=when is, hows=how is, wheres=where is, whos=who is, id=i would, u=you, ur=your, r=are, pls=please, "
        "plz=please, plse=please, thx=thanks, thnx=thanks, tks=thanks, ty=thanks, tysm=thanks, msg=message, "
        "msgs=messages, appt=appointment, apt=appointment, appts=appointments, appointmnt=appointment, "
        "apointment=appointment, resched=reschedule, tmrw=tomorrow, tmr=tomorrow, tomorow=tomorrow, "
        "tommorow=tomorrow, tommorrow=tomorrow, wanna=want to, gonna=going to, gotta=have to, gimme=give me, "
        "lemme=let me, dunno=do not know, bc=because, cuz=because, rn=right now, asap=as soon as possible, "
        "anymore=any more, hrs=hours, mins=minutes, wk=week, docs=doctors, colour=color, dr=doctor, okey=ok, "
        "okay=ok, okie=ok, kk=ok, slep=sleep, slp=sleep, agny=agony, pian=pain, hav=have, feva=fever, blod=blood, "
        "teh=the, wat=what, nxt=next, mayb=maybe, mutch=much, poss=possible, yall=you all, ull=you will, "
        "sumtime=sometime, sum1=someone, some1=someone, cus=because, thru=through, bleedin=bleeding, hurtin=hurting, "
        "killin=killing, swellin=swelling, throbbin=throbbing, nomore=no more, tx=text, chnge=change,"
        " aptmnt=appointment, "
        "aptment=appointment, frm=from, dwn=down, brth=breath, hlp=help, sry=sorry, soz=sorry, ta=thanks, "
        "tht=that, dat=that, da=the, coz=because, bak=back, ppl=people, abt=about, srsly=seriously, "
        "hafta=have to, needa=need to, outta=out of, shoulda=should have, woulda=would have, couldnt=could not, "
        "mornin=morning, nite=night, tonite=tonight, tmw=tomorrow, 2moro=tomorrow, 2morrow=tomorrow, "
        "everytime=every time, alright=all right"
    ).split(", ")
)
_NOT = re.compile(r"\b(ca|wo|sha|[a-z]{2,6})n't\b")
_NOT_STEMS = {"ca": "can", "wo": "will", "sha": "shall"}
_CONTRACTION = re.compile(r"'(ll|m|re|ve|d)\b")
_CONTRACTED = {"ll": " will", "m": " am", "re": " are", "ve": " have", "d": " would"}
_IS = re.compile(r"\b(it|that|what|there|he|she|who|here|where|how|when|everything|nobody|name)'s\b")
_POSSESSIVE = re.compile(r"'s\b")
_WORD = re.compile(r"[a-z]+")
_REPEATED = re.compile(r"([a-z])\1{2,}")
_ABBREVIATION = re.compile(r"\b(dr|mr|mrs|ms|st|appt|tel|vs|approx|a\.m|p\.m|e\.g|i\.e)\.")
_INNER_MARK = re.compile(r"(?<=\d)[.:](?=\d)")
_SENTENCE_END = re.compile(r"[.!;\n\r…|。！]+")
_CLAUSE_END = re.compile(r"[,:()\[\]{}\"“”]| [-–—]+ |[–—]|--+| but ")
_OTHER = re.compile(r"[^\w|,?$%&/#@+.:]+|_+")
_SPELLED = re.compile(r"(?<![^ ])(?:[a-z0] ){3,11}[a-z](?![^ ])")


@lru_cache(maxsize=256)
def normalise(text: str) -> str:
    """One spelling for many: lower case, no accents, contractions opened, ` | ` ends a sentence, ` , ` a clause."""
    text = unicodedata.normalize("NFKC", text[:MAX_CHARS].translate(_INVISIBLE).translate(_SIGN_TABLE)).lower()
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))[:MAX_CHARS]
    if _FOREIGN.search(text):
        text = _TOKEN.sub(_unmask, text)
    text = _PARTED.sub(lambda m: re.sub(r"[-.*_]", "", m[0]), _DISGUISED.sub(lambda m: _MEANT[m[0]], text))
    text = _NOT.sub(lambda m: f"{_NOT_STEMS.get(m[1], m[1])} not", text)
    text = _POSSESSIVE.sub("s", _IS.sub(r"\1 is", _CONTRACTION.sub(lambda m: _CONTRACTED[m[1]], text)))
    text = _ABBREVIATION.sub(lambda m: m[1].replace(".", ""), text.replace("'", " "))
    return _spell(_mark(text))


def _unmask(word: re.Match[str]) -> str:
    """A word of two alphabets in Latin letters."""
    is_mixed = _FOREIGN.search(word[0]) and _LATIN.search(word[0])
    return word[0].translate(_LOOK_ALIKES) if is_mixed else word[0]


def _mark(text: str) -> str:
    """Turn punctuation into sentence and clause marks; times and prices keep theirs."""
    text = _INNER_MARK.sub(lambda m: "\x01" if m[0] == "." else "\x02", text)
    text = _SENTENCE_END.sub(" | ", text.replace("?", " ?| "))
    text = _CLAUSE_END.sub(lambda m: " , but " if m[0] == " but " else " , ", text)
    return _OTHER.sub(" ", text.replace("\x01", ".").replace("\x02", ":"))


def _spell(text: str) -> str:
    text = _WORD.sub(lambda m: _SHORT_FORMS.get(m[0]) or mend(m[0]), _REPEATED.sub(r"\1", text))
    text = " ".join(text.split())
    return f" {_SPELLED.sub(lambda m: m[0].replace(' ', ''), text)} "
