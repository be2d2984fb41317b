"""A page as a test reads it: its text, its links and its fields."""

import re
from html import unescape
from html.parser import HTMLParser

import httpx2


class Page(HTMLParser):
    """The parts of a page that tests ask about."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__()
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8", answer.text
        self.status = answer.status_code
        self.html = answer.text
        self.text = " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def hrefs(self, start: str = "") -> list[str]:
        """Where the page's links lead, apart from the same page in another language."""
        links = [attributes for tag, attributes in self.tags if tag == "a" and "hreflang" not in attributes]
        found = [attributes.get("href") or "" for attributes in links]
        return [href for href in found if href.startswith(start)]

    def fields(self) -> dict[str, str]:
        """The inputs by name; hidden ones carry their value."""
        inputs = [attributes for tag, attributes in self.tags if tag in ("input", "textarea")]
        return {str(one.get("name")): one.get("value") or "" for one in inputs}


async def get(client: httpx2.AsyncClient, path: str) -> Page:
    """Open one page."""
    return Page(await client.get(path))


async def post(client: httpx2.AsyncClient, path: str, /, **fields: str) -> Page:
    """Send a form."""
    return Page(await client.post(path, data=fields))
