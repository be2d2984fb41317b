"""The words a person wrote in a message, without quoted history, signature or hidden text (agent.md section 2)."""

import re
from html.parser import HTMLParser

MAX_CHARS = 8_000
MAX_RAW_CHARS = 64_000
"""Of HTML: past this, markup is not worth reading."""

_LOOKS_HTML = re.compile(
    r"</?(?:html|body|div|p|br|span|table|td|blockquote|font|a|b|i|strong|em|ul|li|style|head)\b[^<>]{0,300}>", re.I
)
_BLOCKS = frozenset("p div br tr li table ul ol h1 h2 h3 h4 blockquote hr section article".split())
_VOID = frozenset("br hr img input meta link area base col embed source track wbr".split())
_SKIPPED = frozenset("style script head title template noscript blockquote svg".split())
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])"
    r"|max-height\s*:\s*0|mso-hide\s*:\s*all|(?:^|[;\s])color\s*:\s*(?:#fff(?:fff)?\b|white)|text-indent\s*:\s*-\d{3}",
    re.I,
)
_QUOTE_CLASS = re.compile(
    r"gmail_quote|gmail_extra|gmail_signature|yahoo_quoted|moz-cite|protonmail_quote|divrplyfwdmsg", re.I
)
_TAG = re.compile(r"<[^<>]{0,300}>")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufe00-\ufe0f"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_QUOTE_STARTS = re.compile(
    r"^[ \t]*(?:on\b[^\n]{4,200}\n?[^\n]{0,120}\bwrote[ \t]*:|le\b[^\n]{4,200}\n?[^\n]{0,120}\ba [ée]crit[ \t]*:"
    r"|el\b[^\n]{4,200}\n?[^\n]{0,120}\bescribi[óo][ \t]*:|am\b[^\n]{4,200}\n?[^\n]{0,120}\bschrieb\b[^\n]{0,80}:"
    r"|[^\n]{0,100}<[^<>\n]{3,100}@[^<>\n]{3,100}>[ \t]*(?:wrote|schrieb|escribi[óo]|a [ée]crit)[ \t]*:"
    r"|-{2,}[ \t]*(?:original message|forwarded message|mensaje original|message d'origine"
    r"|urspr[üu]ngliche nachricht)[ \t]*-{2,}|begin forwarded message:|(?:from|de"
    r"|von)[ \t]*:[^\n]{1,200}\n[ \t]*(?:[^\n]{1,100}\n[ \t]*)?(?:sent|date|to|envoy[ée]|enviado(?: el)?|gesendet"
    r"|an|para)[ \t]*:|_{10,}[ \t]*$)",
    re.I | re.M,
)
_QUOTED_LINE = re.compile(r"^[ \t]*>[^\n]*$", re.M)
_SIGNATURE = re.compile(
    r"^(?:--[ \t]*$|(?:sent|get|envoy[ée]|enviado) (?:from|via|with|outlook|de mon|desde)\b[^\n]{0,60}$"
    r"|(?:confidentiality|legal|privacy) (?:notice|note|disclaimer)\b|disclaimer\b[ \t]*:|this (?:e-?mail"
    r"|message)[^\n]{0,60}\b(?:confidential|privileged|intended)\b)",
    re.I | re.M,
)


def visible_text(body: str) -> str:
    """What the sender wrote and could see, at most 8,000 characters; the quote only if nothing else remains."""
    text = body[:MAX_RAW_CHARS]
    is_html = bool(_LOOKS_HTML.search(text))
    shown = _clean(_html_to_text(text, keep_quotes=False) if is_html else text)
    whole = _clean(_html_to_text(text, keep_quotes=True)) if is_html and not shown else shown
    return (_without_history(shown) or whole)[:MAX_CHARS].strip()


def _clean(text: str) -> str:
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " "))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip()


def _without_history(text: str) -> str:
    """Cut from the first quote mark on - or, where every quoted line carries a `>`, only those lines."""
    start = _QUOTE_STARTS.search(text)
    if start is not None:
        rest = text[start.end() :]
        below = _QUOTED_LINE.sub("", rest).strip() if _QUOTED_LINE.search(rest) else ""
        text = f"{text[: start.start()].rstrip()}\n{below}"
    text = _QUOTED_LINE.sub("", text)
    signature = _SIGNATURE.search(text)
    if signature is not None and (own := text[: signature.start()].strip()):
        return own
    return text.strip()


def _html_to_text(html: str, *, keep_quotes: bool) -> str:
    reader = _VisibleHtml(keep_quotes=keep_quotes)
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:
        # What html.parser says to a marked section it does not know, such as "<![x[": a mail may hold anything.
        return _TAG.sub(" ", html)
    return "".join(reader.pieces)


class _VisibleHtml(HTMLParser):
    """Collects the text a reader sees: hidden elements, styles and (unless asked for) quoted history are left out."""

    def __init__(self, *, keep_quotes: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._keep_quotes = keep_quotes
        self._skipping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipping:
            if tag == self._skipping[0]:
                self._skipping.append(tag)
        elif tag not in _VOID and self._is_hidden(tag, dict(attrs)):
            self._skipping.append(tag)
        elif tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            if tag == self._skipping[0]:
                self._skipping.pop()
        elif tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.pieces.append(data)

    def _is_hidden(self, tag: str, attributes: dict[str, str | None]) -> bool:
        if tag in _SKIPPED and not (tag == "blockquote" and self._keep_quotes):
            return True
        if "hidden" in attributes or _HIDDEN.search(attributes.get("style") or ""):
            return True
        marks = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        return not self._keep_quotes and bool(_QUOTE_CLASS.search(marks))
